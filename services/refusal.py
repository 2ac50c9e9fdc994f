"""What Amazon's no to a submission comes to."""

from dataclasses import replace
from typing import Any

from domain.change import ChangeKind
from domain.listing import Issue, Listing, ListingReason, ListingStatus
from domain.submission import Submission, SubmissionKind, SubmissionState
from services import webhook_events
from services.changelog import of_listing
from services.runtime import Runtime
from storage import listings, submissions
from storage.changes import CHANGES
from storage.listings import LISTINGS
from storage.mongo import Scope


async def refuse(
    runtime: Runtime,
    scope: Scope,
    submission: Submission,
    listing: Listing,
    issues: tuple[Issue, ...],
) -> None:
    """Note that Amazon refuses a submission, with its issues on the listing."""
    at = runtime.clock.now()

    async def write(inside: Scope) -> None:
        moved = await submissions.move(
            inside, submission, SubmissionState.REJECTED, at=at, issues=issues
        )
        if not moved:
            return
        row = await LISTINGS.require(inside, listing.id)
        fields: dict[str, Any] = {"issues": issues, "updated_at": at}
        if submission.kind is SubmissionKind.LIST:
            fields |= {"status": ListingStatus.INACTIVE, "reason": ListingReason.REJECTED}
        await listings.change(inside, [(row.id, fields)])
        told = "; ".join(issue.message for issue in issues) or "no reason given"
        entry = of_listing(
            row,
            ChangeKind.STATUS,
            before=row.status,
            after=f"REJECTED: {told}",
            actor="Amazon",
            at=at,
            decision_id=submission.decision_id,
        )
        await CHANGES.insert(inside, [entry])
        after = replace(row, **fields, version=row.version + 1)
        await webhook_events.tell(
            inside,
            webhook_events.listing_status(row, after, at=at, decision_id=submission.decision_id),
        )

    await scope.transaction(write)
