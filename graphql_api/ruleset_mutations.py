"""Mutations of rulesets: drafting, publishing."""

from enum import Enum
from typing import Annotated

import strawberry

from domain import ruleset as domain
from domain.access import AccessScope
from domain.errors import InvalidInput
from graphql_api import plans, rulesets
from graphql_api.access import needs
from graphql_api.context import Info, RequestContext
from graphql_api.errors import UserError, attempt, error_codes
from graphql_api.fields import described
from graphql_api.ids import Kind, require_key
from graphql_api.plans import Plan
from graphql_api.rulesets import Ruleset
from graphql_api.selection import Selection
from rules.document import DocumentInvalid
from services import plans as planning
from services import rulesets as use_cases


@error_codes("Why a rule document was not kept.")
class RulesetCreateErrorCode(Enum):
    """Codes of `rulesetCreate`."""

    NOT_FOUND = "NOT_FOUND"
    INVALID_DOCUMENT = "INVALID_DOCUMENT"


@strawberry.type(
    description="Why a rule document was not kept; one for each mistake of the document."
)
class RulesetCreateUserError(UserError):
    """An error of `rulesetCreate`."""

    code: RulesetCreateErrorCode = strawberry.field(description="The kind of mistake.")
    line: int | None = strawberry.field(
        description="Line of the document, from 1; null where it is not about the document.",
        default=None,
    )
    column: int | None = strawberry.field(
        description="Column of the line, from 1.",
        default=None,
    )
    document_path: str | None = strawberry.field(
        description="Place in the document, such as `rules[2].when.all[0].gte`; empty for the whole.",
        default=None,
    )


@strawberry.input(description="A rule document to keep as the next draft version.")
class RulesetCreateInput:
    """Input of `rulesetCreate`."""

    store_id: strawberry.ID = strawberry.field(description="The store that the rules are for.")
    source: str = strawberry.field(
        description="The document, YAML or JSON; it names its kind itself."
    )


@strawberry.type(description="What `rulesetCreate` gives.")
class RulesetCreatePayload:
    """Payload of `rulesetCreate`."""

    ruleset: Ruleset | None = strawberry.field(
        description="The draft; a document equal to the newest version is that version."
    )
    user_errors: list[RulesetCreateUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why rules were not published.")
class RulesetPublishErrorCode(Enum):
    """Codes of `rulesetPublish`."""

    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    CONFLICT = "CONFLICT"
    PLAN_OUTDATED = "PLAN_OUTDATED"
    TRIAL_FAILED = "TRIAL_FAILED"


@strawberry.type(description="Why rules were not published.")
class RulesetPublishUserError(UserError):
    """An error of `rulesetPublish`."""

    code: RulesetPublishErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="What to put in force: a plan, or a version without looking first.")
class RulesetPublishInput:
    """Input of `rulesetPublish`."""

    plan_id: strawberry.ID | None = strawberry.field(
        description="A plan of `rulesetSimulate`: all its documents are published, unless too much would now change otherwise.",
        default=None,
    )
    ruleset_id: strawberry.ID | None = strawberry.field(
        description="A version, where no plan is given.", default=None
    )


@strawberry.type(description="What `rulesetPublish` gives.")
class RulesetPublishPayload:
    """Payload of `rulesetPublish`."""

    ruleset: Ruleset | None = strawberry.field(
        description="The version, in force; null for a plan."
    )
    plan: Plan | None = strawberry.field(description="The plan that was published.")
    user_errors: list[RulesetPublishUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@strawberry.type
class RulesetMutations:
    """Mutations of rulesets."""

    @described
    @needs(AccessScope.WRITE_RULES)
    async def ruleset_create(
        self,
        info: Info,
        given: Annotated[
            RulesetCreateInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> RulesetCreatePayload:
        """Keep a rule document as the store's next draft version."""
        try:
            row, errors = await attempt(
                _create(info.context, given), RulesetCreateUserError, RulesetCreateErrorCode
            )
        except _Mistakes as found:
            row, errors = None, found.errors
        return RulesetCreatePayload(ruleset=await _shown(info, row), user_errors=errors)

    @described
    @needs(AccessScope.WRITE_RULES)
    async def ruleset_publish(
        self,
        info: Info,
        given: Annotated[
            RulesetPublishInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> RulesetPublishPayload:
        """Put a plan's documents or a version in force, all or nothing.

        What was in force before retires, and every listing is decided again.
        """
        context = info.context
        keys, errors = await attempt(
            _publish(context, given), RulesetPublishUserError, RulesetPublishErrorCode
        )
        row, plan_key = keys or (None, None)
        shown = await _shown(info, row)
        asked = Selection.of(info)
        is_shown = plan_key is not None and "plan" in asked
        plan = await plans.NOUN.by_key(context, plan_key or "", asked["plan"]) if is_shown else None
        return RulesetPublishPayload(ruleset=shown, plan=plan, user_errors=errors)


class _Mistakes(Exception):
    def __init__(self, invalid: DocumentInvalid) -> None:
        super().__init__(str(invalid))
        self.errors = [
            RulesetCreateUserError(
                field=["input", "source"],
                message=error.message,
                code=RulesetCreateErrorCode.INVALID_DOCUMENT,
                line=error.line,
                column=error.column,
                document_path=error.path,
            )
            for error in invalid.errors
        ]


async def _create(context: RequestContext, given: RulesetCreateInput) -> domain.Ruleset:
    key = require_key(Kind.STORE, given.store_id, ("storeId",))
    try:
        return await use_cases.create(
            context.runtime, context.scope, key, given.source, author=context.viewer.actor
        )
    except DocumentInvalid as invalid:
        raise _Mistakes(invalid) from invalid


async def _publish(
    context: RequestContext, given: RulesetPublishInput
) -> tuple[domain.Ruleset | None, str | None]:
    """The version or the key of the plan that was published."""
    actor = context.viewer.actor
    if (given.plan_id is None) is (given.ruleset_id is None):
        raise InvalidInput("Give `planId` or `rulesetId`, not both.", field=("planId",))
    if given.plan_id is not None:
        key = require_key(Kind.PLAN, given.plan_id, ("planId",))
        await planning.publish(context.runtime, context.scope, key, actor=actor)
        return None, key
    key = require_key(Kind.RULESET, given.ruleset_id or "", ("rulesetId",))
    return await use_cases.publish(context.runtime, context.scope, key, actor=actor), None


async def _shown(info: Info, row: domain.Ruleset | None) -> Ruleset | None:
    info.context.forget()
    if row is None:
        return None
    return await rulesets.NOUN.of(info.context, row, Selection.of(info)["ruleset"])
