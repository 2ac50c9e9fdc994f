"""Listings Items 2021-08-01: put, patch, delete, get and search."""

from collections.abc import Iterable

from connectors.simulator import listing_writes
from connectors.simulator.attributes import ASIN, Reader
from connectors.simulator.chance import uuid
from connectors.simulator.clock import parse_iso
from connectors.simulator.listing_document import INCLUDED, document, statuses
from connectors.simulator.operations import Call
from connectors.simulator.paging import page
from connectors.simulator.wire import JsonObject, SpApiError, invalid, read_object
from connectors.simulator.world import Attributes, Listing

_IDENTIFIER_TYPES = frozenset("ASIN EAN FNSKU GTIN ISBN JAN MINSAN SKU UPC".split())
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
    if not all(listing_writes.is_values(values) for values in attributes.values()):
        raise invalid("Each attribute must be an array of objects.")
    issues = listing_writes.put(
        call.world,
        call.seller_id,
        call.path["sku"],
        product_type,
        attributes,
        preview=_is_preview(call),
    )
    return _submission(call, "putListingsItem", attributes, issues)


def patch_listings_item(call: Call) -> JsonObject:
    """Change attributes of an offer; what is not named stays."""
    _require_own(call)
    body = read_object(call.body)
    patches = body.get("patches")
    if not isinstance(body.get("productType"), str) or not isinstance(patches, list) or not patches:
        raise invalid("productType and at least one patch are required.")
    read = [listing_writes.read_patch(patch) for patch in patches]
    attributes, issues = listing_writes.patch(
        call.world, call.seller_id, call.path["sku"], read, preview=_is_preview(call)
    )
    touched = listing_writes.touched_by(read)
    return _submission(call, "patchListingsItem", attributes, issues, touched)


def delete_listings_item(call: Call) -> JsonObject:
    """Remove an offer. One that is not there is accepted too, so that deleting twice is deleting once."""
    _require_own(call, most=1)
    listing_writes.delete(call.world, call.seller_id, call.path["sku"])
    return _submission(call, "deleteListingsItem", None, [])


def _require_own(call: Call, most: int | None = None) -> None:
    call.require_marketplaces(call.query.many("marketplaceIds"), most=most)
    call.require_seller(call.path["seller_id"])


def _reader(call: Call) -> Reader:
    return Reader(call.world.marketplace)


def _is_preview(call: Call) -> bool:
    mode = call.query.one("mode")
    if mode not in {None, "VALIDATION_PREVIEW"}:
        raise invalid("mode takes only VALIDATION_PREVIEW.")
    return mode is not None


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
        listing_writes.enter(
            world,
            operation,
            call.seller_id,
            sku,
            (attributes or {}) if touched is None else listing_writes.only(attributes, touched),
            accepted=not issues,
            submission_id=submission_id,
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
