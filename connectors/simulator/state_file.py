"""The world as one JSON file, so that a restarted simulator goes on where it stopped."""

from collections import Counter, deque
from dataclasses import fields
from hashlib import blake2b
from pathlib import Path
from typing import Any

from connectors.simulator.clock import write_atomically
from connectors.simulator.queue import Message, Queue, Queues
from connectors.simulator.wire import JsonObject, dumps, loads
from connectors.simulator.world import (
    JOURNAL_KEPT,
    Authorization,
    Batch,
    Code,
    Delivery,
    Destination,
    Item,
    JournalEntry,
    Listing,
    Order,
    Parcel,
    Rival,
    Schedule,
    Seller,
    StoredDocument,
    Submission,
    Subscription,
    Token,
    World,
)

_DERIVED = frozenset({"index", "due", "listings_by_asin", "buy_box"})
_MACHINERY = _DERIVED | set(
    """authorizations codes tokens journal requests queues delivery late_messages documents feeds reports
    schedules settled_ms""".split()
)


def save(world: World, path: Path) -> None:
    """Write everything, atomically."""
    write_atomically(path, dumps(_document(world, _DERIVED)))


def state_digest(world: World) -> str:
    """A digest of market, listings and orders; equal for two stories that came to the same end.

    How the world was asked leaves no mark: not the order of requests, not their number.
    """
    document = dumps(_document(world, _MACHINERY), sort_keys=True)
    return blake2b(document, digest_size=16).hexdigest()


def load(path: Path) -> World:
    """The world that was saved."""
    state = loads(path.read_bytes())
    listings = state.pop("listings")
    world = World(
        scenario_id=state["scenario_id"],
        seed=state["seed"],
        marketplace_id=state["marketplace_id"],
        currency=state["currency"],
        now_ms=state["now_ms"],
        tick=state["tick"],
        change_share=float(state["change_share"]),
        orders_per_tick=float(state["orders_per_tick"]),
        sellers={key: Seller(**value) for key, value in state["sellers"].items()},
        items={key: _item(value) for key, value in state["items"].items()},
        orders={key: _order(value) for key, value in state["orders"].items()},
        authorizations={k: Authorization(**v) for k, v in state["authorizations"].items()},
        codes={key: Code(**value) for key, value in state["codes"].items()},
        tokens={key: Token(**value) for key, value in state["tokens"].items()},
        destinations={k: Destination(**value) for k, value in state["destinations"].items()},
        subscriptions={k: Subscription(**value) for k, value in state["subscriptions"].items()},
        documents={k: StoredDocument(**value) for k, value in state["documents"].items()},
        feeds={k: Batch(**value) for k, value in state["feeds"].items()},
        reports={k: Batch(**value) for k, value in state["reports"].items()},
        schedules={k: Schedule(**value) for k, value in state.get("schedules", {}).items()},
        settled_ms=state.get("settled_ms", state["now_ms"]),
        delivery=Delivery(**{k: float(v) for k, v in state.get("delivery", {}).items()}),
        late_messages=[(arn, body) for arn, body in state["late_messages"]],
        journal=deque((JournalEntry(*entry) for entry in state["journal"]), JOURNAL_KEPT),
        requests={key: Counter(value) for key, value in state["requests"].items()},
        queues=_queues(state["queues"]),
    )
    world.rebuild_index()
    for by_sku in listings.values():
        for value in by_sku.values():
            pending = [Submission(**entry) for entry in value.pop("pending")]
            world.add(Listing(**value, pending=pending))
    return world


def _document(world: World, without: frozenset[str]) -> JsonObject:
    document: JsonObject = {
        part.name: getattr(world, part.name) for part in fields(world) if part.name not in without
    }
    if "queues" in document:
        document["queues"] = [_queue_document(q) for q in world.queues.by_name.values()]
    if "journal" in document:
        document["journal"] = [
            [getattr(entry, part.name) for part in fields(entry)] for entry in world.journal
        ]
    return document


def _queue_document(queue: Queue) -> JsonObject:
    """A queue with the messages that are out put back, since their consumers may be gone."""
    waiting = [*queue.visible, *(message for message, _ in queue.in_flight.values())]
    return {
        "name": queue.name,
        "attributes": queue.attributes,
        "messages": [[message.message_id, message.body] for message in waiting],
    }


def _queues(documents: list[dict[str, Any]]) -> Queues:
    return Queues(
        {
            document["name"]: Queue(
                document["name"],
                document["attributes"],
                deque(Message(message_id, body) for message_id, body in document["messages"]),
            )
            for document in documents
        }
    )


def _order(value: JsonObject) -> Order:
    return Order(**{**value, "parcels": [Parcel(**one) for one in value.get("parcels", [])]})


def _item(value: JsonObject) -> Item:
    return Item(
        **{
            **value,
            "identifiers": tuple((kind, text) for kind, text in value["identifiers"]),
            "child_asins": tuple(value["child_asins"]),
            "rivals": [Rival(**rival) for rival in value["rivals"]],
        }
    )
