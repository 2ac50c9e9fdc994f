"""Issues: what Amazon says is wrong."""

from collections.abc import Iterable

import strawberry

from domain.listing import Issue as DomainIssue


@strawberry.type(description="What Amazon says is wrong with a listing or a submission.")
class Issue:
    """An issue in Amazon's words."""

    code: str = strawberry.field(description="Amazon's code.")
    message: str = strawberry.field(description="Amazon's words.")
    severity: str = strawberry.field(description="Amazon's word: ERROR, WARNING or INFO.")
    attribute_names: list[str] = strawberry.field(description="Attributes that it is about.")


def issues_of(rows: Iterable[DomainIssue]) -> list[Issue]:
    """Issues as the schema shows them."""
    return [
        Issue(
            code=row.code,
            message=row.message,
            severity=row.severity,
            attribute_names=list(row.attributes),
        )
        for row in rows
    ]
