"""Mutations on a store's connection to Amazon: asking the seller to authorise."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from domain.access import AccessScope
from graphql_api.access import needs
from graphql_api.context import Info, RequestContext
from graphql_api.errors import UserError, attempt, error_codes
from graphql_api.fields import described
from graphql_api.ids import Kind, require_key
from services import authorizations


@error_codes("Why a seller cannot be asked to authorise.")
class StoreAuthorizeErrorCode(Enum):
    """Codes of `storeAuthorize`."""

    NOT_FOUND = "NOT_FOUND"
    NOT_CONNECTED = "NOT_CONNECTED"


@strawberry.type(description="Why a seller cannot be asked to authorise.")
class StoreAuthorizeUserError(UserError):
    """An error of `storeAuthorize`."""

    code: StoreAuthorizeErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A store whose seller is to authorise our application at Amazon.")
class StoreAuthorizeInput:
    """Input of `storeAuthorize`."""

    store_id: strawberry.ID = strawberry.field(description="The store.")


@strawberry.type(description="What `storeAuthorize` gives.")
class StoreAuthorizePayload:
    """Payload of `storeAuthorize`."""

    consent_url: str | None = strawberry.field(
        description="Amazon's page on which the seller agrees; open it in the seller's browser."
    )
    expires_at: datetime | None = strawberry.field(
        description="Until when the seller can come back from there. The link is good once."
    )
    user_errors: list[StoreAuthorizeUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@strawberry.type
class ConnectionMutations:
    """Mutations on connections."""

    @described
    @needs(AccessScope.WRITE_STORES)
    async def store_authorize(
        self,
        info: Info,
        given: Annotated[
            StoreAuthorizeInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> StoreAuthorizePayload:
        """Give the link to the page at Amazon on which the seller allows our application.

        Amazon sends the seller back to /amazon/callback, and the store is connected. It is also how an
        authorisation is renewed before its year ends: with the same account.
        """
        begun, errors = await attempt(
            _authorize(info.context, given), StoreAuthorizeUserError, StoreAuthorizeErrorCode
        )
        url, expires_at = begun or (None, None)
        return StoreAuthorizePayload(consent_url=url, expires_at=expires_at, user_errors=errors)


async def _authorize(context: RequestContext, given: StoreAuthorizeInput) -> tuple[str, datetime]:
    return await authorizations.begin(
        context.runtime,
        context.scope,
        require_key(Kind.STORE, given.store_id, ("storeId",)),
        actor=context.viewer.actor,
    )
