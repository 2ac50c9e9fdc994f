"""Mutations of webhooks: creating, changing, disabling, and their secrets."""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import Maybe

from domain import webhook as domain
from domain.access import AccessScope
from domain.clock import SystemClock
from domain.errors import InvalidInput
from graphql_api import webhooks
from graphql_api.access import needs
from graphql_api.context import Info
from graphql_api.errors import UserError, attempt, error_codes
from graphql_api.fields import described
from graphql_api.idempotency import KEY, once
from graphql_api.ids import Kind, require_key
from graphql_api.scalars import IdempotencyKey
from graphql_api.selection import Selection
from graphql_api.webhooks import Webhook
from services import webhooks as use_cases
from storage.mongo import Scope
from storage.webhooks import WEBHOOKS

_machine = SystemClock()


@error_codes("Why a webhook was not created.")
class WebhookCreateErrorCode(Enum):
    """Codes of `webhookCreate`."""

    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"


@strawberry.type(description="Why a webhook was not created.")
class WebhookCreateUserError(UserError):
    """An error of `webhookCreate`."""

    code: WebhookCreateErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="An address to tell of what happens.")
class WebhookCreateInput:
    """Input of `webhookCreate`."""

    url: str = strawberry.field(
        description="The address, with https. It must be on the public network."
    )
    topics: list[domain.WebhookTopic] = strawberry.field(
        description="What it is to be told of. The caller must be allowed to read that."
    )
    store_ids: list[strawberry.ID] | None = strawberry.field(
        description="The stores of which it is to be told; all, also future ones, where left out.",
        default=None,
    )
    idempotency_key: IdempotencyKey | None = strawberry.field(description=KEY, default=None)


@strawberry.type(description="What `webhookCreate` gives.")
class WebhookCreatePayload:
    """Payload of `webhookCreate`."""

    webhook: Webhook | None = strawberry.field(description="The webhook as it is now.")
    secret: str | None = strawberry.field(
        description="The secret that signs its deliveries. It is shown once, here: a request that is sent again is "
        "answered without. Rotate it where it was not heard."
    )
    user_errors: list[WebhookCreateUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why a webhook was not changed.")
class WebhookUpdateErrorCode(Enum):
    """Codes of `webhookUpdate`."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"


@strawberry.type(description="Why a webhook was not changed.")
class WebhookUpdateUserError(UserError):
    """An error of `webhookUpdate`."""

    code: WebhookUpdateErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="What to change of a webhook; what is left out stays.")
class WebhookUpdateInput:
    """Input of `webhookUpdate`."""

    webhook_id: strawberry.ID = strawberry.field(description="The webhook.")
    url: Maybe[str] = strawberry.field(
        description="The address. What waits to be delivered goes there, too.", default=None
    )
    topics: Maybe[list[domain.WebhookTopic]] = strawberry.field(
        description="What it is to be told of from now on.", default=None
    )
    store_ids: Maybe[list[strawberry.ID] | None] = strawberry.field(
        description="The stores of which it is to be told; null for all.", default=None
    )


@strawberry.type(description="What `webhookUpdate` gives.")
class WebhookUpdatePayload:
    """Payload of `webhookUpdate`."""

    webhook: Webhook | None = strawberry.field(description="The webhook as it is now.")
    user_errors: list[WebhookUpdateUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why a webhook was not deleted.")
class WebhookDeleteErrorCode(Enum):
    """Codes of `webhookDelete`."""

    NOT_FOUND = "NOT_FOUND"


@strawberry.type(description="Why a webhook was not deleted.")
class WebhookDeleteUserError(UserError):
    """An error of `webhookDelete`."""

    code: WebhookDeleteErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A webhook to delete.")
class WebhookDeleteInput:
    """Input of `webhookDelete`."""

    webhook_id: strawberry.ID = strawberry.field(description="The webhook.")


@strawberry.type(description="What `webhookDelete` gives.")
class WebhookDeletePayload:
    """Payload of `webhookDelete`."""

    webhook: Webhook | None = strawberry.field(description="The webhook as it was.")
    user_errors: list[WebhookDeleteUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why a webhook was not disabled.")
class WebhookDisableErrorCode(Enum):
    """Codes of `webhookDisable`."""

    NOT_FOUND = "NOT_FOUND"


@strawberry.type(description="Why a webhook was not disabled.")
class WebhookDisableUserError(UserError):
    """An error of `webhookDisable`."""

    code: WebhookDisableErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A webhook to disable.")
class WebhookDisableInput:
    """Input of `webhookDisable`."""

    webhook_id: strawberry.ID = strawberry.field(description="The webhook.")


@strawberry.type(description="What `webhookDisable` gives.")
class WebhookDisablePayload:
    """Payload of `webhookDisable`."""

    webhook: Webhook | None = strawberry.field(description="The webhook as it is now.")
    user_errors: list[WebhookDisableUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why a webhook was not enabled.")
class WebhookEnableErrorCode(Enum):
    """Codes of `webhookEnable`."""

    NOT_FOUND = "NOT_FOUND"


@strawberry.type(description="Why a webhook was not enabled.")
class WebhookEnableUserError(UserError):
    """An error of `webhookEnable`."""

    code: WebhookEnableErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A webhook to enable again.")
class WebhookEnableInput:
    """Input of `webhookEnable`."""

    webhook_id: strawberry.ID = strawberry.field(description="The webhook.")


@strawberry.type(description="What `webhookEnable` gives.")
class WebhookEnablePayload:
    """Payload of `webhookEnable`."""

    webhook: Webhook | None = strawberry.field(description="The webhook as it is now.")
    user_errors: list[WebhookEnableUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why a webhook got no new secret.")
class WebhookSecretRotateErrorCode(Enum):
    """Codes of `webhookSecretRotate`."""

    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"


@strawberry.type(description="Why a webhook got no new secret.")
class WebhookSecretRotateUserError(UserError):
    """An error of `webhookSecretRotate`."""

    code: WebhookSecretRotateErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A webhook to give a new secret.")
class WebhookSecretRotateInput:
    """Input of `webhookSecretRotate`."""

    webhook_id: strawberry.ID = strawberry.field(description="The webhook.")


@strawberry.type(description="What `webhookSecretRotate` gives.")
class WebhookSecretRotatePayload:
    """Payload of `webhookSecretRotate`."""

    webhook: Webhook | None = strawberry.field(description="The webhook as it is now.")
    secret: str | None = strawberry.field(
        description="The secret that signs its deliveries. It is shown once, here."
    )
    user_errors: list[WebhookSecretRotateUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@strawberry.type
class WebhookMutations:
    """Mutations of webhooks."""

    @described
    @needs(AccessScope.MANAGE_WEBHOOKS)
    async def webhook_create(
        self,
        info: Info,
        given: Annotated[
            WebhookCreateInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> WebhookCreatePayload:
        """Have an address told of what happens. The secret that signs it is shown once."""
        context = info.context

        secrets: list[str] = []

        async def create(scope: Scope) -> domain.Webhook:
            issued = await use_cases.create(
                context.runtime,
                scope,
                context.viewer,
                url=given.url,
                topics=given.topics,
                store_ids=_store_keys(given.store_ids),
                now=_machine.now(),
            )
            secrets.append(issued.secret)
            return issued.webhook

        work = once(info, given, WEBHOOKS, create)
        row, errors = await attempt(work, WebhookCreateUserError, WebhookCreateErrorCode)
        return WebhookCreatePayload(
            webhook=await _shown(info, row),
            secret=secrets[-1] if row and secrets else None,
            user_errors=errors,
        )

    @described
    @needs(AccessScope.MANAGE_WEBHOOKS)
    async def webhook_update(
        self,
        info: Info,
        given: Annotated[
            WebhookUpdateInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> WebhookUpdatePayload:
        """Change where a webhook is and what it is told of."""
        context = info.context

        async def update() -> domain.Webhook:
            stores = given.store_ids
            return await use_cases.update(
                context.runtime,
                context.viewer,
                require_key(Kind.WEBHOOK, given.webhook_id, ("webhookId",)),
                url=given.url.value if given.url else None,
                topics=given.topics.value if given.topics else None,
                store_ids=_store_keys(stores.value) if stores else None,
                now=_machine.now(),
            )

        row, errors = await attempt(update(), WebhookUpdateUserError, WebhookUpdateErrorCode)
        return WebhookUpdatePayload(webhook=await _shown(info, row), user_errors=errors)

    @described
    @needs(AccessScope.MANAGE_WEBHOOKS)
    async def webhook_delete(
        self,
        info: Info,
        given: Annotated[
            WebhookDeleteInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> WebhookDeletePayload:
        """Delete a webhook. What waits to be delivered never is."""
        context = info.context

        async def delete() -> domain.Webhook:
            key = require_key(Kind.WEBHOOK, given.webhook_id, ("webhookId",))
            return await use_cases.delete(context.runtime, context.viewer, key)

        row, errors = await attempt(delete(), WebhookDeleteUserError, WebhookDeleteErrorCode)
        return WebhookDeletePayload(webhook=await _shown(info, row), user_errors=errors)

    @described
    @needs(AccessScope.MANAGE_WEBHOOKS)
    async def webhook_disable(
        self,
        info: Info,
        given: Annotated[
            WebhookDisableInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> WebhookDisablePayload:
        """Tell a webhook of nothing until it is enabled again.

        What waits to be delivered waits for that; what happens meanwhile is not written down for it.
        """
        context = info.context

        async def disable() -> domain.Webhook:
            key = require_key(Kind.WEBHOOK, given.webhook_id, ("webhookId",))
            return await use_cases.disable(context.runtime, context.viewer, key, now=_machine.now())

        row, errors = await attempt(disable(), WebhookDisableUserError, WebhookDisableErrorCode)
        return WebhookDisablePayload(webhook=await _shown(info, row), user_errors=errors)

    @described
    @needs(AccessScope.MANAGE_WEBHOOKS)
    async def webhook_enable(
        self,
        info: Info,
        given: Annotated[
            WebhookEnableInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> WebhookEnablePayload:
        """Tell a webhook of things again, and first of what still waits for it."""
        context = info.context

        async def enable() -> domain.Webhook:
            key = require_key(Kind.WEBHOOK, given.webhook_id, ("webhookId",))
            return await use_cases.enable(context.runtime, context.viewer, key, now=_machine.now())

        row, errors = await attempt(enable(), WebhookEnableUserError, WebhookEnableErrorCode)
        return WebhookEnablePayload(webhook=await _shown(info, row), user_errors=errors)

    @described
    @needs(AccessScope.MANAGE_WEBHOOKS)
    async def webhook_secret_rotate(
        self,
        info: Info,
        given: Annotated[
            WebhookSecretRotateInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> WebhookSecretRotatePayload:
        """Give a webhook a new secret, which is shown once.

        For a day the one from before signs as well.
        """
        context = info.context

        async def rotate() -> use_cases.Issued:
            key = require_key(Kind.WEBHOOK, given.webhook_id, ("webhookId",))
            return await use_cases.rotate_secret(
                context.runtime, context.viewer, key, now=_machine.now()
            )

        issued, errors = await attempt(
            rotate(), WebhookSecretRotateUserError, WebhookSecretRotateErrorCode
        )
        return WebhookSecretRotatePayload(
            webhook=await _shown(info, issued.webhook if issued else None),
            secret=issued.secret if issued else None,
            user_errors=errors,
        )


def _store_keys(given: Sequence[str] | None) -> list[str]:
    """The stores that are named; none stand for all."""
    if given is None:
        return []
    if not given:
        raise InvalidInput("Name a store, or leave it out for all.", field=("storeIds",))
    return [require_key(Kind.STORE, id_, ("storeIds",)) for id_ in given]


async def _shown(info: Info, row: domain.Webhook | None) -> Webhook | None:
    info.context.forget()
    wanted = Selection.of(info)["webhook"]
    return await webhooks.NOUN.of(info.context, row, wanted) if row else None
