"""Feeds 2021-06-30: documents to be uploaded, and feeds of them."""

from connectors.simulator import batches, documents
from connectors.simulator.batch_document import (
    created,
    document_answer,
    feed_document,
    found_batch,
    listed,
    page_of,
)
from connectors.simulator.feed_work import FEED_TYPES
from connectors.simulator.operations import Call
from connectors.simulator.wire import Answer, JsonObject, invalid, read_object

_LONGEST_CONTENT_TYPE = 255


def create_feed_document(call: Call) -> Answer:
    """An address to which the content of a feed is uploaded within five minutes."""
    content_type = read_object(call.body).get("contentType")
    if not isinstance(content_type, str) or not 0 < len(content_type) <= _LONGEST_CONTENT_TYPE:
        raise invalid("contentType is required.")
    document = documents.announce(call.world, call.seller_id, content_type)
    return Answer(
        201,
        {
            "feedDocumentId": document.document_id,
            "url": documents.presigned(call.world, call.base_url, document, "PUT"),
        },
    )


def create_feed(call: Call) -> Answer:
    """Have an uploaded document worked off."""
    body = read_object(call.body)
    feed_type, document_id = body.get("feedType"), body.get("inputFeedDocumentId")
    if feed_type not in FEED_TYPES:
        raise invalid(f"feedType {feed_type!r} is not known.")
    document = call.world.documents.get(document_id) if isinstance(document_id, str) else None
    if document is None or document.seller_id != call.seller_id:
        raise invalid("inputFeedDocumentId is not a document of the seller.")
    if document.content is None:
        raise invalid("Nothing was uploaded to the feed document.")
    feed = created(call, call.world.feeds, "feed", str(feed_type), body.get("marketplaceIds"))
    feed.input_id = document.document_id
    return Answer(202, {"feedId": feed.batch_id})


def get_feed(call: Call) -> JsonObject:
    """How far a feed is."""
    return feed_document(found_batch(call, call.world.feeds, call.path["feed_id"]))


def get_feeds(call: Call) -> JsonObject:
    """The seller's feeds of some types, newest first."""
    found, token = page_of(call, call.world.feeds, "feedTypes")
    return listed("feeds", [feed_document(feed) for feed in found], token)


def cancel_feed(call: Call) -> Answer:
    """Take back a feed that still waits."""
    feed = found_batch(call, call.world.feeds, call.path["feed_id"])
    if not batches.cancel(feed, call.world.now_ms):
        raise invalid("The feed is not in the queue any more.")
    return Answer(200, None)


def get_feed_document(call: Call) -> JsonObject:
    """Where a document of the seller's feeds can be had."""
    return document_answer(call, call.path["document_id"], "feedDocumentId")
