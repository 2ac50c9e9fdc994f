"""A listing: a product on sale, or on its way there, in one store."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.decision import BusinessPrice, DecisionReason
from domain.money import Money


class Condition(StrEnum):
    """Item conditions, by Amazon's codes (behaviour 7)."""

    NEW = "new_new"
    REFURBISHED = "refurbished_refurbished"
    USED_LIKE_NEW = "used_like_new"
    USED_VERY_GOOD = "used_very_good"
    USED_GOOD = "used_good"
    USED_ACCEPTABLE = "used_acceptable"
    COLLECTIBLE_LIKE_NEW = "collectible_like_new"
    COLLECTIBLE_VERY_GOOD = "collectible_very_good"
    COLLECTIBLE_GOOD = "collectible_good"
    COLLECTIBLE_ACCEPTABLE = "collectible_acceptable"


class Fulfilment(StrEnum):
    """Who ships."""

    MERCHANT = "MERCHANT"
    AMAZON = "AMAZON"


class ListingStatus(StrEnum):
    """Where a listing stands (behaviour 13)."""

    INCOMPLETE = "INCOMPLETE"
    NEW_THIRD_PARTY = "NEW_THIRD_PARTY"
    READY_TO_LIST = "READY_TO_LIST"
    LIST_IN_PROGRESS = "LIST_IN_PROGRESS"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    INELIGIBLE = "INELIGIBLE"
    ENDING_IN_PROGRESS = "ENDING_IN_PROGRESS"
    ENDED = "ENDED"

    @property
    def is_on_amazon(self) -> bool:
        """Whether Amazon knows the seller SKU, so that a change is a patch and not a new listing."""
        return self in {ListingStatus.ACTIVE, ListingStatus.INACTIVE, ListingStatus.INELIGIBLE}


class ListingReason(StrEnum):
    """Why a listing is where it is, where the status alone does not say."""

    UNMATCHED = "UNMATCHED"
    """No catalogue item of Amazon's was found for the product."""
    MULTIPLE_MATCHES = "MULTIPLE_MATCHES"
    """Several were found; `candidates` holds them."""
    HAS_VARIANTS = "HAS_VARIANTS"
    """What was found is a parent; `candidates` holds its variations."""
    NEEDS_CONFIRMATION = "NEEDS_CONFIRMATION"
    """One was found by words only; a person should confirm it."""
    NO_PRODUCT = "NO_PRODUCT"
    """It stands on Amazon, and no product of the catalogue belongs to it."""
    NOT_PROVIDED = "NOT_PROVIDED"
    """Amazon keeps it from being live and gave no reason."""
    REJECTED = "REJECTED"
    """Amazon refused the submission; `issues` says why."""
    RULE = "RULE"
    """The listing rule keeps it out."""
    STOCK = "STOCK"
    """Stock is below the store's threshold."""
    PRODUCT_DISABLED = "PRODUCT_DISABLED"
    """The product is disabled in the catalogue or gone from it."""
    PRODUCT_TYPE = "PRODUCT_TYPE"
    """The product is a parent of others or a gift card, which is not one thing to sell."""


@dataclass(frozen=True, slots=True)
class Issue:
    """What Amazon says is wrong with a listing."""

    code: str
    message: str
    severity: str
    """ERROR, WARNING or INFO."""
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PriceOverride:
    """A price set by a person; while it stands no rule is asked (behaviour 14.9)."""

    price: Money
    actor: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A mark that the listing's price or quantity must be decided again; None where nothing is due."""

    at: datetime | None = None
    reason: str | None = None
    marks: int = 0
    """How often it was marked since. Each mark writes, and so collides with a decision that is under way."""


NOT_DUE = Due()


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """What we tell Amazon beside a price, and only with it.

    What is neither set nor withdrawn was never ours, such as a business price that a person made at Amazon, and
    is left alone.
    """

    business: BusinessPrice | None = None
    list_price: Money | None = None
    withdraws_business: bool = False
    """Ends the offer to businesses that we made before."""
    withdraws_list_price: bool = False
    """Takes back the list price that we set before."""

    @property
    def tells_business(self) -> bool:
        """Whether they say anything of an offer to businesses."""
        return self.business is not None or self.withdraws_business

    @property
    def tells_list_price(self) -> bool:
        """Whether they say anything of a list price."""
        return self.list_price is not None or self.withdraws_list_price

    def then(self, business: BusinessPrice | None, list_price: Money | None) -> "OfferTerms":
        """The terms to tell next, so that Amazon comes to show what is given; None takes back what was ours."""
        return OfferTerms(
            business,
            list_price,
            withdraws_business=business is None and self.tells_business,
            withdraws_list_price=list_price is None and self.tells_list_price,
        )

    def are_met_by(self, business: BusinessPrice | None, list_price: Money | None) -> bool:
        """Whether they are live where Amazon shows this."""
        return (not self.tells_business or business == self.business) and (
            not self.tells_list_price or list_price == self.list_price
        )

    def once_live(self) -> "OfferTerms":
        """The same when they are live: what is gone need not be withdrawn again."""
        return replace(self, withdraws_business=False, withdraws_list_price=False)


NO_TERMS = OfferTerms()


@dataclass(frozen=True, slots=True)
class HeldPrice:
    """A price that a run wanted and that waits for a person, or about which a person has spoken; the run says what."""

    run_id: str
    price: Money
    back_to: Money | None = None
    """The price before the run, while it is to be set again."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One seller SKU of one store."""

    id: str
    merchant_id: str
    store_id: str
    seller_sku: str
    asin: str | None
    product_id: str | None
    title: str
    product_type: str | None
    """Amazon's product type of the item, which every submission must name."""
    condition: Condition
    fulfilment: Fulfilment
    status: ListingStatus
    reason: ListingReason | None
    candidates: tuple[str, ...]
    """ASINs to choose from while the match is open."""
    issues: tuple[Issue, ...]
    price: Money | None
    """Item price live on Amazon, as last read back; without shipping."""
    quantity: int | None
    """Quantity live on Amazon, as last read back; None where Amazon fulfils."""
    wanted_price: Money | None
    """Price of the last decision that said so; differs from `price` while it is under way."""
    wanted_quantity: int | None
    """Quantity of the last decision that said so; None where none did, or a sale lowered what Amazon shows."""
    override: PriceOverride | None
    owns_buy_box: bool | None
    """Whether our offer holds the Buy Box; None while nobody does or nothing is known."""
    hold: DecisionReason | None
    """Why the price that the rules want is not published; None where nothing is held."""
    last_decision_id: str | None
    inputs_hash: str | None
    """Digest of what the last decision knew; equal means that deciding again changes nothing."""
    due: Due
    version: int
    created_at: datetime
    updated_at: datetime
    decide_again_at: datetime | None = None
    """When time alone may lead to another decision: a rule begins or ends, data grow too old, a step may follow."""
    price_decision_id: str | None = None
    """The decision that set `wanted_price` and `wanted_terms`; later ones left both as they are."""
    price_changed_at: datetime | None = None
    """When `wanted_price` last became another price; None where that is not known."""
    business: BusinessPrice | None = None
    """What businesses pay on Amazon, as last read back; None where no offer is made to them."""
    list_price: Money | None = None
    """The price that Amazon may strike through, as last read back."""
    wanted_terms: OfferTerms = NO_TERMS
    """What was last told with `wanted_price`."""
    held: HeldPrice | None = None
    """What a held, discarded or undone run wanted; forgotten once the rules want something else."""


def listing_id(store_id: str, seller_sku: str) -> str:
    """A listing's id follows from its store and seller SKU, so that matching twice cannot make two."""
    return f"{store_id}/{seller_sku}"


def sku_of(id_: str) -> str:
    """The seller SKU out of a listing's id."""
    return id_.partition("/")[2]
