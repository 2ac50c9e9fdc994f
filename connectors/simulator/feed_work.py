"""What becomes of a feed when its time has come."""

from collections.abc import Callable

from connectors.simulator import documents, listings_feed, order_feeds, order_messages
from connectors.simulator.clock import SECOND
from connectors.simulator.documents import NotGzip
from connectors.simulator.world import Batch, World

_A_MESSAGE = 20
"""Milliseconds that work on one message takes."""
_LEGACY = frozenset(
    """POST_PRODUCT_DATA POST_INVENTORY_AVAILABILITY_DATA POST_PRODUCT_OVERRIDES_DATA
    POST_PRODUCT_PRICING_DATA POST_PRODUCT_IMAGE_DATA POST_PRODUCT_RELATIONSHIP_DATA
    POST_FLAT_FILE_INVLOADER_DATA POST_FLAT_FILE_LISTINGS_DATA
    POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA""".split()
)
"""Amazon refuses these since the end of July 2025: they are taken, and end FATAL."""


_WORK: dict[str, Callable[[World, Batch, bytes], tuple[str, bytes, str]]] = {
    "JSON_LISTINGS_FEED": listings_feed.work,
    "POST_ORDER_FULFILLMENT_DATA": order_messages.fulfil,
    "POST_ORDER_ACKNOWLEDGEMENT_DATA": order_messages.acknowledge,
    "POST_FLAT_FILE_FULFILLMENT_DATA": order_feeds.ship,
    "POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA": order_feeds.cancel,
}
"""The types that do something: each gives the end that the feed comes to, its report, and what that is."""
FEED_TYPES = _LEGACY | _WORK.keys()


def lasts(world: World, feed: Batch) -> int:
    """Milliseconds of work, which grow with the messages."""
    try:
        content = documents.content_of(world, feed.input_id) or b""
    except NotGzip:
        return SECOND
    marks = content.count(b'"messageId"') or content.count(b"<MessageID>") or content.count(b"\n")
    return marks * _A_MESSAGE


def finish(world: World, feed: Batch) -> None:
    """Work a feed off: everything in it takes effect now."""
    status = "FATAL"
    try:
        content = documents.content_of(world, feed.input_id)
    except NotGzip:
        content = None
    work = _WORK.get(feed.type)
    if work is not None and content is not None:
        status, report, content_type = work(world, feed, content)
        result = documents.store(
            world, feed.seller_id, report, content_type, "feed", feed.seller_id, feed.batch_id
        )
        feed.result_id = result.document_id
    feed.status = status
    if feed.input_id is not None:
        world.documents.pop(feed.input_id, None)
