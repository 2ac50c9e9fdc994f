"""Mutations of runs: what a person says to prices that are held, or that went out."""

from enum import Enum
from typing import Annotated

import strawberry

from domain import run as domain
from domain.access import AccessScope
from graphql_api import runs
from graphql_api.access import needs
from graphql_api.context import Info
from graphql_api.errors import UserError, attempt, error_codes
from graphql_api.fields import described
from graphql_api.ids import Kind, to_key
from graphql_api.runs import RepriceRun
from graphql_api.selection import Selection
from services import runs as use_cases


@error_codes("Why a run was not resumed.")
class RepriceRunResumeErrorCode(Enum):
    """Codes of `repriceRunResume`."""

    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"


@strawberry.type(description="Why a run was not resumed.")
class RepriceRunResumeUserError(UserError):
    """An error of `repriceRunResume`."""

    code: RepriceRunResumeErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="Which run is to be resumed.")
class RepriceRunResumeInput:
    """Input of `repriceRunResume`."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    dry_run: bool = strawberry.field(
        description="Tell what would come of it, and write nothing.", default=False
    )


@strawberry.type(description="What `repriceRunResume` gives.")
class RepriceRunResumePayload:
    """Payload of `repriceRunResume`."""

    run: RepriceRun | None = strawberry.field(description="The run as it stands now.")
    user_errors: list[RepriceRunResumeUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why a run was not discarded.")
class RepriceRunDiscardErrorCode(Enum):
    """Codes of `repriceRunDiscard`."""

    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"


@strawberry.type(description="Why a run was not discarded.")
class RepriceRunDiscardUserError(UserError):
    """An error of `repriceRunDiscard`."""

    code: RepriceRunDiscardErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="Which run is to be discarded.")
class RepriceRunDiscardInput:
    """Input of `repriceRunDiscard`."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    dry_run: bool = strawberry.field(
        description="Tell what would come of it, and write nothing.", default=False
    )


@strawberry.type(description="What `repriceRunDiscard` gives.")
class RepriceRunDiscardPayload:
    """Payload of `repriceRunDiscard`."""

    run: RepriceRun | None = strawberry.field(description="The run as it stands now.")
    user_errors: list[RepriceRunDiscardUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why a run was not undone.")
class RepriceRunUndoErrorCode(Enum):
    """Codes of `repriceRunUndo`."""

    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"


@strawberry.type(description="Why a run was not undone.")
class RepriceRunUndoUserError(UserError):
    """An error of `repriceRunUndo`."""

    code: RepriceRunUndoErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="Which run is to be undone.")
class RepriceRunUndoInput:
    """Input of `repriceRunUndo`."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    dry_run: bool = strawberry.field(
        description="Tell what would come of it, and write nothing.", default=False
    )


@strawberry.type(description="What `repriceRunUndo` gives.")
class RepriceRunUndoPayload:
    """Payload of `repriceRunUndo`."""

    run: RepriceRun | None = strawberry.field(description="The run as it stands now.")
    user_errors: list[RepriceRunUndoUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@strawberry.type
class RunMutations:
    """What a person says to a run."""

    @described
    @needs(AccessScope.RUN)
    async def reprice_run_resume(
        self,
        info: Info,
        given: Annotated[
            RepriceRunResumeInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> RepriceRunResumePayload:
        """Let the prices of a held run go: exactly those that were held.

        Where the rules want another price by now, it is judged like any other.
        """
        key = _key(given.run_id)
        context = info.context
        answer = use_cases.resume(
            context.runtime,
            context.written(dry_run=given.dry_run),
            key,
            actor=context.viewer.actor,
        )
        row, errors = await attempt(answer, RepriceRunResumeUserError, RepriceRunResumeErrorCode)
        return RepriceRunResumePayload(run=await _shown(info, row), user_errors=errors)

    @described
    @needs(AccessScope.RUN)
    async def reprice_run_discard(
        self,
        info: Info,
        given: Annotated[
            RepriceRunDiscardInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> RepriceRunDiscardPayload:
        """Turn the prices of a held run down.

        They stay held until the rules want other ones.
        """
        key = _key(given.run_id)
        context = info.context
        answer = use_cases.discard(
            context.runtime,
            context.written(dry_run=given.dry_run),
            key,
            actor=context.viewer.actor,
        )
        row, errors = await attempt(answer, RepriceRunDiscardUserError, RepriceRunDiscardErrorCode)
        return RepriceRunDiscardPayload(run=await _shown(info, row), user_errors=errors)

    @described
    @needs(AccessScope.RUN)
    async def reprice_run_undo(
        self,
        info: Info,
        given: Annotated[
            RepriceRunUndoInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> RepriceRunUndoPayload:
        """Have the prices from before a run set again, where they may be and nothing changed them since.

        The rules stay in force; what they want now is turned down until they want something else.
        """
        key = _key(given.run_id)
        context = info.context
        answer = use_cases.undo(
            context.runtime,
            context.written(dry_run=given.dry_run),
            key,
            actor=context.viewer.actor,
        )
        row, errors = await attempt(answer, RepriceRunUndoUserError, RepriceRunUndoErrorCode)
        return RepriceRunUndoPayload(run=await _shown(info, row), user_errors=errors)


def _key(id_: str) -> str:
    """The key of a run; of what is no run's id, one that finds nothing."""
    return to_key(Kind.RUN, id_) or ""


async def _shown(info: Info, row: domain.Run | None) -> RepriceRun | None:
    info.context.forget()
    wanted = Selection.of(info)["run"]
    return await runs.NOUN.of(info.context, row, wanted) if row else None
