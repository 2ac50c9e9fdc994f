"""Mutations of API keys: making, rotating, revoking."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated

import strawberry

from domain import api_key as domain
from domain.access import AccessScope, Role
from domain.clock import SystemClock
from graphql_api import api_keys
from graphql_api.access import needs
from graphql_api.api_keys import ApiKey
from graphql_api.context import Info
from graphql_api.errors import UserError, attempt, error_codes
from graphql_api.fields import described
from graphql_api.ids import Kind, require_key
from graphql_api.selection import Selection
from services import api_keys as use_cases
from services.api_keys import GRACE, LONGEST_GRACE

_machine = SystemClock()
_HOUR = timedelta(hours=1)


@error_codes("Why a key was not made.")
class ApiKeyCreateErrorCode(Enum):
    """Codes of `apiKeyCreate`."""

    INVALID = "INVALID"


@strawberry.type(description="Why a key was not made.")
class ApiKeyCreateUserError(UserError):
    """An error of `apiKeyCreate`."""

    code: ApiKeyCreateErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A key to make: with a role, or with scopes of its own.")
class ApiKeyCreateInput:
    """Input of `apiKeyCreate`."""

    name: str = strawberry.field(description="What it is for; changes made with it are logged so.")
    role: Role | None = strawberry.field(
        description="Its role; the caller has all its scopes.", default=None
    )
    scopes: list[AccessScope] | None = strawberry.field(
        description="Its scopes, where it has no role; the caller has them all.", default=None
    )
    expires_at: datetime | None = strawberry.field(
        description="When it stops being good; left out, it does not by itself.", default=None
    )


@strawberry.type(description="What `apiKeyCreate` gives.")
class ApiKeyCreatePayload:
    """Payload of `apiKeyCreate`."""

    api_key: ApiKey | None = strawberry.field(description="The key as it can be seen from now on.")
    key: str | None = strawberry.field(
        description="The key itself, to send as `Authorization: Bearer`. It is shown this once."
    )
    user_errors: list[ApiKeyCreateUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why a key was not rotated.")
class ApiKeyRotateErrorCode(Enum):
    """Codes of `apiKeyRotate`."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"


@strawberry.type(description="Why a key was not rotated.")
class ApiKeyRotateUserError(UserError):
    """An error of `apiKeyRotate`."""

    code: ApiKeyRotateErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A key to replace by a new one with the same name and scopes.")
class ApiKeyRotateInput:
    """Input of `apiKeyRotate`."""

    api_key_id: strawberry.ID = strawberry.field(description="The key.")
    grace_hours: int = strawberry.field(
        description=f"How long the key from before stays good, 0 to {LONGEST_GRACE // _HOUR} hours.",
        default=GRACE // _HOUR,
    )


@strawberry.type(description="What `apiKeyRotate` gives.")
class ApiKeyRotatePayload:
    """Payload of `apiKeyRotate`."""

    api_key: ApiKey | None = strawberry.field(description="The key as it can be seen from now on.")
    key: str | None = strawberry.field(
        description="The new key itself, to send as `Authorization: Bearer`. It is shown this once."
    )
    user_errors: list[ApiKeyRotateUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why a key was not revoked.")
class ApiKeyRevokeErrorCode(Enum):
    """Codes of `apiKeyRevoke`."""

    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"


@strawberry.type(description="Why a key was not revoked.")
class ApiKeyRevokeUserError(UserError):
    """An error of `apiKeyRevoke`."""

    code: ApiKeyRevokeErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A key to revoke.")
class ApiKeyRevokeInput:
    """Input of `apiKeyRevoke`."""

    api_key_id: strawberry.ID = strawberry.field(description="The key.")


@strawberry.type(description="What `apiKeyRevoke` gives.")
class ApiKeyRevokePayload:
    """Payload of `apiKeyRevoke`."""

    api_key: ApiKey | None = strawberry.field(description="The key as it is now.")
    user_errors: list[ApiKeyRevokeUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@strawberry.type
class ApiKeyMutations:
    """Mutations of API keys."""

    @described
    @needs(AccessScope.MANAGE_KEYS)
    async def api_key_create(
        self,
        info: Info,
        given: Annotated[
            ApiKeyCreateInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> ApiKeyCreatePayload:
        """Make an API key. Nobody can give a key what they may not do themselves."""
        context = info.context
        work = use_cases.create(
            context.runtime,
            context.viewer,
            name=given.name,
            role=given.role,
            scopes=given.scopes or (),
            expires_at=given.expires_at,
            now=_machine.now(),
        )
        issued, errors = await attempt(work, ApiKeyCreateUserError, ApiKeyCreateErrorCode)
        return ApiKeyCreatePayload(
            api_key=await _shown(info, issued.key if issued else None),
            key=issued.credential if issued else None,
            user_errors=errors,
        )

    @described
    @needs(AccessScope.MANAGE_KEYS)
    async def api_key_rotate(
        self,
        info: Info,
        given: Annotated[
            ApiKeyRotateInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> ApiKeyRotatePayload:
        """Replace a key by a new one of the same name and scopes, which the caller must have.

        The key from before stays good for the grace.
        """
        context = info.context

        async def rotate() -> use_cases.Issued:
            key = require_key(Kind.API_KEY, given.api_key_id, ("apiKeyId",))
            grace = given.grace_hours * _HOUR
            return await use_cases.rotate(
                context.runtime, context.viewer, key, grace=grace, now=_machine.now()
            )

        issued, errors = await attempt(rotate(), ApiKeyRotateUserError, ApiKeyRotateErrorCode)
        return ApiKeyRotatePayload(
            api_key=await _shown(info, issued.key if issued else None),
            key=issued.credential if issued else None,
            user_errors=errors,
        )

    @described
    @needs(AccessScope.MANAGE_KEYS)
    async def api_key_revoke(
        self,
        info: Info,
        given: Annotated[
            ApiKeyRevokeInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> ApiKeyRevokePayload:
        """Have a key open nothing any more, within five seconds."""
        context = info.context

        async def revoke() -> domain.ApiKey:
            key = require_key(Kind.API_KEY, given.api_key_id, ("apiKeyId",))
            return await use_cases.revoke(context.runtime, context.viewer, key, now=_machine.now())

        row, errors = await attempt(revoke(), ApiKeyRevokeUserError, ApiKeyRevokeErrorCode)
        return ApiKeyRevokePayload(api_key=await _shown(info, row), user_errors=errors)


async def _shown(info: Info, row: domain.ApiKey | None) -> ApiKey | None:
    info.context.forget()
    wanted = Selection.of(info)["apiKey"]
    return await api_keys.NOUN.of(info.context, row, wanted) if row else None
