"""Mutations of listings: prices by hand, publishing."""

from enum import Enum
from typing import Annotated

import strawberry
from strawberry import Maybe

from domain import listing as domain
from domain.access import AccessScope
from domain.money import Money
from graphql_api import listings
from graphql_api.access import needs
from graphql_api.context import Info, RequestContext
from graphql_api.errors import UserError, attempt, error_codes
from graphql_api.fields import described
from graphql_api.idempotency import KEY, once
from graphql_api.ids import Kind, require_key, to_key
from graphql_api.listings import Listing
from graphql_api.money import MoneyInput
from graphql_api.scalars import IdempotencyKey
from graphql_api.selection import Selection
from services import listings as use_cases
from storage.listings import LISTINGS
from storage.mongo import Scope


@error_codes("Why a price was not overridden.")
class ListingPriceOverrideErrorCode(Enum):
    """Codes of `listingPriceOverride`."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    STALE_VERSION = "STALE_VERSION"


@strawberry.type(description="Why a price was not overridden.")
class ListingPriceOverrideUserError(UserError):
    """An error of `listingPriceOverride`."""

    code: ListingPriceOverrideErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A price to set by hand.")
class ListingPriceOverrideInput:
    """Input of `listingPriceOverride`."""

    listing_id: strawberry.ID = strawberry.field(description="The listing.")
    price: MoneyInput = strawberry.field(description="The price, in the store's currency.")
    expected_version: Maybe[int] = strawberry.field(
        description="Refuse if the listing is not at this version.", default=None
    )
    dry_run: bool = strawberry.field(
        description="Tell what would come of it, and write nothing.", default=False
    )


@strawberry.type(description="What `listingPriceOverride` gives.")
class ListingPriceOverridePayload:
    """Payload of `listingPriceOverride`."""

    listing: Listing | None = strawberry.field(description="The listing as it is now.")
    user_errors: list[ListingPriceOverrideUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why an override was not cleared.")
class ListingPriceOverrideClearErrorCode(Enum):
    """Codes of `listingPriceOverrideClear`."""

    NOT_FOUND = "NOT_FOUND"
    STALE_VERSION = "STALE_VERSION"


@strawberry.type(description="Why an override was not cleared.")
class ListingPriceOverrideClearUserError(UserError):
    """An error of `listingPriceOverrideClear`."""

    code: ListingPriceOverrideClearErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A listing to give back to the rules.")
class ListingPriceOverrideClearInput:
    """Input of `listingPriceOverrideClear`."""

    listing_id: strawberry.ID = strawberry.field(description="The listing.")
    expected_version: Maybe[int] = strawberry.field(
        description="Refuse if the listing is not at this version.", default=None
    )
    dry_run: bool = strawberry.field(
        description="Tell what would come of it, and write nothing.", default=False
    )


@strawberry.type(description="What `listingPriceOverrideClear` gives.")
class ListingPriceOverrideClearPayload:
    """Payload of `listingPriceOverrideClear`."""

    listing: Listing | None = strawberry.field(description="The listing as it is now.")
    user_errors: list[ListingPriceOverrideClearUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why a listing was not published.")
class ListingPublishErrorCode(Enum):
    """Codes of `listingPublish`."""

    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"


@strawberry.type(description="Why a listing was not published.")
class ListingPublishUserError(UserError):
    """An error of `listingPublish`."""

    code: ListingPublishErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A listing to publish.")
class ListingPublishInput:
    """Input of `listingPublish`."""

    listing_id: strawberry.ID = strawberry.field(description="The listing.")
    dry_run: bool = strawberry.field(
        description="Tell what would come of it, and write nothing.", default=False
    )
    idempotency_key: IdempotencyKey | None = strawberry.field(description=KEY, default=None)


@strawberry.type(description="What `listingPublish` gives.")
class ListingPublishPayload:
    """Payload of `listingPublish`."""

    listing: Listing | None = strawberry.field(description="The listing as it is now.")
    user_errors: list[ListingPublishUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@strawberry.type
class ListingMutations:
    """Mutations of listings."""

    @described
    @needs(AccessScope.WRITE_LISTINGS)
    async def listing_price_override(
        self,
        info: Info,
        given: Annotated[
            ListingPriceOverrideInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> ListingPriceOverridePayload:
        """Set a listing's price by hand. It stands above all rules until it is cleared."""

        async def override() -> domain.Listing:
            price = given.price.money(("input", "price"))
            return await _override(info.context, given, price)

        row, errors = await attempt(
            override(), ListingPriceOverrideUserError, ListingPriceOverrideErrorCode
        )
        is_stale = any(
            error.code is ListingPriceOverrideErrorCode.STALE_VERSION for error in errors
        )
        listing = await _shown(info, row, given.listing_id if is_stale else None)
        return ListingPriceOverridePayload(listing=listing, user_errors=errors)

    @described
    @needs(AccessScope.WRITE_LISTINGS)
    async def listing_price_override_clear(
        self,
        info: Info,
        given: Annotated[
            ListingPriceOverrideClearInput,
            strawberry.argument(name="input", description="The request."),
        ],
    ) -> ListingPriceOverrideClearPayload:
        """Give a listing's price back to the rules."""
        row, errors = await attempt(
            _override(info.context, given, None),
            ListingPriceOverrideClearUserError,
            ListingPriceOverrideClearErrorCode,
        )
        stale = ListingPriceOverrideClearErrorCode.STALE_VERSION
        is_stale = any(error.code is stale for error in errors)
        listing = await _shown(info, row, given.listing_id if is_stale else None)
        return ListingPriceOverrideClearPayload(listing=listing, user_errors=errors)

    @described
    @needs(AccessScope.WRITE_LISTINGS)
    async def listing_publish(
        self,
        info: Info,
        given: Annotated[
            ListingPublishInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> ListingPublishPayload:
        """Send a listing that is READY_TO_LIST to Amazon."""
        context = info.context

        async def publish(scope: Scope) -> domain.Listing:
            key = require_key(Kind.LISTING, given.listing_id, ("listingId",))
            return await use_cases.publish(context.runtime, scope, key, actor=context.viewer.actor)

        work = once(info, given, LISTINGS, publish, dry_run=given.dry_run)
        row, errors = await attempt(work, ListingPublishUserError, ListingPublishErrorCode)
        return ListingPublishPayload(listing=await _shown(info, row, None), user_errors=errors)


async def _override(
    context: RequestContext,
    given: ListingPriceOverrideInput | ListingPriceOverrideClearInput,
    price: Money | None,
) -> domain.Listing:
    key = require_key(Kind.LISTING, given.listing_id, ("listingId",))
    return await use_cases.override_price(
        context.runtime,
        context.written(dry_run=given.dry_run),
        key,
        price,
        actor=context.viewer.actor,
        expected_version=given.expected_version.value if given.expected_version else None,
    )


async def _shown(info: Info, row: domain.Listing | None, id_: str | None) -> Listing | None:
    """The listing that a mutation answers with: the changed one, or as it is the one of an id."""
    info.context.forget()
    asked = Selection.of(info)
    if "listing" not in asked:
        return None
    wanted = asked["listing"]
    if row is not None:
        return await listings.NOUN.of(info.context, row, wanted)
    key = to_key(Kind.LISTING, id_) if id_ else None
    return await listings.NOUN.by_key(info.context, key, wanted) if key else None
