"""What Amazon's no to a submission comes to."""

from domain.change import ChangeKind
from domain.listing import Issue, Listing, ListingReason, ListingStatus
from domain.submission import Submission, SubmissionKind, SubmissionState
from services.changelog import of_listing
from services.runtime import Runtime
from storage import listings, submissions
from storage.changes import CHANGES
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
        fields: dict[str, object] = {"issues": issues, "updated_at": at}
        if submission.kind is SubmissionKind.LIST:
            fields |= {"status": ListingStatus.INACTIVE, "reason": ListingReason.REJECTED}
        await listings.change(inside, [(listing.id, fields)])
        told = "; ".join(issue.message for issue in issues) or "no reason given"
        entry = of_listing(
            listing,
            ChangeKind.STATUS,
            before=listing.status,
            after=f"REJECTED: {told}",
            actor="Amazon",
            at=at,
            decision_id=submission.decision_id,
        )
        await CHANGES.insert(inside, [entry])

    await scope.transaction(write)
