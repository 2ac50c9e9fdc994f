"""Mutations of deliveries: a try-out, and having one repeated."""

from enum import Enum
from typing import Annotated

import strawberry

from domain import webhook as domain
from domain.access import AccessScope
from domain.clock import SystemClock
from graphql_api import webhook_deliveries
from graphql_api.access import needs
from graphql_api.context import Info
from graphql_api.errors import UserError, attempt, error_codes
from graphql_api.fields import described
from graphql_api.ids import Kind, require_key
from graphql_api.selection import Selection
from graphql_api.webhook_deliveries import WebhookDelivery
from services import webhooks as use_cases

_machine = SystemClock()


@error_codes("Why nothing was sent.")
class WebhookTestErrorCode(Enum):
    """Codes of `webhookTest`."""

    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"


@strawberry.type(description="Why nothing was sent.")
class WebhookTestUserError(UserError):
    """An error of `webhookTest`."""

    code: WebhookTestErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A webhook to try out.")
class WebhookTestInput:
    """Input of `webhookTest`."""

    webhook_id: strawberry.ID = strawberry.field(description="The webhook.")


@strawberry.type(description="What `webhookTest` gives.")
class WebhookTestPayload:
    """Payload of `webhookTest`."""

    delivery: WebhookDelivery | None = strawberry.field(
        description="The delivery, to watch: it is sent within a second or two."
    )
    user_errors: list[WebhookTestUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why the event was not sent again.")
class WebhookRedeliverErrorCode(Enum):
    """Codes of `webhookRedeliver`."""

    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"


@strawberry.type(description="Why the event was not sent again.")
class WebhookRedeliverUserError(UserError):
    """An error of `webhookRedeliver`."""

    code: WebhookRedeliverErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A delivery to repeat.")
class WebhookRedeliverInput:
    """Input of `webhookRedeliver`."""

    delivery_id: strawberry.ID = strawberry.field(description="The delivery.")


@strawberry.type(description="What `webhookRedeliver` gives.")
class WebhookRedeliverPayload:
    """Payload of `webhookRedeliver`."""

    delivery: WebhookDelivery | None = strawberry.field(
        description="The delivery, to watch: it is sent within a second or two."
    )
    user_errors: list[WebhookRedeliverUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@strawberry.type
class WebhookDeliveryMutations:
    """Mutations of deliveries."""

    @described
    @needs(AccessScope.MANAGE_WEBHOOKS)
    async def webhook_test(
        self,
        info: Info,
        given: Annotated[
            WebhookTestInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> WebhookTestPayload:
        """Send a webhook a signed message of the topic `TEST`."""
        context = info.context

        async def test() -> domain.WebhookDelivery:
            key = require_key(Kind.WEBHOOK, given.webhook_id, ("webhookId",))
            return await use_cases.test(context.runtime, context.viewer, key, now=_machine.now())

        row, errors = await attempt(test(), WebhookTestUserError, WebhookTestErrorCode)
        return WebhookTestPayload(delivery=await _shown(info, row), user_errors=errors)

    @described
    @needs(AccessScope.MANAGE_WEBHOOKS)
    async def webhook_redeliver(
        self,
        info: Info,
        given: Annotated[
            WebhookRedeliverInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> WebhookRedeliverPayload:
        """Send an event once more under the same event id, whatever became of it."""
        context = info.context

        async def redeliver() -> domain.WebhookDelivery:
            key = require_key(Kind.WEBHOOK_DELIVERY, given.delivery_id, ("deliveryId",))
            return await use_cases.redeliver(
                context.runtime, context.viewer, key, now=_machine.now()
            )

        row, errors = await attempt(
            redeliver(), WebhookRedeliverUserError, WebhookRedeliverErrorCode
        )
        return WebhookRedeliverPayload(delivery=await _shown(info, row), user_errors=errors)


async def _shown(info: Info, row: domain.WebhookDelivery | None) -> WebhookDelivery | None:
    info.context.forget()
    wanted = Selection.of(info)["delivery"]
    return await webhook_deliveries.NOUN.of(info.context, row, wanted) if row else None
