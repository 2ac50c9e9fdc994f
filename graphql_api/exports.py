"""Exports: starting one. What comes of it is an operation."""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Annotated, Any

import strawberry
from strawberry import Maybe

from domain import operation as domain
from domain.access import AccessScope
from domain.errors import InvalidInput
from domain.export import ExportKind
from graphql_api import operations
from graphql_api.access import READS, needs
from graphql_api.changes import ChangeWhereInput
from graphql_api.context import Info
from graphql_api.decisions import PriceDecisionWhereInput
from graphql_api.errors import UserError, attempt, error_codes
from graphql_api.fields import described
from graphql_api.filters import where_of
from graphql_api.idempotency import KEY, once
from graphql_api.listing_filters import ListingWhereInput
from graphql_api.offer_snapshots import OfferSnapshotWhereInput
from graphql_api.operations import Operation
from graphql_api.orders import OrderWhereInput
from graphql_api.scalars import IdempotencyKey
from graphql_api.selection import Selection
from services import exports as use_cases
from services.exports import SHAPES
from storage.filters import EVERYTHING, Where
from storage.mongo import Scope
from storage.operations import OPERATIONS


@error_codes("Why an export was not started.")
class ExportStartErrorCode(Enum):
    """Codes of `exportStart`."""

    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    INVALID = "INVALID"
    CONFLICT = "CONFLICT"


@strawberry.type(description="Why an export was not started.")
class ExportStartUserError(UserError):
    """An error of `exportStart`."""

    code: ExportStartErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(
    one_of=True, description="Conditions on what is exported: one field, that of the export's kind."
)
class ExportWhereInput:
    """The conditions that the noun's own list takes."""

    listings: Maybe[ListingWhereInput] = strawberry.field(description="Listings that match.")
    offers: Maybe[OfferSnapshotWhereInput] = strawberry.field(
        description="Offers of items that match."
    )
    decisions: Maybe[PriceDecisionWhereInput] = strawberry.field(
        description="Decisions that match."
    )
    changes: Maybe[ChangeWhereInput] = strawberry.field(description="Changes that match.")
    orders: Maybe[OrderWhereInput] = strawberry.field(description="Orders that match.")


@strawberry.input(description="What to export.")
class ExportStartInput:
    """Input of `exportStart`."""

    kind: ExportKind = strawberry.field(description="Things of which kind.")
    where: Maybe[ExportWhereInput] = strawberry.field(
        description="Which of them; all where it is not given.", default=None
    )
    fields: Maybe[list[str]] = strawberry.field(
        description="Which fields, by their names in this schema; all that can be exported where it is not given. "
        "`id` and `__typename` are always there.",
        default=None,
    )
    idempotency_key: IdempotencyKey | None = strawberry.field(description=KEY, default=None)


@strawberry.type(description="What `exportStart` gives.")
class ExportStartPayload:
    """Payload of `exportStart`."""

    operation: Operation | None = strawberry.field(
        description="The export, to watch; its `resultUrl` leads to the file once it is done."
    )
    user_errors: list[ExportStartUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@strawberry.type
class ExportMutations:
    """Mutations of exports."""

    @described
    @needs(AccessScope.READ)
    async def export_start(
        self,
        info: Info,
        given: Annotated[
            ExportStartInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> ExportStartPayload:
        """Have things of one kind written into a file of JSON Lines that can be downloaded for seven days.

        Takes the scopes that reading those things takes, and what the fields refer to.
        """
        context = info.context

        async def start(scope: Scope) -> domain.Operation:
            where = _where(given)
            names = given.fields.value if given.fields else None
            fields = use_cases.fields_of(given.kind, names)
            scopes = scopes_of(given.kind, fields)
            context.viewer.require(scopes)
            return await use_cases.start(
                context.runtime,
                scope,
                given.kind,
                where,
                fields,
                scopes=scopes,
                actor=context.viewer.actor,
            )

        work = once(info, given, OPERATIONS, start)
        row, errors = await attempt(work, ExportStartUserError, ExportStartErrorCode)
        context.forget()
        wanted = Selection.of(info)["operation"]
        operation = await operations.NOUN.of(context, row, wanted) if row else None
        return ExportStartPayload(operation=operation, user_errors=errors)


def scopes_of(kind: ExportKind, fields: Sequence[str]) -> set[AccessScope]:
    """The scopes that reading these fields takes."""
    return {READS[noun] for noun in SHAPES[kind].shows(fields)}


def _where(given: ExportStartInput) -> Where:
    """The condition, which must be one on what is exported."""
    if given.where is None:
        return EVERYTHING
    name, value = next(_set(given.where.value))
    if name != given.kind.lower():
        raise InvalidInput(
            f"An export of {given.kind} takes conditions in `{given.kind.lower()}`.",
            field=("input", "where", name),
        )
    return where_of(value)


def _set(where: ExportWhereInput) -> Iterator[tuple[str, Any]]:
    return (
        (name, some.value)
        for name in ("listings", "offers", "decisions", "changes", "orders")
        if (some := getattr(where, name)) is not None and some is not strawberry.UNSET
    )
