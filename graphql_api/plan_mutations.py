"""Mutations around the life of rules: working out what they would do, and going back."""

from enum import Enum
from typing import Annotated

import strawberry

from domain import plan as domain
from domain import ruleset
from domain.access import AccessScope
from graphql_api import plans, rulesets
from graphql_api.access import needs
from graphql_api.context import Info, RequestContext
from graphql_api.errors import UserError, attempt, error_codes
from graphql_api.fields import described
from graphql_api.idempotency import KEY, once
from graphql_api.ids import Kind, require_key, to_key
from graphql_api.plans import Plan
from graphql_api.rulesets import Ruleset
from graphql_api.scalars import IdempotencyKey
from graphql_api.selection import Selection
from rules.document import DocumentInvalid, parse
from services import plans as use_cases
from services import rulesets as versions
from storage.mongo import Scope
from storage.plans import PLANS
from storage.rulesets import RULESETS
from storage.stores import STORES


@error_codes("Why rules were not simulated.")
class RulesetSimulateErrorCode(Enum):
    """Codes of `rulesetSimulate`."""

    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    INVALID_DOCUMENT = "INVALID_DOCUMENT"


@strawberry.type(description="Why rules were not simulated; one for each mistake of the documents.")
class RulesetSimulateUserError(UserError):
    """An error of `rulesetSimulate`."""

    code: RulesetSimulateErrorCode = strawberry.field(description="The kind of mistake.")
    line: int | None = strawberry.field(
        description="Line of the document, from 1; null where it is not about a document.",
        default=None,
    )
    column: int | None = strawberry.field(description="Column of the line, from 1.", default=None)
    document_path: str | None = strawberry.field(
        description="Place in the document, such as `rules[2].when.all[0].gte`; empty for the whole.",
        default=None,
    )


@strawberry.input(description="Rule documents whose effect is to be worked out.")
class RulesetSimulateInput:
    """Input of `rulesetSimulate`."""

    store_id: strawberry.ID = strawberry.field(description="The store whose catalogue is meant.")
    sources: list[str] = strawberry.field(
        description="The documents, YAML or JSON, one of a kind; of a kind that is not given, the rules in force stay."
    )
    idempotency_key: IdempotencyKey | None = strawberry.field(description=KEY, default=None)


@strawberry.type(description="What `rulesetSimulate` gives.")
class RulesetSimulatePayload:
    """Payload of `rulesetSimulate`."""

    plan: Plan | None = strawberry.field(
        description="The plan; its `effect` is there once its `operation` is done."
    )
    user_errors: list[RulesetSimulateUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why no older rules were brought back.")
class RulesetRollBackErrorCode(Enum):
    """Codes of `rulesetRollBack`."""

    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    TRIAL_FAILED = "TRIAL_FAILED"


@strawberry.type(description="Why no older rules were brought back.")
class RulesetRollBackUserError(UserError):
    """An error of `rulesetRollBack`."""

    code: RulesetRollBackErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="Which rules to bring back.")
class RulesetRollBackInput:
    """Input of `rulesetRollBack`."""

    store_id: strawberry.ID = strawberry.field(description="The store.")
    kind: ruleset.RulesetKind = strawberry.field(description="What the rules decide.")
    version: int | None = strawberry.field(
        description="The version to bring back; left out, the one that was in force before the present one.",
        default=None,
    )
    idempotency_key: IdempotencyKey | None = strawberry.field(description=KEY, default=None)


@strawberry.type(description="What `rulesetRollBack` gives.")
class RulesetRollBackPayload:
    """Payload of `rulesetRollBack`."""

    ruleset: Ruleset | None = strawberry.field(
        description="A new version with the old text, in force."
    )
    user_errors: list[RulesetRollBackUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@strawberry.type
class PlanMutations:
    """Mutations of plans, and the way back."""

    @described
    @needs(AccessScope.SIMULATE)
    async def ruleset_simulate(
        self,
        info: Info,
        given: Annotated[
            RulesetSimulateInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> RulesetSimulatePayload:
        """Work out what rule documents would do to the live catalogue, changing nothing.

        `rulesetPublish` with the plan's id then publishes exactly that.
        """
        mistakes = await _mistakes(info.context, given)
        if mistakes:
            return RulesetSimulatePayload(plan=None, user_errors=mistakes)
        row, errors = await attempt(
            _start(info, given), RulesetSimulateUserError, RulesetSimulateErrorCode
        )
        info.context.forget()
        wanted = Selection.of(info)["plan"]
        plan = await plans.NOUN.of(info.context, row, wanted) if row else None
        return RulesetSimulatePayload(plan=plan, user_errors=errors)

    @described
    @needs(AccessScope.WRITE_RULES)
    async def ruleset_roll_back(
        self,
        info: Info,
        given: Annotated[
            RulesetRollBackInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> RulesetRollBackPayload:
        """Put an older version of rules in force again at once, as a new version with the old text.

        Every listing is decided again.
        """
        context = info.context

        async def roll_back(scope: Scope) -> ruleset.Ruleset:
            key = require_key(Kind.STORE, given.store_id, ("storeId",))
            return await versions.roll_back(
                context.runtime,
                scope,
                key,
                given.kind,
                to_version=given.version,
                actor=context.viewer.actor,
            )

        work = once(info, given, RULESETS, roll_back)
        row, errors = await attempt(work, RulesetRollBackUserError, RulesetRollBackErrorCode)
        context.forget()
        wanted = Selection.of(info)["ruleset"]
        shown = await rulesets.NOUN.of(context, row, wanted) if row else None
        return RulesetRollBackPayload(ruleset=shown, user_errors=errors)


async def _start(info: Info, given: RulesetSimulateInput) -> domain.Plan:
    context = info.context
    key = require_key(Kind.STORE, given.store_id, ("storeId",))

    async def start(scope: Scope) -> domain.Plan:
        return await use_cases.start(
            context.runtime, scope, key, given.sources, author=context.viewer.actor
        )

    return await once(info, given, PLANS, start)


async def _mistakes(
    context: RequestContext, given: RulesetSimulateInput
) -> list[RulesetSimulateUserError]:
    """Every mistake of every document, with its place."""
    key = to_key(Kind.STORE, given.store_id) or ""
    store = (await context.rows(STORES, [key])).get(key)
    currency = store.currency if store else None
    found = []
    for place, source in enumerate(given.sources):
        try:
            parse(source, currency=currency)
        except DocumentInvalid as invalid:
            found += [
                RulesetSimulateUserError(
                    field=["input", "sources", str(place)],
                    message=error.message,
                    code=RulesetSimulateErrorCode.INVALID_DOCUMENT,
                    line=error.line,
                    column=error.column,
                    document_path=error.path,
                )
                for error in invalid.errors
            ]
    return found
