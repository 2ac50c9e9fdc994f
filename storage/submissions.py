"""Submissions: the outbox towards Amazon."""

from collections.abc import Collection as Members
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.listing import Issue
from domain.submission import Submission, SubmissionState
from storage.collection import Collection
from storage.filters import AllOf, Is, to_query
from storage.keyset import Sort
from storage.mongo import Scope, to_field

SUBMISSIONS = Collection("submissions", Submission)


async def write_down(scope: Scope, submissions: Sequence[Submission]) -> None:
    """Add submissions; what was not sent yet of the same listings goes with them and is superseded."""
    if not submissions:
        return
    where = AllOf(
        (
            Is("listing_id", "in", [submission.listing_id for submission in submissions]),
            Is("state", "eq", SubmissionState.PENDING),
        )
    )
    unsent = {row.listing_id: row for row in await SUBMISSIONS.find(scope, where)}
    await scope.update_many(
        SUBMISSIONS.name, to_query(where), {"$set": {"state": SubmissionState.SUPERSEDED.value}}
    )
    await SUBMISSIONS.insert(
        scope, [_with_unsent(row, unsent.get(row.listing_id)) for row in submissions]
    )


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
    """What a store has to send, oldest first."""
    where = AllOf((Is("store_id", "eq", store_id), Is("state", "eq", SubmissionState.PENDING)))
    return await SUBMISSIONS.find(scope, where, sort=Sort("_id"), limit=limit)


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
    """Submissions of the listings after an id that are to be sent, accepted or live."""
    states = [SubmissionState.PENDING, SubmissionState.ACCEPTED, SubmissionState.LIVE]
    where = AllOf(
        (
            Is("listing_id", "in", list(listing_ids)),
            Is("state", "in", states),
            Is("_id", "gt", after_id),
        )
    )
    return await SUBMISSIONS.find(scope, where)


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


async def send_again(scope: Scope, submission: Submission) -> None:
    """Have an accepted submission sent once more, with what is left of it."""
    fields = {
        "state": SubmissionState.PENDING.value,
        "price": to_field(submission.price),
        "quantity": submission.quantity,
        "terms": to_field(submission.terms),
    }
    where = {"_id": submission.id, "state": submission.state.value}
    await scope.update(SUBMISSIONS.name, where, {"$set": fields})


async def count_attempt(scope: Scope, submission: Submission) -> None:
    """Note that sending was tried once more."""
    await scope.update(SUBMISSIONS.name, {"_id": submission.id}, {"$inc": {"attempts": 1}})
