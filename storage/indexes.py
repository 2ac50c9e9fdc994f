"""Every index, with the query that it serves."""

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import OperationFailure

from domain import idempotency
from storage.documents import KEPT as DOCUMENTS_KEPT
from storage.listings import EPOCH
from storage.mongo import Database
from storage.offer_history import KEPT
from storage.price_history import FRESH as FRESH_PRICES
from storage.price_history import KEPT as PRICES_KEPT
from storage.price_history import NAME as PRICE_HISTORY
from storage.price_history import TIME_SERIES
from storage.webhook_deliveries import KEPT as DELIVERIES_KEPT

_UP, _DOWN = ASCENDING, DESCENDING
_EXISTS = 48


def _index(*keys: tuple[str, int], **options: object) -> IndexModel:
    return IndexModel(list(keys), **options)


def _expiring() -> IndexModel:
    """Has the server remove what has expired."""
    return _index(("expires_at", _UP), expireAfterSeconds=0)


def _published() -> dict[str, object]:
    return {"unique": True, "partialFilterExpression": {"status": "PUBLISHED"}}


INDEXES: dict[str, list[IndexModel]] = {
    "stores": [
        # stores of a merchant, by age
        _index(("merchant_id", _UP), ("created_at", _UP), ("_id", _UP)),
        # the sweep
        _index(("status", _UP)),
    ],
    "products": [
        # products of a merchant, by SKU (the id holds it) and by last change; the id index alone
        # would walk other merchants' products
        _index(("merchant_id", _UP), ("_id", _UP)),
        _index(("merchant_id", _UP), ("updated_at", _UP), ("_id", _UP)),
    ],
    "listings": [
        # listings of a merchant and of a store, by SKU (the id holds it)
        _index(("merchant_id", _UP), ("_id", _UP)),
        _index(("merchant_id", _UP), ("updated_at", _UP), ("_id", _UP)),
        _index(("store_id", _UP), ("_id", _UP)),
        _index(("store_id", _UP), ("updated_at", _UP), ("_id", _UP)),
        # views by status, counts by status and of who holds the Buy Box
        _index(("store_id", _UP), ("status", _UP), ("owns_buy_box", _UP)),
        # what is due, longest waiting first; a listing that is not due is not in it
        _index(
            ("store_id", _UP),
            ("due.at", _UP),
            ("_id", _UP),
            partialFilterExpression={"due.at": {"$gt": EPOCH}},
        ),
        # what time alone makes due
        _index(
            ("store_id", _UP),
            ("decide_again_at", _UP),
            partialFilterExpression={"decide_again_at": {"$gt": EPOCH}},
        ),
        # an offer event names an ASIN
        _index(("store_id", _UP), ("asin", _UP)),
        # a changed product
        _index(("store_id", _UP), ("product_id", _UP)),
        # what a run holds, or a person turned down
        _index(
            ("store_id", _UP),
            ("held.run_id", _UP),
            partialFilterExpression={"held.run_id": {"$gt": ""}},
        ),
        # what is held, by SKU; a listing that is not held is not in it
        _index(
            ("merchant_id", _UP),
            ("_id", _UP),
            name="held",
            partialFilterExpression={"hold": {"$gt": ""}},
        ),
    ],
    "offers": [
        # what a merchant's stores see, and what one of them sees, by ASIN (the id holds it)
        _index(("merchant_id", _UP), ("_id", _UP)),
        _index(("store_id", _UP), ("_id", _UP)),
    ],
    "looks": [
        # the next items of a store to look at
        _index(("store_id", _UP), ("due_at", _UP), ("_id", _UP)),
        # how old is what is known; with the merchant, so that counting reads no documents
        _index(("merchant_id", _UP), ("store_id", _UP), ("seen_at", _UP)),
    ],
    "offer_history": [
        # the history of items, in its order
        _index(("store_id", _UP), ("asin", _UP), ("observed_at", _UP)),
        # where a store's history ends
        _index(("store_id", _UP), ("observed_at", _UP)),
        # rows that are old enough are removed
        _index(("recorded_at", _UP), expireAfterSeconds=int(KEPT.total_seconds())),
    ],
    # the series of a listing and of its market. With the time in it, every row would rewrite its bucket's key.
    PRICE_HISTORY: [_index(("series", _UP))],
    "rulesets": [
        _index(("store_id", _UP), ("kind", _UP), ("version", _DOWN), unique=True),
        # the newest version
        _index(("store_id", _UP), ("kind", _UP), ("version", _DOWN), ("_id", _DOWN)),
        # one published version of a kind and store
        _index(("store_id", _UP), ("kind", _UP), **_published()),
        _index(("merchant_id", _UP), ("_id", _UP)),
    ],
    "plans": [
        # the newest plan of the same documents
        _index(("store_id", _UP), ("documents_hash", _UP), ("_id", _DOWN)),
        # plans of a merchant, newest first
        _index(("merchant_id", _UP), ("_id", _UP)),
    ],
    "decisions": [
        # history of a listing, of a store and of a merchant, newest first
        _index(("listing_id", _UP), ("_id", _UP)),
        _index(("store_id", _UP), ("_id", _UP)),
        _index(("merchant_id", _UP), ("_id", _UP)),
        # what is held
        _index(("store_id", _UP), ("outcome", _UP), ("_id", _UP)),
        # what a run decided
        _index(("run_id", _UP), ("_id", _UP), partialFilterExpression={"run_id": {"$gt": ""}}),
    ],
    "runs": [
        # runs of a merchant and of a store, newest first
        _index(("merchant_id", _UP), ("_id", _UP)),
        _index(("store_id", _UP), ("_id", _UP)),
        # what waits for a person, what is being undone
        _index(("store_id", _UP), ("status", _UP), ("_id", _UP)),
        # what was interrupted
        _index(("store_id", _UP), ("ended_at", _UP)),
        # what was judged lately
        _index(("store_id", _UP), ("started_at", _UP)),
    ],
    "submissions": [
        # what is to be sent, and what is to be read back
        _index(("store_id", _UP), ("state", _UP), ("_id", _UP)),
        # what waits for a feed
        _index(("store_id", _UP), ("behind", _UP), partialFilterExpression={"behind": {"$gt": ""}}),
        # what is in a feed
        _index(
            *(("feed_id", _UP), ("state", _UP), ("_id", _UP)),
            partialFilterExpression={"feed_id": {"$gt": ""}},
        ),
        # what a new submission supersedes
        _index(("listing_id", _UP), ("state", _UP)),
        # what became of a decision
        _index(("decision_id", _UP)),
        # history of a listing and of a merchant, newest first
        _index(("listing_id", _UP), ("_id", _UP)),
        _index(("merchant_id", _UP), ("_id", _UP)),
    ],
    # feeds of a store that are not over, and the newest that are
    "feeds": [_index(("store_id", _UP), ("state", _UP), ("_id", _UP))],
    "orders": [
        _index(("merchant_id", _UP), ("purchased_at", _UP), ("_id", _UP)),
        _index(("store_id", _UP), ("purchased_at", _UP), ("_id", _UP)),
    ],
    "changes": [
        _index(("listing_id", _UP), ("_id", _UP)),
        _index(("store_id", _UP), ("_id", _UP)),
        _index(("merchant_id", _UP), ("_id", _UP)),
        # history of an order; most changes are about none
        _index(("order_id", _UP), ("_id", _UP), partialFilterExpression={"order_id": {"$gt": ""}}),
    ],
    "communication_errors": [
        # errors of a merchant and of a store, of an operation and of a class, seen last first
        *(
            _index(*((each, _UP) for each in fields), ("last_seen_at", _UP), ("_id", _UP))
            for fields in (
                ["merchant_id"],
                ["store_id"],
                ["merchant_id", "operation"],
                ["merchant_id", "error_class"],
                ["store_id", "operation"],
                ["store_id", "error_class"],
            )
        ),
        _expiring(),
    ],
    # calls of a store, hour by hour
    "call_counts": [_index(("store_id", _UP), ("hour", _UP)), _expiring()],
    # keys of a merchant, newest first, and whether one stands; who sends a key names its id
    "api_keys": [_index(("merchant_id", _UP), ("_id", _UP))],
    "authorizations": [
        # what nobody came back with
        _index(("expires_at", _UP), expireAfterSeconds=0),
    ],
    "documents": [
        # what no client named for long is removed
        _index(("kept_at", _UP), expireAfterSeconds=int(DOCUMENTS_KEPT.total_seconds())),
    ],
    # an export, an import and an upload are asked for by their id
    "exports": [_expiring()],
    "product_imports": [_expiring()],
    "uploads": [_expiring()],
    "files": [_expiring()],
    "file_pieces": [
        # the piece that has a byte, and the last one
        _index(("file_id", _UP), ("end", _UP)),
        _expiring(),
    ],
    "idempotency_keys": [
        # nobody asks again after so long
        _index(("kept_at", _UP), expireAfterSeconds=int(idempotency.KEPT.total_seconds())),
    ],
    "operations": [
        _index(("merchant_id", _UP), ("_id", _UP)),
        # work of a kind that a store has under way
        _index(("store_id", _UP), ("kind", _UP), ("status", _UP), ("_id", _UP)),
        # work that stands still
        _index(("status", _UP), ("updated_at", _UP)),
    ],
    "webhooks": [
        # webhooks of a merchant, newest first, and which of them listen
        _index(("merchant_id", _UP), ("_id", _UP)),
        # the sweep
        _index(("disabled_at", _UP), ("rests_until", _UP)),
    ],
    "webhook_deliveries": [
        # deliveries of a merchant and of a webhook, newest first
        _index(("merchant_id", _UP), ("_id", _UP)),
        _index(("webhook_id", _UP), ("_id", _UP)),
        # what is due, longest waiting first; what is settled is not in it
        _index(
            ("webhook_id", _UP),
            ("next_attempt_at", _UP),
            ("_id", _UP),
            partialFilterExpression={"state": "PENDING"},
        ),
        # what is old enough is removed
        _index(("created_at", _UP), expireAfterSeconds=int(DELIVERIES_KEPT.total_seconds())),
    ],
}

_MADE_AHEAD: dict[str, dict[str, Any]] = {
    PRICE_HISTORY: {
        "timeseries": TIME_SERIES,
        "expireAfterSeconds": int(PRICES_KEPT.total_seconds()),
    },
    # has no index by which it would come to be
    FRESH_PRICES: {},
}
"""Collections that do not come to be by their first document or index, with their options."""


async def ensure(database: Database) -> None:
    """Create what is missing; an index that is there already costs nothing."""
    for name, options in _MADE_AHEAD.items():
        try:
            await database.handle.create_collection(name, check_exists=False, **options)
        except OperationFailure as error:
            if error.code != _EXISTS:
                raise
    for collection, indexes in INDEXES.items():
        await database.handle[collection].create_indexes(indexes)
