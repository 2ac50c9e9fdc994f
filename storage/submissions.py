"""Submissions: the outbox towards Amazon."""

from collections.abc import Collection as Members
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.listing import Issue
from domain.submission import Submission, SubmissionKind, SubmissionState
from storage.collection import Collection
from storage.filters import AllOf, Is, to_query
from storage.keyset import Sort
from storage.mongo import Scope, Update, to_field

SUBMISSIONS = Collection("submissions", Submission)

_COUNTED = 10_000_000
_PENDING = SubmissionState.PENDING.value


async def write_down(scope: Scope, submissions: Sequence[Submission]) -> None:
    """Add submissions; what was not sent yet of the same listings goes with them and is superseded.

    What is in a feed already stays in it, and is waited for.
    """
    if not submissions:
        return
    unsent, in_feeds = await _on_their_way(scope, [row.listing_id for row in submissions])
    if unsent:
        await scope.update_many(
            SUBMISSIONS.name,
            {"_id": {"$in": [row.id for row in unsent.values()]}, "state": _PENDING},
            {"$set": {"state": SubmissionState.SUPERSEDED.value}},
        )
    rows = [_with_unsent(row, unsent.get(row.listing_id)) for row in submissions]
    await SUBMISSIONS.insert(
        scope, [replace(row, behind=in_feeds.get(row.listing_id)) for row in rows]
    )


async def _on_their_way(
    scope: Scope, listing_ids: Members[str]
) -> tuple[dict[str, Submission], dict[str, str]]:
    """What waits to be sent, and in which feed something is, by listing id."""
    states = [SubmissionState.PENDING, SubmissionState.SENT]
    where = AllOf((Is("listing_id", "in", list(listing_ids)), Is("state", "in", states)))
    rows = await SUBMISSIONS.find(scope, where)
    unsent = {row.listing_id: row for row in rows if row.state is SubmissionState.PENDING}
    return unsent, {row.listing_id: row.feed_id for row in rows if row.feed_id is not None}


def _with_unsent(newer: Submission, older: Submission | None) -> Submission:
    """The newer one, with what the older tells and it does not: nobody decides that again.

    A price goes with its terms, of which a newer one says all that an older one did.
    """
    if older is None:
        return newer
    quantity = older.quantity if newer.quantity is None else newer.quantity
    if newer.price is not None or older.price is None:
        return replace(newer, quantity=quantity)
    return replace(
        newer,
        quantity=quantity,
        price=older.price,
        price_decision_id=older.price_decision_id,
        terms=older.terms,
    )


async def pending(scope: Scope, store_id: str, limit: int) -> list[Submission]:
    """What a store can send now, oldest first."""
    return await SUBMISSIONS.find(scope, _sendable(store_id), sort=Sort("_id"), limit=limit)


async def urgent(scope: Scope, store_id: str, limit: int) -> list[Submission]:
    """Of this, what must not wait for anything: what is sold out."""
    where = AllOf((_sendable(store_id), Is("quantity", "eq", 0)))
    return await SUBMISSIONS.find(scope, where, sort=Sort("_id"), limit=limit)


async def changes(scope: Scope, store_id: str, limit: int) -> list[Submission]:
    """Of what a store can send now, changes of offers that are there, oldest first."""
    where = AllOf((_sendable(store_id), Is("kind", "eq", SubmissionKind.CHANGE)))
    return await SUBMISSIONS.find(scope, where, sort=Sort("_id"), limit=limit)


async def count_changes(scope: Scope, store_id: str, limit: int) -> int:
    """How many there are of these, counting no further than `limit`."""
    where = AllOf((_sendable(store_id), Is("kind", "eq", SubmissionKind.CHANGE)))
    return await scope.count(SUBMISSIONS.name, to_query(where), limit)


def _sendable(store_id: str) -> AllOf:
    return AllOf(
        (
            Is("store_id", "eq", store_id),
            Is("state", "eq", SubmissionState.PENDING),
            Is("behind", "eq", None),
        )
    )


async def release(scope: Scope, store_id: str, unfinished: Members[str]) -> None:
    """Let those be sent that waited for a feed which is not among the unfinished any more."""
    where = AllOf(
        (
            Is("store_id", "eq", store_id),
            Is("behind", "gt", ""),
            Is("behind", "not_in", list(unfinished)),
        )
    )
    await scope.update_many(SUBMISSIONS.name, to_query(where), {"$set": {"behind": None}})


async def put_into_feed(scope: Scope, feed_id: str, rows: Sequence[Submission]) -> None:
    """Have submissions leave with a feed; those that were superseded meanwhile do not."""
    change = {"$set": {"state": SubmissionState.SENT.value, "feed_id": feed_id}}
    await scope.update_each(
        SUBMISSIONS.name,
        (Update({"_id": row.id, "state": _PENDING, "behind": None}, change) for row in rows),
    )


async def of_feed(scope: Scope, feed_id: str, *, limit: int = 0) -> list[Submission]:
    """What is in a feed and was not answered, in the order of its messages."""
    where = AllOf((Is("feed_id", "eq", feed_id), Is("state", "eq", SubmissionState.SENT)))
    return await SUBMISSIONS.find(scope, where, sort=Sort("_id"), limit=limit)


async def number(scope: Scope, rows: Sequence[Submission], first: int) -> None:
    """Note the numbers that submissions have in their feed."""
    await scope.update_each(
        SUBMISSIONS.name,
        (
            Update({"_id": row.id}, {"$set": {"message_id": number}})
            for number, row in enumerate(rows, first)
        ),
    )


async def accept_feed(scope: Scope, feed_id: str, amazon_feed_id: str, at: datetime) -> int:
    """Note that Amazon took what is left of a feed; gives how many those are."""
    fields = {
        "state": SubmissionState.ACCEPTED.value,
        "accepted_at": at,
        "amazon_submission_id": amazon_feed_id,
    }
    where = {"feed_id": feed_id, "state": SubmissionState.SENT.value}
    return await scope.update_many(
        SUBMISSIONS.name, where, {"$set": fields, "$inc": {"attempts": 1}}
    )


async def take_out_of_feed(scope: Scope, rows: Sequence[Submission]) -> None:
    """Have submissions of a feed that came to nothing sent again; with the newer one where there is one."""
    newer, _ = await _on_their_way(scope, [row.listing_id for row in rows])
    updates = []
    for row in rows:
        mine = {"_id": row.id, "state": SubmissionState.SENT.value}
        if (later := newer.get(row.listing_id)) is None:
            fields: dict[str, object] = {"state": _PENDING, "feed_id": None, "message_id": None}
            updates.append(Update(mine, {"$set": fields, "$inc": {"attempts": 1}}))
            continue
        both = _with_unsent(later, row)
        fields = {
            "price": to_field(both.price),
            "quantity": both.quantity,
            "terms": to_field(both.terms),
            "price_decision_id": both.price_decision_id,
        }
        updates.append(Update(mine, {"$set": {"state": SubmissionState.SUPERSEDED.value}}))
        updates.append(Update({"_id": later.id, "state": _PENDING}, {"$set": fields}))
    await scope.update_each(SUBMISSIONS.name, updates)


async def accepted(
    scope: Scope, store_id: str, before: datetime, limit: int, *, after_id: str = ""
) -> list[Submission]:
    """What Amazon accepted from a store before a moment and is not known to be live, oldest first."""
    where = AllOf(
        (
            Is("store_id", "eq", store_id),
            Is("state", "eq", SubmissionState.ACCEPTED),
            Is("_id", "gt", after_id),
            Is("accepted_at", "lt", before),
        )
    )
    return await SUBMISSIONS.find(scope, where, sort=Sort("_id"), limit=limit)


async def later_ones(scope: Scope, listing_ids: Members[str], after_id: str) -> list[Submission]:
    """Submissions of the listings after an id that are to be sent, sent, accepted or live."""
    states = [
        SubmissionState.PENDING,
        SubmissionState.SENT,
        SubmissionState.ACCEPTED,
        SubmissionState.LIVE,
    ]
    where = AllOf(
        (
            Is("listing_id", "in", list(listing_ids)),
            Is("state", "in", states),
            Is("_id", "gt", after_id),
        )
    )
    return await SUBMISSIONS.find(scope, where)


async def count_all(scope: Scope, store_id: str, state: SubmissionState) -> int:
    """How many of a store's submissions stand in a state, however many they are."""
    return await scope.count(
        SUBMISSIONS.name, {"store_id": store_id, "state": state.value}, _COUNTED
    )


async def count_in_states(scope: Scope, store_id: str, states: Members[SubmissionState]) -> int:
    """How many of a store's submissions stand in any of the states."""
    return await SUBMISSIONS.count(
        scope, AllOf((Is("store_id", "eq", store_id), Is("state", "in", list(states))))
    )


async def move(
    scope: Scope,
    submission: Submission,
    to: SubmissionState,
    *,
    at: datetime,
    amazon_submission_id: str | None = None,
    issues: tuple[Issue, ...] = (),
) -> bool:
    """Move a submission on from the state in which it was read; false when it was superseded meanwhile."""
    fields: dict[str, object] = {"state": to.value, "issues": to_field(issues)}
    if to is SubmissionState.ACCEPTED:
        fields |= {"accepted_at": at, "amazon_submission_id": amazon_submission_id}
    elif to is not SubmissionState.PENDING:
        fields["settled_at"] = at
    return await scope.update(
        SUBMISSIONS.name, {"_id": submission.id, "state": submission.state.value}, {"$set": fields}
    )


async def is_still(scope: Scope, submission: Submission) -> bool:
    """Whether a submission is in the state in which it was read."""
    where = {"_id": submission.id, "state": submission.state.value}
    return bool(await scope.find(SUBMISSIONS.name, where, fields=["_id"], limit=1))


async def send_again(scope: Scope, submission: Submission) -> None:
    """Have an accepted submission sent once more, with what is left of it."""
    fields = {
        "state": _PENDING,
        "feed_id": None,
        "message_id": None,
        "price": to_field(submission.price),
        "quantity": submission.quantity,
        "terms": to_field(submission.terms),
    }
    where = {"_id": submission.id, "state": submission.state.value}
    await scope.update(SUBMISSIONS.name, where, {"$set": fields})


async def count_attempt(scope: Scope, submission: Submission) -> None:
    """Note that sending was tried once more."""
    await scope.update(SUBMISSIONS.name, {"_id": submission.id}, {"$inc": {"attempts": 1}})
