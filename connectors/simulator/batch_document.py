"""What the APIs of feeds and reports have in common: asking for one, how it is described, and how it is found again."""

from connectors.simulator import batches, documents
from connectors.simulator.clock import DAY, iso, parse_iso
from connectors.simulator.operations import Call
from connectors.simulator.wire import JsonObject, SpApiError, invalid, paging_token, read_token
from connectors.simulator.world import Batch

_STATUSES = frozenset("CANCELLED DONE FATAL IN_PROGRESS IN_QUEUE".split())
_KEPT = 90 * DAY
MOST_MARKETPLACES = 25
_MOST_FILTERED = 10


def created(
    call: Call, by_id: dict[str, Batch], kind: str, type_: str, marketplaces: object
) -> Batch:
    """A new batch at the end of the seller's queue."""
    if not isinstance(marketplaces, list) or not all(isinstance(one, str) for one in marketplaces):
        raise invalid("marketplaceIds is required.")
    call.require_marketplaces(marketplaces, most=MOST_MARKETPLACES)
    return batches.queued(
        call.world,
        by_id,
        kind,
        type_,
        client_id=call.client_id,
        seller_id=call.seller_id,
        marketplace_ids=marketplaces,
    )


def found_batch(call: Call, by_id: dict[str, Batch], batch_id: str) -> Batch:
    """The seller's batch of that id."""
    batch = by_id.get(batch_id)
    if batch is None or batch.seller_id != call.seller_id:
        raise SpApiError(404, "NotFound", f"{batch_id} does not exist.")
    return batch


def feed_document(feed: Batch) -> JsonObject:
    """A feed as Amazon describes it."""
    result = {"resultFeedDocumentId": feed.result_id} if feed.result_id else {}
    return {"feedId": feed.batch_id, "feedType": feed.type, **_course(feed), **result}


def report_document(report: Batch) -> JsonObject:
    """A report as Amazon describes it."""
    result = {"reportDocumentId": report.result_id} if report.result_id else {}
    since = report.created_ms if report.data_from_ms is None else report.data_from_ms
    span = {"dataStartTime": iso(since), "dataEndTime": iso(report.created_ms)}
    schedule = {"reportScheduleId": report.schedule_id} if report.schedule_id else {}
    return {
        "reportId": report.batch_id,
        "reportType": report.type,
        **span,
        **_course(report),
        **schedule,
        **result,
    }


def document_answer(call: Call, document_id: str, name: str) -> JsonObject:
    """An address for a document of the seller."""
    document = call.world.documents.get(document_id)
    if document is None or document.seller_id != call.seller_id:
        raise SpApiError(404, "NotFound", "The document does not exist.")
    answer: JsonObject = {
        name: document_id,
        "url": documents.presigned(call.world, call.base_url, document, "GET"),
    }
    if document.is_compressed:
        answer["compressionAlgorithm"] = "GZIP"
    return answer


def page_of(call: Call, by_id: dict[str, Batch], types: str) -> tuple[list[Batch], str | None]:
    """A page of the seller's batches, newest first, and the token of the next one."""
    token = call.query.one("nextToken")
    bound_to = f"{types}:{call.seller_id}"
    if token is None:
        asked = _asked(call, types)
    else:
        if call.query.names() != {"nextToken"}:
            raise invalid("nextToken is the only parameter that a next page takes.")
        asked = read_token(token, bound_to)
    found = [batch for batch in by_id.values() if _is_asked_for(call, batch, asked)]
    found.reverse()
    start, end = asked["at"], asked["at"] + asked["size"]
    following = None
    if end < len(found):
        following = paging_token({**asked, "for": bound_to, "at": end})
    return found[start:end], following


def listed(name: str, found: list[JsonObject], token: str | None) -> JsonObject:
    """The answer with one page."""
    return {name: found, **({"nextToken": token} if token else {})}


def _course(batch: Batch) -> JsonObject:
    answer: JsonObject = {
        "marketplaceIds": batch.marketplace_ids,
        "createdTime": iso(batch.created_ms),
        "processingStatus": batch.status,
    }
    if batch.started_ms is not None:
        answer["processingStartTime"] = iso(batch.started_ms)
    if batch.ends_at is not None and batch.status != "IN_PROGRESS":
        answer["processingEndTime"] = iso(batch.ends_at)
    return answer


def _asked(call: Call, types: str) -> JsonObject:
    """The filters of a first page."""
    query, now = call.query, call.world.now_ms
    wanted = query.many(types, most=_MOST_FILTERED)
    if not wanted:
        raise invalid(f"Either {types} or nextToken is required.")
    try:
        since = parse_iso(query.one("createdSince") or iso(now - _KEPT))
        until = parse_iso(query.one("createdUntil") or iso(now))
    except ValueError as error:
        raise invalid("createdSince and createdUntil must be ISO 8601 moments.") from error
    return {
        "types": wanted,
        "statuses": sorted(query.choices("processingStatuses", _STATUSES)),
        "marketplaces": query.many("marketplaceIds", most=_MOST_FILTERED),
        "since": since,
        "until": until,
        "size": query.whole("pageSize", 10, 1, 100),
        "at": 0,
    }


def _is_asked_for(call: Call, batch: Batch, asked: JsonObject) -> bool:
    return (
        batch.seller_id == call.seller_id
        and batch.type in asked["types"]
        and asked["since"] <= batch.created_ms <= asked["until"]
        and (not asked["statuses"] or batch.status in asked["statuses"])
        and (
            not asked["marketplaces"] or bool(set(asked["marketplaces"]) & {*batch.marketplace_ids})
        )
    )
