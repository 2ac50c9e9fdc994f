"""Listings Items 2021-08-01: put, patch, delete, get and search."""

from collections.abc import Iterable
from typing import Any

from connectors.simulator.attributes import (
    ASIN,
    CONDITION,
    PRICE,
    STOCK,
    Reader,
    WrongValue,
    issue,
    patched,
)
from connectors.simulator.chance import uuid
from connectors.simulator.clock import parse_iso
from connectors.simulator.listing_document import INCLUDED, document, statuses
from connectors.simulator.operations import Call
from connectors.simulator.paging import page
from connectors.simulator.submissions import submit
from connectors.simulator.wire import JsonObject, SpApiError, invalid, read_object
from connectors.simulator.world import Attributes, JournalEntry, Listing

_IDENTIFIER_TYPES = frozenset("ASIN EAN FNSKU GTIN ISBN JAN MINSAN SKU UPC".split())
_OPERATIONS = frozenset({"add", "replace", "merge", "delete"})
_STATUSES = frozenset({"BUYABLE", "DISCOVERABLE"})
_SEVERITIES = frozenset({"WARNING", "ERROR"})
_SORTS = frozenset({"sku", "createdDate", "lastUpdatedDate"})
MOST_IDENTIFIERS = 20


def get_listings_item(call: Call) -> JsonObject:
    """One listing, once it is visible."""
    _require_own(call)
    included = call.query.choices("includedData", INCLUDED, "summaries")
    sku = call.path["sku"]
    listing = call.world.listing(call.seller_id, sku)
    if listing is None or listing.shown is None:
        raise SpApiError(404, "NOT_FOUND", f"SKU '{sku}' not found in marketplace.")
    return document(call.world, listing, included)


def search_listings_items(call: Call) -> JsonObject:
    """The seller's visible listings, by identifiers or all of them, in pages."""
    _require_own(call)
    included = call.query.choices("includedData", INCLUDED, "summaries")
    found = _sorted(call, _filtered(call, _candidates(call)))
    chosen, neighbours = page(call, found)
    answer: JsonObject = {
        "numberOfResults": len(found),
        "items": [document(call.world, listing, included) for listing in chosen],
    }
    if neighbours:
        answer["pagination"] = neighbours
    return answer


def put_listings_item(call: Call) -> JsonObject:
    """Create an offer on an item of the catalogue, or replace it whole."""
    _require_own(call, most=1)
    body = read_object(call.body)
    product_type, attributes = body.get("productType"), body.get("attributes")
    if not isinstance(product_type, str) or not isinstance(attributes, dict):
        raise invalid("productType and attributes are required.")
    if body.get("requirements") != "LISTING_OFFER_ONLY":
        raise invalid("Only requirements LISTING_OFFER_ONLY is simulated.")
    if not all(_is_values(values) for values in attributes.values()):
        raise invalid("Each attribute must be an array of objects.")
    reader = _reader(call)
    issues = reader.missing(attributes) + reader.issues(attributes, list(attributes))
    if not issues and not _is_preview(call):
        listing = call.world.listing(call.seller_id, call.path["sku"])
        if listing is None:
            listing = _new_listing(call, product_type)
            call.world.add(listing)
        listing.product_type = product_type
        submit(call.world, listing, attributes, [ASIN, CONDITION, PRICE, STOCK])
    return _submission(call, "putListingsItem", attributes, issues)


def patch_listings_item(call: Call) -> JsonObject:
    """Change attributes of an offer; what is not named stays."""
    _require_own(call)
    body = read_object(call.body)
    patches = body.get("patches")
    if not isinstance(body.get("productType"), str) or not isinstance(patches, list) or not patches:
        raise invalid("productType and at least one patch are required.")
    listing = call.world.listing(call.seller_id, call.path["sku"])
    attributes = listing.accepted if listing else None
    touched: list[str] = []
    for patch in patches:
        op, name, values = _read_patch(patch)
        touched.append(name)
        attributes = patched(attributes or {}, op, name, values)
    if listing is None or listing.accepted is None:
        problem = issue("13013", "This SKU does not exist.", [], "INVALID_ATTRIBUTE")
        return _submission(call, "patchListingsItem", attributes, [problem], touched)
    issues = _reader(call).issues(attributes or {}, touched)
    if not issues and not _is_preview(call):
        submit(call.world, listing, attributes, touched)
    return _submission(call, "patchListingsItem", attributes, issues, touched)


def delete_listings_item(call: Call) -> JsonObject:
    """Remove an offer. One that is not there is accepted too, so that deleting twice is deleting once."""
    _require_own(call, most=1)
    listing = call.world.listing(call.seller_id, call.path["sku"])
    if listing is not None:
        submit(call.world, listing, None, [ASIN, CONDITION, PRICE, STOCK])
    return _submission(call, "deleteListingsItem", None, [])


def _require_own(call: Call, most: int | None = None) -> None:
    call.require_marketplaces(call.query.many("marketplaceIds"), most=most)
    if call.path["seller_id"] != call.seller_id:
        raise SpApiError(
            403,
            "Unauthorized",
            "Access to requested resource is denied.",
            "The token belongs to another seller.",
        )


def _reader(call: Call) -> Reader:
    return Reader(call.world.marketplace)


def _is_preview(call: Call) -> bool:
    mode = call.query.one("mode")
    if mode not in {None, "VALIDATION_PREVIEW"}:
        raise invalid("mode takes only VALIDATION_PREVIEW.")
    return mode is not None


def _is_values(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, dict) for value in values)


def _read_patch(patch: object) -> tuple[str, str, list[dict[str, Any]] | None]:
    if not isinstance(patch, dict):
        raise invalid("Each patch must be an object.")
    op, path, values = patch.get("op"), patch.get("path"), patch.get("value")
    if not isinstance(op, str) or op not in _OPERATIONS:
        raise invalid("op is one of add, replace, merge and delete.")
    if not isinstance(path, str) or not path.startswith("/attributes/") or path.count("/") != 2:
        raise invalid(
            "path must name a top-level attribute, such as /attributes/purchasable_offer."
        )
    if not (values is None and op == "delete") and not _is_values(values):
        raise invalid("value must be an array of objects.")
    return op, path.removeprefix("/attributes/"), values


def _new_listing(call: Call, product_type: str) -> Listing:
    now = call.world.now_ms
    return Listing(
        seller_id=call.seller_id,
        sku=call.path["sku"],
        product_type=product_type,
        created_ms=now,
        updated_ms=now,
        accepted=None,
        shown=None,
    )


def _submission(
    call: Call,
    operation: str,
    attributes: Attributes | None,
    issues: list[JsonObject],
    touched: list[str] | None = None,
) -> JsonObject:
    """The answer to a write, entered in the journal unless it was a preview.

    The journal tells what the write itself said: of a patch, only the attributes that it touched.
    """
    preview = _is_preview(call)
    sku = call.path["sku"]
    status = "INVALID" if issues else "VALID" if preview else "ACCEPTED"
    world = call.world
    submission_id = uuid(world.seed, world.tick, operation, call.seller_id, sku, call.body)
    if not preview:
        price, quantity = _told(call, attributes or {}, touched)
        world.journal.append(
            JournalEntry(
                order=len(world.journal) + 1,
                tick=world.tick,
                at_ms=world.now_ms,
                operation=operation,
                seller_id=call.seller_id,
                sku=sku,
                price=price,
                quantity=quantity,
                status=status,
                submission_id=submission_id,
            )
        )
    answer: JsonObject = {"sku": sku, "status": status, "submissionId": submission_id}
    included = call.query.choices("includedData", frozenset({"identifiers", "issues"}), "issues")
    if "issues" in included:
        answer["issues"] = issues
    if "identifiers" in included:
        asin = _reader(call).text(attributes or {}, ASIN)
        known = [{"marketplaceId": world.marketplace_id, "asin": asin}]
        answer["identifiers"] = known if asin in world.items else []
    return answer


def _told(
    call: Call, attributes: Attributes, touched: list[str] | None
) -> tuple[str | None, int | None]:
    """Price and quantity that a write asked for, where they can be read."""
    if touched is not None:
        attributes = {name: attributes[name] for name in touched if name in attributes}
    price = quantity = None
    reader = _reader(call)
    try:
        if money := reader.price(attributes):
            price = money.amount
        stock = reader.stock(attributes)
        if STOCK in attributes and not stock.fulfilled_by_amazon:
            quantity = stock.quantity
    except WrongValue:
        # The issues of the answer say what was wrong.
        pass
    return price, quantity


def _candidates(call: Call) -> list[Listing]:
    mine = call.world.listings.get(call.seller_id, {})
    identifiers = call.query.many("identifiers", most=MOST_IDENTIFIERS)
    kind = call.query.one("identifiersType")
    if bool(identifiers) != bool(kind):
        raise invalid("identifiers and identifiersType belong together.")
    if kind is None:
        found: Iterable[Listing] = mine.values()
    elif kind == "SKU":
        found = [mine[sku] for sku in dict.fromkeys(identifiers) if sku in mine]
    elif kind in _IDENTIFIER_TYPES:
        asins = call.world.index.with_identifier(kind, identifiers)
        found = [listing for listing in mine.values() if listing.asin in asins]
    else:
        raise invalid(f"identifiersType is one of {', '.join(sorted(_IDENTIFIER_TYPES))}.")
    return [listing for listing in found if listing.shown is not None]


def _filtered(call: Call, found: list[Listing]) -> list[Listing]:
    query = call.query
    for name, attribute in (("created", "created_ms"), ("lastUpdated", "updated_ms")):
        after = _moment(call, f"{name}After", 0)
        before = _moment(call, f"{name}Before", call.world.now_ms)
        found = [listing for listing in found if after <= getattr(listing, attribute) <= before]
    if wanted := query.choices("withStatus", _STATUSES):
        found = [listing for listing in found if wanted & set(statuses(listing))]
    if unwanted := query.choices("withoutStatus", _STATUSES):
        found = [listing for listing in found if not unwanted & set(statuses(listing))]
    if severities := query.choices("withIssueSeverity", _SEVERITIES):
        found = [
            listing
            for listing in found
            if severities & {problem["severity"] for problem in listing.issues}
        ]
    return found


def _moment(call: Call, name: str, default: int) -> int:
    text = call.query.one(name)
    try:
        return parse_iso(text) if text else default
    except ValueError as error:
        raise invalid(f"{name} must be an ISO 8601 moment.") from error


def _sorted(call: Call, found: list[Listing]) -> list[Listing]:
    by = call.query.one("sortBy") or "lastUpdatedDate"
    order = call.query.one("sortOrder") or "DESC"
    if by not in _SORTS or order not in {"ASC", "DESC"}:
        raise invalid("sortBy or sortOrder is not known.")
    found = sorted(found, key=lambda listing: listing.sku)
    if by != "sku":
        attribute = "created_ms" if by == "createdDate" else "updated_ms"
        return sorted(
            found, key=lambda listing: int(getattr(listing, attribute)), reverse=order == "DESC"
        )
    return found if order == "ASC" else found[::-1]
