"""Mutations of many listings at once: prices by hand, publishing."""

from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Annotated, Any, TypeVar

import strawberry
from strawberry import Maybe

from domain.access import AccessScope
from domain.batch import LARGEST, ErrorPolicy
from domain.errors import UserError as Mistake
from graphql_api import listings
from graphql_api.access import needs
from graphql_api.context import Info, RequestContext
from graphql_api.errors import UserError, attempt, error_codes, path_of
from graphql_api.fields import described
from graphql_api.ids import Kind, require_key
from graphql_api.listings import Listing
from graphql_api.money import MoneyInput
from graphql_api.selection import Selection
from services import listing_batches as use_cases
from services.listing_batches import Batch, PriceWish

G = TypeVar("G")
T = TypeVar("T")

_ITEMS = f"1 to {LARGEST} of them; each listing once."
_POLICY = "What becomes of the others where some cannot be done."
_DRY = "Tell what would come of it, and write nothing."
_WRONG = "What is wrong with the input as a whole; empty where something was done, be it for some."
_RESULTS = "What became of each item, in their order; null where the input as a whole is wrong."
_INDEX = "Place of the item in the input, from 0."
_NOW = "The listing as it is now; null where it was not changed because of a mistake."


@error_codes("Why prices were not overridden.")
class ListingsPriceOverrideErrorCode(Enum):
    """Codes of `listingsPriceOverride`."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    STALE_VERSION = "STALE_VERSION"
    REJECTED = "REJECTED"


@strawberry.type(description="Why prices were not overridden.")
class ListingsPriceOverrideUserError(UserError):
    """An error of `listingsPriceOverride`."""

    code: ListingsPriceOverrideErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A price to set by hand.")
class ListingsPriceOverrideItemInput:
    """An item of `listingsPriceOverride`."""

    listing_id: strawberry.ID = strawberry.field(description="The listing.")
    price: MoneyInput = strawberry.field(description="The price, in the store's currency.")
    expected_version: Maybe[int] = strawberry.field(
        description="Refuse if the listing is not at this version.", default=None
    )


@strawberry.input(description="Prices to set by hand.")
class ListingsPriceOverrideInput:
    """Input of `listingsPriceOverride`."""

    items: list[ListingsPriceOverrideItemInput] = strawberry.field(description=_ITEMS)
    error_policy: ErrorPolicy = strawberry.field(
        description=_POLICY, default=ErrorPolicy.REJECT_ALL
    )
    dry_run: bool = strawberry.field(description=_DRY, default=False)


@strawberry.type(description="What became of one item.")
class ListingsPriceOverrideResult:
    """A result of `listingsPriceOverride`."""

    index: int = strawberry.field(description=_INDEX)
    listing: Listing | None = strawberry.field(description=_NOW)
    user_errors: list[ListingsPriceOverrideUserError] = strawberry.field(
        description="What is wrong with the item; empty where nothing is."
    )


@strawberry.type(description="What `listingsPriceOverride` gives.")
class ListingsPriceOverridePayload:
    """Payload of `listingsPriceOverride`."""

    results: list[ListingsPriceOverrideResult] | None = strawberry.field(description=_RESULTS)
    user_errors: list[ListingsPriceOverrideUserError] = strawberry.field(description=_WRONG)


@error_codes("Why overrides were not cleared.")
class ListingsPriceOverrideClearErrorCode(Enum):
    """Codes of `listingsPriceOverrideClear`."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    STALE_VERSION = "STALE_VERSION"
    REJECTED = "REJECTED"


@strawberry.type(description="Why overrides were not cleared.")
class ListingsPriceOverrideClearUserError(UserError):
    """An error of `listingsPriceOverrideClear`."""

    code: ListingsPriceOverrideClearErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A listing to give back to the rules.")
class ListingsPriceOverrideClearItemInput:
    """An item of `listingsPriceOverrideClear`."""

    listing_id: strawberry.ID = strawberry.field(description="The listing.")
    expected_version: Maybe[int] = strawberry.field(
        description="Refuse if the listing is not at this version.", default=None
    )


@strawberry.input(description="Listings to give back to the rules.")
class ListingsPriceOverrideClearInput:
    """Input of `listingsPriceOverrideClear`."""

    items: list[ListingsPriceOverrideClearItemInput] = strawberry.field(description=_ITEMS)
    error_policy: ErrorPolicy = strawberry.field(
        description=_POLICY, default=ErrorPolicy.REJECT_ALL
    )
    dry_run: bool = strawberry.field(description=_DRY, default=False)


@strawberry.type(description="What became of one item.")
class ListingsPriceOverrideClearResult:
    """A result of `listingsPriceOverrideClear`."""

    index: int = strawberry.field(description=_INDEX)
    listing: Listing | None = strawberry.field(description=_NOW)
    user_errors: list[ListingsPriceOverrideClearUserError] = strawberry.field(
        description="What is wrong with the item; empty where nothing is."
    )


@strawberry.type(description="What `listingsPriceOverrideClear` gives.")
class ListingsPriceOverrideClearPayload:
    """Payload of `listingsPriceOverrideClear`."""

    results: list[ListingsPriceOverrideClearResult] | None = strawberry.field(description=_RESULTS)
    user_errors: list[ListingsPriceOverrideClearUserError] = strawberry.field(description=_WRONG)


@error_codes("Why listings were not published.")
class ListingsPublishErrorCode(Enum):
    """Codes of `listingsPublish`."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    REJECTED = "REJECTED"


@strawberry.type(description="Why listings were not published.")
class ListingsPublishUserError(UserError):
    """An error of `listingsPublish`."""

    code: ListingsPublishErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A listing to publish.")
class ListingsPublishItemInput:
    """An item of `listingsPublish`."""

    listing_id: strawberry.ID = strawberry.field(description="The listing.")


@strawberry.input(description="Listings to publish.")
class ListingsPublishInput:
    """Input of `listingsPublish`."""

    items: list[ListingsPublishItemInput] = strawberry.field(description=_ITEMS)
    error_policy: ErrorPolicy = strawberry.field(
        description=_POLICY, default=ErrorPolicy.REJECT_ALL
    )
    dry_run: bool = strawberry.field(description=_DRY, default=False)


@strawberry.type(description="What became of one item.")
class ListingsPublishResult:
    """A result of `listingsPublish`."""

    index: int = strawberry.field(description=_INDEX)
    listing: Listing | None = strawberry.field(description=_NOW)
    user_errors: list[ListingsPublishUserError] = strawberry.field(
        description="What is wrong with the item; empty where nothing is."
    )


@strawberry.type(description="What `listingsPublish` gives.")
class ListingsPublishPayload:
    """Payload of `listingsPublish`."""

    results: list[ListingsPublishResult] | None = strawberry.field(description=_RESULTS)
    user_errors: list[ListingsPublishUserError] = strawberry.field(description=_WRONG)


@strawberry.type
class ListingBulkMutations:
    """Mutations of many listings."""

    @described
    @needs(AccessScope.WRITE_LISTINGS)
    async def listings_price_override(
        self,
        info: Info,
        given: Annotated[
            ListingsPriceOverrideInput,
            strawberry.argument(name="input", description="The request."),
        ],
    ) -> ListingsPriceOverridePayload:
        """Set the prices of many listings by hand. They stand above all rules until they are cleared."""
        context = info.context
        work = use_cases.override_prices(
            context.runtime,
            context.written(dry_run=given.dry_run),
            [_read(_wish, item) for item in given.items],
            policy=given.error_policy,
            actor=context.viewer.actor,
        )
        results, errors = await _told(
            info,
            work,
            ListingsPriceOverrideResult,
            ListingsPriceOverrideUserError,
            ListingsPriceOverrideErrorCode,
        )
        return ListingsPriceOverridePayload(results=results, user_errors=errors)

    @described
    @needs(AccessScope.WRITE_LISTINGS)
    async def listings_price_override_clear(
        self,
        info: Info,
        given: Annotated[
            ListingsPriceOverrideClearInput,
            strawberry.argument(name="input", description="The request."),
        ],
    ) -> ListingsPriceOverrideClearPayload:
        """Give the prices of many listings back to the rules."""
        context = info.context
        work = use_cases.override_prices(
            context.runtime,
            context.written(dry_run=given.dry_run),
            [_read(_clearing, item) for item in given.items],
            policy=given.error_policy,
            actor=context.viewer.actor,
        )
        results, errors = await _told(
            info,
            work,
            ListingsPriceOverrideClearResult,
            ListingsPriceOverrideClearUserError,
            ListingsPriceOverrideClearErrorCode,
        )
        return ListingsPriceOverrideClearPayload(results=results, user_errors=errors)

    @described
    @needs(AccessScope.WRITE_LISTINGS)
    async def listings_publish(
        self,
        info: Info,
        given: Annotated[
            ListingsPublishInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> ListingsPublishPayload:
        """Send many listings that are READY_TO_LIST to Amazon."""
        context = info.context
        work = use_cases.publish(
            context.runtime,
            context.written(dry_run=given.dry_run),
            [_read(_key, item.listing_id) for item in given.items],
            policy=given.error_policy,
            actor=context.viewer.actor,
        )
        results, errors = await _told(
            info, work, ListingsPublishResult, ListingsPublishUserError, ListingsPublishErrorCode
        )
        return ListingsPublishPayload(results=results, user_errors=errors)


def _read(read: Callable[[G], T], given: G) -> T | Mistake:
    """What an item says, or the mistake in it."""
    try:
        return read(given)
    except Mistake as mistake:
        return mistake


def _key(id_: strawberry.ID) -> str:
    return require_key(Kind.LISTING, id_, ("listingId",))


def _wish(item: ListingsPriceOverrideItemInput) -> PriceWish:
    price = item.price.money(("price",))
    return PriceWish(_key(item.listing_id), price, _version(item.expected_version))


def _clearing(item: ListingsPriceOverrideClearItemInput) -> PriceWish:
    return PriceWish(_key(item.listing_id), None, _version(item.expected_version))


def _version(given: Maybe[int]) -> int | None:
    return given.value if given else None


async def _told(
    info: Info,
    work: Awaitable[Batch],
    result: Callable[..., Any],
    error: Callable[..., Any],
    codes: type[Enum],
) -> tuple[list[Any] | None, list[Any]]:
    """Results and errors of a batch, in the mutation's own types."""
    batch, errors = await attempt(work, error, codes)
    if batch is None:
        return None, errors
    info.context.forget()
    shown = await _shown(info.context, batch, Selection.of(info)["results"])
    results = [
        result(
            index=index,
            listing=shown.get(index),
            user_errors=_errors(index, outcome.mistake, error, codes),
        )
        for index, outcome in enumerate(batch.outcomes)
    ]
    if batch.is_rejected:
        wrong = sum(1 for outcome in batch.outcomes if outcome.mistake)
        message = f"Nothing was done: {wrong} of {len(results)} items cannot be."
        errors = [error(field=["input", "items"], message=message, code=codes["REJECTED"])]
    return results, errors


def _errors(
    index: int, mistake: Mistake | None, error: Callable[..., Any], codes: type[Enum]
) -> Sequence[Any]:
    if mistake is None:
        return []
    field = path_of(("items", str(index), *mistake.field))
    return [error(field=field, message=mistake.message, code=codes[mistake.code])]


async def _shown(context: RequestContext, batch: Batch, wanted: Selection) -> dict[int, Listing]:
    """The listings of the results by their places, assembled together."""
    rows = {
        index: outcome.listing
        for index, outcome in enumerate(batch.outcomes)
        if outcome.listing is not None and "listing" in wanted
    }
    nodes = await listings.NOUN.assemble(context, list(rows.values()), wanted["listing"])
    return dict(zip(rows, nodes, strict=True))
