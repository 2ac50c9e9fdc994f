"""Feeds of listings: many patches in one document, and what became of each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

import orjson

from connectors.amazon.account import AmazonAccount
from connectors.amazon.documents import fetch, id_of, note_end, task_of
from connectors.amazon.operations import (
    CREATE_FEED_DOCUMENT,
    CREATE_LISTINGS_FEED,
    GET_FEED,
    GET_FEED_DOCUMENT,
    GET_FEEDS,
)
from connectors.amazon.payload import Node, iso, node, nodes, parse, text, whole
from connectors.amazon.submissions import patches_of
from connectors.amazon.transport import Transport
from connectors.amazon.wording import note_issues
from connectors.errors import Unavailable
from connectors.port import FeedReport, OfferPatch, Task
from domain.communication_error import ErrorClass
from domain.listing import Issue

MOST_MESSAGES = 25_000
MOST_BYTES = 10 * 1024 * 1024
"""Amazon takes more, and advises against it."""
_TYPE = "JSON_LISTINGS_FEED"
_JSON = "application/json; charset=UTF-8"


def fitting(account: AmazonAccount, patches: Sequence[OfferPatch]) -> int:
    """How many of the patches, from the first on, go into one feed."""
    size = len(_document(account, []))
    for number, patch in enumerate(patches[:MOST_MESSAGES], 1):
        size += len(orjson.dumps(_message(account, number, patch))) + 1
        if size > MOST_BYTES:
            return number - 1
    return min(len(patches), MOST_MESSAGES)


async def upload(transport: Transport, patches: Sequence[OfferPatch]) -> str:
    """Upload patches, numbered from 1; gives the document's id."""
    answer = await transport.send(CREATE_FEED_DOCUMENT, body={"contentType": _JSON})
    account = transport.account
    messages = [_message(account, number, patch) for number, patch in enumerate(patches, 1)]
    url = id_of(answer, "url", CREATE_FEED_DOCUMENT)
    await transport.save(url, _document(account, messages), _JSON)
    return id_of(answer, "feedDocumentId", CREATE_FEED_DOCUMENT)


async def send(transport: Transport, document_id: str) -> str:
    """Have an uploaded document worked off; gives the feed's id."""
    answer = await transport.send(
        CREATE_LISTINGS_FEED,
        body={
            "feedType": _TYPE,
            "marketplaceIds": [transport.account.marketplace.id],
            "inputFeedDocumentId": document_id,
        },
    )
    return id_of(answer, "feedId", CREATE_LISTINGS_FEED)


async def sent_since(transport: Transport, moment: datetime) -> list[Task]:
    """Feeds of listings that were sent since a moment, newest first."""
    answer = await transport.send(
        GET_FEEDS,
        query={
            "feedTypes": _TYPE,
            "marketplaceIds": transport.account.marketplace.id,
            "createdSince": iso(moment),
            "pageSize": 100,
        },
    )
    found = [task_of(row, "feed", GET_FEEDS) for row in nodes(answer.get("feeds"))]
    return sorted(found, key=lambda task: task.created_at or moment, reverse=True)


async def state(transport: Transport, feed_id: str) -> Task:
    """How far a feed is."""
    task = task_of(await transport.send(GET_FEED, path={"feedId": feed_id}), "feed", GET_FEED)
    note_end(transport, task, GET_FEED, ErrorClass.FEED_FATAL)
    return task


async def read(transport: Transport, document_id: str) -> FeedReport:
    """What became of each message."""
    content, _ = await fetch(transport, GET_FEED_DOCUMENT, "feedDocumentId", document_id)
    try:
        report = report_of(node(parse(content)))
    except ValueError as error:
        raise Unavailable(
            "The processing report is not JSON", operation=GET_FEED_DOCUMENT.name
        ) from error
    issues = (*report.issues, *chain.from_iterable(report.refused.values()))
    note_issues(transport.journal, GET_FEED_DOCUMENT.name, ErrorClass.FEED_MESSAGE, issues)
    return report


def report_of(content: Node) -> FeedReport:
    """What became of each message, in a processing report."""
    refused: dict[int, tuple[Issue, ...]] = {}
    general: list[Issue] = []
    told = nodes(content.get("issues"))
    rows = [(whole(row.get("messageId")), _issue(row)) for row in told]
    named = {whole(row.get("messageId")): text(row.get("sku")) for row in told}
    # An error refuses its message; with it, warnings of the same message are worth telling.
    wrong = {number for number, issue in rows if issue.severity == "ERROR"}
    for number, issue in rows:
        if number is None:
            general.append(issue)
        elif number in wrong:
            refused[number] = (*refused.get(number, ()), issue)
    processed = whole(node(content.get("summary")).get("messagesProcessed")) or 0
    skus = {number: sku for number, sku in named.items() if number is not None and sku is not None}
    return FeedReport(processed, refused, tuple(general), skus)


def _issue(row: Node) -> Issue:
    attribute = text(row.get("attributeName"))
    return Issue(
        code=text(row.get("code")) or "",
        message=text(row.get("message")) or "",
        severity=text(row.get("severity")) or "ERROR",
        attributes=(attribute,) if attribute else (),
    )


def _message(account: AmazonAccount, number: int, patch: OfferPatch) -> dict[str, Any]:
    return {
        "messageId": number,
        "sku": patch.seller_sku,
        "operationType": "PATCH",
        "productType": patch.product_type,
        "patches": patches_of(patch, account.marketplace),
    }


def _document(account: AmazonAccount, messages: Sequence[Mapping[str, Any]]) -> bytes:
    header = {"sellerId": account.seller_id, "version": "2.0", "issueLocale": "en_US"}
    return orjson.dumps({"header": header, "messages": messages})
