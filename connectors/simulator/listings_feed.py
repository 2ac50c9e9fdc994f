"""JSON_LISTINGS_FEED, version 2: messages that write listings, and the processing report."""

from collections import Counter
from typing import Any

from connectors.simulator import listing_writes
from connectors.simulator.attributes import issue
from connectors.simulator.listing_document import INCLUDED, document
from connectors.simulator.wire import JsonObject, SpApiError, dumps, loads
from connectors.simulator.world import Attributes, Batch, World

MOST_MESSAGES = 25_000
MOST_BYTES = 10 * 1024 * 1024
"""Amazon recommends to stay under this; here it is the limit."""
_KINDS = {
    "UPDATE": {"productType", "requirements", "attributes"},
    "PARTIAL_UPDATE": {"productType", "attributes"},
    "PATCH": {"productType", "patches"},
    "DELETE": set[str](),
}
"""What a message of each kind may hold beside its id, SKU and kind; all but the requirements is required."""
_ALWAYS = {"messageId", "sku", "operationType"}
_JSON = "application/json; charset=UTF-8"


class _Malformed(ValueError):
    """A feed that is not one, or a message that cannot be read."""


def work(world: World, feed: Batch, content: bytes) -> tuple[str, bytes, str]:
    """Do what the messages say; gives how the feed ends, its processing report, and what that is."""
    try:
        header, messages = _read(feed, content)
    except _Malformed as error:
        wrong = {"severity": "ERROR", "message": str(error), "code": "4000003"}
        return "FATAL", dumps(_report(feed, {}, [wrong], 0, 0)), _JSON
    issues: list[JsonObject] = []
    written: list[str] = []
    invalid = 0
    seen: Counter[object] = Counter(message.get("messageId") for message in messages)
    skus: set[object] = set()
    for message in messages:
        found = _twice(message, seen, skus) or _do(world, feed, message)
        skus.add(message.get("sku"))
        issues += [_told(message, one) for one in found]
        if any(one["severity"] == "ERROR" for one in found):
            invalid += 1
        else:
            written.append(str(message["sku"]))
    answer = _report(feed, header, issues, len(messages), invalid)
    _add_items(world, feed, header, written, answer)
    return "DONE", dumps(answer), _JSON


def _read(feed: Batch, content: bytes) -> tuple[JsonObject, list[JsonObject]]:
    if len(content) > MOST_BYTES:
        raise _Malformed(f"The feed is larger than {MOST_BYTES} bytes.")
    try:
        body = loads(content)
    except ValueError as error:
        raise _Malformed("The feed is not JSON.") from error
    header = body.get("header") if isinstance(body, dict) else None
    if not isinstance(header, dict) or header.get("version") != "2.0":
        raise _Malformed("The header must say version 2.0.")
    if header.get("sellerId") != feed.seller_id:
        raise _Malformed("The header names another seller.")
    messages = body.get("messages")
    if not isinstance(messages, list) or not 1 <= len(messages) <= MOST_MESSAGES:
        raise _Malformed(f"A feed has 1 to {MOST_MESSAGES} messages.")
    if not all(isinstance(message, dict) for message in messages):
        raise _Malformed("Each message must be an object.")
    return header, messages


def _twice(message: JsonObject, seen: Counter[object], skus: set[object]) -> list[JsonObject]:
    number, sku = message.get("messageId"), message.get("sku")
    if type(number) is not int or number < 1 or seen[number] > 1:
        return [_wrong("'messageId' must be a whole number from 1 that no other message has.")]
    if not isinstance(sku, str) or not sku:
        return [_wrong("'sku' is required.")]
    if sku in skus:
        return [_wrong("Another message of the feed has this SKU.")]
    return []


def _do(world: World, feed: Batch, message: JsonObject) -> list[JsonObject]:
    """What one message asks for; gives what is wrong."""
    kind, told, sku = message.get("operationType"), message.keys() - _ALWAYS, message["sku"]
    allowed = _KINDS.get(str(kind))
    if allowed is None:
        return [_wrong("'operationType' is one of " + ", ".join(_KINDS) + ".")]
    if told - allowed or allowed - {"requirements"} - told:
        needed = ", ".join(sorted(allowed)) or "nothing more"
        return [_wrong(f"A message to {kind} has {needed}.")]
    attributes: Attributes = {}
    try:
        if kind == "DELETE":
            listing_writes.delete(world, feed.seller_id, sku)
            issues: list[JsonObject] = []
        elif kind == "UPDATE":
            attributes, issues = _update(world, feed, message)
        else:
            attributes, issues = _patch(world, feed, message)
    except SpApiError as error:
        return [_wrong(error.body["errors"][0]["message"])]
    listing_writes.enter(
        world,
        "JSON_LISTINGS_FEED",
        feed.seller_id,
        sku,
        attributes,
        accepted=not issues,
        submission_id=feed.batch_id,
    )
    return issues


def _update(world: World, feed: Batch, message: JsonObject) -> tuple[Attributes, list[JsonObject]]:
    attributes = message["attributes"]
    if message.get("requirements") != "LISTING_OFFER_ONLY":
        return {}, [_wrong("Only requirements LISTING_OFFER_ONLY is simulated.")]
    if not _are_attributes(attributes):
        return {}, [_wrong("Each attribute must be an array of objects.")]
    product_type = str(message["productType"])
    return attributes, listing_writes.put(
        world, feed.seller_id, message["sku"], product_type, attributes
    )


def _patch(world: World, feed: Batch, message: JsonObject) -> tuple[Attributes, list[JsonObject]]:
    if message["operationType"] == "PATCH":
        if not isinstance(message["patches"], list) or not message["patches"]:
            return {}, [_wrong("'patches' is required.")]
        patches = [listing_writes.read_patch(patch) for patch in message["patches"]]
    elif _are_attributes(message["attributes"]):
        patches = [("replace", name, values) for name, values in message["attributes"].items()]
    else:
        return {}, [_wrong("Each attribute must be an array of objects.")]
    attributes, issues = listing_writes.patch(world, feed.seller_id, message["sku"], patches)
    return listing_writes.only(attributes, listing_writes.touched_by(patches)), issues


def _are_attributes(attributes: Any) -> bool:
    return (
        isinstance(attributes, dict)
        and bool(attributes)
        and all(map(listing_writes.is_values, attributes.values()))
    )


def _wrong(message: str) -> JsonObject:
    return issue("90000900", message, [], "INVALID_ATTRIBUTE")


def _told(message: JsonObject, found: JsonObject) -> JsonObject:
    """An issue as the processing report writes it: of one attribute at most."""
    told: JsonObject = {name: found[name] for name in ("code", "severity", "message")}
    if type(number := message.get("messageId")) is int and number >= 1:
        told["messageId"] = number
    if isinstance(sku := message.get("sku"), str) and sku:
        told["sku"] = sku
    if found["attributeNames"]:
        told["attributeName"] = found["attributeNames"][0]
    return told


def _report(
    feed: Batch, header: JsonObject, issues: list[JsonObject], processed: int, invalid: int
) -> JsonObject:
    severities = Counter(one["severity"] for one in issues)
    asked = {"report": header["report"]} if isinstance(header.get("report"), dict) else {}
    return {
        "header": {
            "sellerId": feed.seller_id,
            "version": "2.0",
            "feedId": feed.batch_id,
            **asked,
        },
        "issues": issues,
        "summary": {
            "errors": severities["ERROR"],
            "warnings": severities["WARNING"],
            "messagesProcessed": processed,
            "messagesAccepted": processed - invalid,
            "messagesInvalid": invalid,
        },
    }


def _add_items(
    world: World, feed: Batch, header: JsonObject, written: list[str], answer: JsonObject
) -> None:
    """The listings as they stand, where the feed asked for them."""
    asked = header.get("report")
    included = INCLUDED & {*(asked.get("includedData") or ())} if isinstance(asked, dict) else None
    if not included:
        return
    found = [world.listing(feed.seller_id, sku) for sku in written]
    items = [
        document(world, listing, set(included))
        for listing in found
        if listing is not None and listing.shown is not None
    ]
    severities = Counter(one["severity"] for item in items for one in item.get("issues", ()))
    answer["items"] = items
    answer["summary"]["itemSummary"] = {
        "items": len(items),
        "errors": severities["ERROR"],
        "warnings": severities["WARNING"],
    }
