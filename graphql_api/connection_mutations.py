"""Mutations on a store's connection to Amazon: asking the seller to authorise, and finding out what fails."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from connectors import port
from connectors.port import ConnectionPart, DiagnosisOutcome
from domain.access import AccessScope
from graphql_api.access import needs
from graphql_api.context import Info, RequestContext
from graphql_api.errors import UserError, attempt, error_codes
from graphql_api.fields import described
from graphql_api.ids import Kind, require_key
from services import authorizations, diagnosis


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


@error_codes("Why a connection was not examined.")
class StoreDiagnoseErrorCode(Enum):
    """Codes of `storeDiagnose`."""

    NOT_FOUND = "NOT_FOUND"
    NOT_CONNECTED = "NOT_CONNECTED"


@strawberry.type(description="Why a connection was not examined.")
class StoreDiagnoseUserError(UserError):
    """An error of `storeDiagnose`."""

    code: StoreDiagnoseErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A store whose connection to Amazon is to be tried.")
class StoreDiagnoseInput:
    """Input of `storeDiagnose`."""

    store_id: strawberry.ID = strawberry.field(description="The store.")


@strawberry.type(description="What is known of one part of a connection.")
class ConnectionDiagnosis:
    """A diagnosis."""

    part: ConnectionPart = strawberry.field(description="The part.")
    outcome: DiagnosisOutcome = strawberry.field(description="Whether it works.")
    message: str = strawberry.field(description="What was found, for people.")
    remedy: str | None = strawberry.field(
        description="What to do about it; null where there is nothing to do."
    )


@strawberry.type(description="What `storeDiagnose` gives.")
class StoreDiagnosePayload:
    """Payload of `storeDiagnose`."""

    diagnoses: list[ConnectionDiagnosis] | None = strawberry.field(
        description="The parts in the order in which one needs the other; roles have one each."
    )
    user_errors: list[StoreDiagnoseUserError] = strawberry.field(
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

    @described
    @needs(AccessScope.WRITE_STORES)
    async def store_diagnose(
        self,
        info: Info,
        given: Annotated[
            StoreDiagnoseInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> StoreDiagnosePayload:
        """Try a store's connection to Amazon, and name the part that does not work with the way out.

        It asks Amazon several things, changes nothing, and takes some seconds.
        """
        found, errors = await attempt(
            _diagnose(info.context, given), StoreDiagnoseUserError, StoreDiagnoseErrorCode
        )
        told = [_diagnosis(each) for each in found] if found is not None else None
        return StoreDiagnosePayload(diagnoses=told, user_errors=errors)


async def _diagnose(context: RequestContext, given: StoreDiagnoseInput) -> list[port.Diagnosis]:
    key = require_key(Kind.STORE, given.store_id, ("storeId",))
    return await diagnosis.diagnose(context.runtime, context.scope, key)


def _diagnosis(found: port.Diagnosis) -> ConnectionDiagnosis:
    return ConnectionDiagnosis(
        part=found.part, outcome=found.outcome, message=found.message, remedy=found.remedy
    )


async def _authorize(context: RequestContext, given: StoreAuthorizeInput) -> tuple[str, datetime]:
    return await authorizations.begin(
        context.runtime,
        context.scope,
        require_key(Kind.STORE, given.store_id, ("storeId",)),
        actor=context.viewer.actor,
    )
