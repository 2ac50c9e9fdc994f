"""Mutations of stores: opening, connecting, settings, pausing."""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import Maybe

from domain import store as domain
from domain.access import AccessScope
from domain.marketplace import MARKETPLACES
from graphql_api import stores
from graphql_api.access import needs
from graphql_api.context import Info, RequestContext
from graphql_api.errors import UserError, attempt, error_codes
from graphql_api.fields import described
from graphql_api.idempotency import KEY, once
from graphql_api.ids import Kind, require_key, to_key
from graphql_api.scalars import CurrencyCode, IdempotencyKey
from graphql_api.selection import Selection
from graphql_api.store_settings import StoreSettingsInput, changed_settings
from graphql_api.stores import Store
from services import stores as use_cases
from services.vault import AmazonCredentials
from storage.mongo import Scope
from storage.stores import STORES


@error_codes("Why a store was not created.")
class StoreCreateErrorCode(Enum):
    """Codes of `storeCreate`."""

    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    INVALID = "INVALID"


@strawberry.type(description="Why a store was not created.")
class StoreCreateUserError(UserError):
    """An error of `storeCreate`."""

    code: StoreCreateErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A store to open.")
class StoreCreateInput:
    """Input of `storeCreate`."""

    name: str = strawberry.field(description="Its name.")
    email: str = strawberry.field(description="Where the person in charge is reached.")
    country: str = strawberry.field(
        description=f"Country of its marketplace: {', '.join(MARKETPLACES)}. It cannot be changed later."
    )
    catalog_currency: CurrencyCode = strawberry.field(
        description="Currency of the catalogue's prices."
    )
    settings: Maybe[StoreSettingsInput] = strawberry.field(
        description="Settings that differ from the documented defaults.", default=None
    )
    idempotency_key: IdempotencyKey | None = strawberry.field(description=KEY, default=None)


@strawberry.type(description="What `storeCreate` gives.")
class StoreCreatePayload:
    """Payload of `storeCreate`."""

    store: Store | None = strawberry.field(description="The new store.")
    user_errors: list[StoreCreateUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why a store was not connected.")
class StoreConnectErrorCode(Enum):
    """Codes of `storeConnect`."""

    NOT_FOUND = "NOT_FOUND"
    CREDENTIALS_REFUSED = "CREDENTIALS_REFUSED"
    NOT_CONNECTED = "NOT_CONNECTED"
    STALE_VERSION = "STALE_VERSION"


@strawberry.type(description="Why a store was not connected.")
class StoreConnectUserError(UserError):
    """An error of `storeConnect`."""

    code: StoreConnectErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="Credentials of an application that the seller authorised.")
class AmazonCredentialsInput:
    """Login with Amazon: kept sealed and never shown again."""

    client_id: str = strawberry.field(description="Client id of the application.")
    client_secret: str = strawberry.field(description="Client secret of the application.")
    refresh_token: str = strawberry.field(description="Refresh token of the authorisation.")


@strawberry.input(description="A store and the seller account to connect it to.")
class StoreConnectInput:
    """Input of `storeConnect`."""

    store_id: strawberry.ID = strawberry.field(description="The store.")
    seller_id: str = strawberry.field(description="The seller account's id at Amazon.")
    credentials: AmazonCredentialsInput = strawberry.field(description="The credentials.")


@strawberry.type(description="What `storeConnect` gives.")
class StoreConnectPayload:
    """Payload of `storeConnect`."""

    store: Store | None = strawberry.field(description="The connected store.")
    user_errors: list[StoreConnectUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why settings were not changed.")
class StoreSettingsUpdateErrorCode(Enum):
    """Codes of `storeSettingsUpdate`."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    STALE_VERSION = "STALE_VERSION"


@strawberry.type(description="Why settings were not changed.")
class StoreSettingsUpdateUserError(UserError):
    """An error of `storeSettingsUpdate`."""

    code: StoreSettingsUpdateErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="Settings to change.")
class StoreSettingsUpdateInput:
    """Input of `storeSettingsUpdate`."""

    store_id: strawberry.ID = strawberry.field(description="The store.")
    settings: StoreSettingsInput = strawberry.field(description="The changes.")
    expected_version: Maybe[int] = strawberry.field(
        description="Refuse if the store is not at this version.", default=None
    )
    dry_run: bool = strawberry.field(
        description="Tell what would come of it, and write nothing.", default=False
    )


@strawberry.type(description="What `storeSettingsUpdate` gives.")
class StoreSettingsUpdatePayload:
    """Payload of `storeSettingsUpdate`."""

    store: Store | None = strawberry.field(description="The store as it is now.")
    user_errors: list[StoreSettingsUpdateUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why a store was not activated.")
class StoreActivateErrorCode(Enum):
    """Codes of `storeActivate`."""

    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    STALE_VERSION = "STALE_VERSION"


@strawberry.type(description="Why a store was not activated.")
class StoreActivateUserError(UserError):
    """An error of `storeActivate`."""

    code: StoreActivateErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A store to resume.")
class StoreActivateInput:
    """Input of `storeActivate`."""

    store_id: strawberry.ID = strawberry.field(description="The store.")


@strawberry.type(description="What `storeActivate` gives.")
class StoreActivatePayload:
    """Payload of `storeActivate`."""

    store: Store | None = strawberry.field(description="The store as it is now.")
    user_errors: list[StoreActivateUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why a store was not deactivated.")
class StoreDeactivateErrorCode(Enum):
    """Codes of `storeDeactivate`."""

    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    STALE_VERSION = "STALE_VERSION"


@strawberry.type(description="Why a store was not deactivated.")
class StoreDeactivateUserError(UserError):
    """An error of `storeDeactivate`."""

    code: StoreDeactivateErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A store to pause.")
class StoreDeactivateInput:
    """Input of `storeDeactivate`."""

    store_id: strawberry.ID = strawberry.field(description="The store.")


@strawberry.type(description="What `storeDeactivate` gives.")
class StoreDeactivatePayload:
    """Payload of `storeDeactivate`."""

    store: Store | None = strawberry.field(description="The store as it is now.")
    user_errors: list[StoreDeactivateUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@strawberry.type
class StoreMutations:
    """Mutations of stores."""

    @described
    @needs(AccessScope.WRITE_STORES)
    async def store_create(
        self,
        info: Info,
        given: Annotated[
            StoreCreateInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> StoreCreatePayload:
        """Open a store. It talks to nobody until it is connected."""
        row, errors = await attempt(
            _create(info, given), StoreCreateUserError, StoreCreateErrorCode
        )
        return StoreCreatePayload(store=await _shown(info, row, given_id=None), user_errors=errors)

    @described
    @needs(AccessScope.WRITE_STORES)
    async def store_connect(
        self,
        info: Info,
        given: Annotated[
            StoreConnectInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> StoreConnectPayload:
        """Connect a store to a seller account at Amazon.

        The credentials are tried first; when they work, listings and orders begin to be kept in
        step.
        """
        row, errors = await attempt(
            _connect(info.context, given), StoreConnectUserError, StoreConnectErrorCode
        )
        stale = _is_stale([error.code for error in errors])
        store = await _shown(info, row, given_id=given.store_id if stale else None)
        return StoreConnectPayload(store=store, user_errors=errors)

    @described
    @needs(AccessScope.WRITE_STORES)
    async def store_settings_update(
        self,
        info: Info,
        given: Annotated[
            StoreSettingsUpdateInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> StoreSettingsUpdatePayload:
        """Change a store's settings. Every price is decided again under the new ones."""
        row, errors = await attempt(
            _update(info.context, given), StoreSettingsUpdateUserError, StoreSettingsUpdateErrorCode
        )
        stale = _is_stale([error.code for error in errors])
        store = await _shown(info, row, given_id=given.store_id if stale else None)
        return StoreSettingsUpdatePayload(store=store, user_errors=errors)

    @described
    @needs(AccessScope.WRITE_STORES)
    async def store_activate(
        self,
        info: Info,
        given: Annotated[
            StoreActivateInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> StoreActivatePayload:
        """Resume a store: listings, prices and orders are kept in step again."""
        work = _set_active(info.context, given.store_id, active=True)
        row, errors = await attempt(work, StoreActivateUserError, StoreActivateErrorCode)
        stale = _is_stale([error.code for error in errors])
        store = await _shown(info, row, given_id=given.store_id if stale else None)
        return StoreActivatePayload(store=store, user_errors=errors)

    @described
    @needs(AccessScope.WRITE_STORES)
    async def store_deactivate(
        self,
        info: Info,
        given: Annotated[
            StoreDeactivateInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> StoreDeactivatePayload:
        """Pause a store: everything is kept, nothing is sent or fetched."""
        work = _set_active(info.context, given.store_id, active=False)
        row, errors = await attempt(work, StoreDeactivateUserError, StoreDeactivateErrorCode)
        stale = _is_stale([error.code for error in errors])
        store = await _shown(info, row, given_id=given.store_id if stale else None)
        return StoreDeactivatePayload(store=store, user_errors=errors)


async def _create(info: Info, given: StoreCreateInput) -> domain.Store:
    context = info.context
    marketplace = MARKETPLACES.get(given.country)
    settings = changed_settings(
        domain.StoreSettings(),
        given.settings.value if given.settings else None,
        marketplace.currency if marketplace else None,
    )

    async def create(scope: Scope) -> domain.Store:
        return await use_cases.create(
            context.runtime,
            scope,
            name=given.name,
            email=given.email,
            country=given.country,
            catalog_currency=given.catalog_currency,
            actor=context.viewer.actor,
            settings=settings,
        )

    return await once(info, given, STORES, create)


async def _connect(context: RequestContext, given: StoreConnectInput) -> domain.Store:
    return await use_cases.connect(
        context.runtime,
        context.scope,
        require_key(Kind.STORE, given.store_id, ("storeId",)),
        seller_id=given.seller_id,
        credentials=AmazonCredentials(
            client_id=given.credentials.client_id,
            client_secret=given.credentials.client_secret,
            refresh_token=given.credentials.refresh_token,
        ),
        actor=context.viewer.actor,
    )


async def _update(context: RequestContext, given: StoreSettingsUpdateInput) -> domain.Store:
    key = require_key(Kind.STORE, given.store_id, ("storeId",))
    store = await STORES.require(context.scope, key, field=("storeId",))
    # A part is put into what was read here, so what was read is what must still stand.
    expected = given.expected_version.value if given.expected_version else store.version
    return await use_cases.change_settings(
        context.runtime,
        context.written(dry_run=given.dry_run),
        key,
        changed_settings(store.settings, given.settings, store.currency),
        actor=context.viewer.actor,
        expected_version=expected,
    )


async def _set_active(context: RequestContext, id_: str, *, active: bool) -> domain.Store:
    key = require_key(Kind.STORE, id_, ("storeId",))
    return await use_cases.set_active(
        context.runtime, context.scope, key, active=active, actor=context.viewer.actor
    )


def _is_stale(codes: Sequence[Enum]) -> bool:
    return any(code.name == "STALE_VERSION" for code in codes)


async def _shown(info: Info, row: domain.Store | None, *, given_id: str | None) -> Store | None:
    """The store that a mutation answers with: the changed one, or as it is the one of an id."""
    info.context.forget()
    asked = Selection.of(info)
    if "store" not in asked:
        return None
    wanted = asked["store"]
    if row is not None:
        return await stores.NOUN.of(info.context, row, wanted)
    key = to_key(Kind.STORE, given_id) if given_id else None
    return await stores.NOUN.by_key(info.context, key, wanted) if key else None
