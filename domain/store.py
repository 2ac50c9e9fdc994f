"""A store: one seller account in one country's marketplace, selling one merchant's catalogue."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from domain.listing import Condition, Fulfilment
from domain.marketplace import MARKETPLACES, Marketplace

_AUTHORIZATION_LASTS = timedelta(days=365)
_RENEWAL_NOTICE = timedelta(days=30)


class StoreStatus(StrEnum):
    """Whether the store may talk to Amazon."""

    IN_SETUP = "IN_SETUP"
    """Created, not connected yet."""
    ACTIVE = "ACTIVE"
    """Listings, prices, quantities and orders are kept in step."""
    INACTIVE = "INACTIVE"
    """Everything is kept, nothing is sent or fetched."""


class ListAction(StrEnum):
    """What happens to a product that is eligible and complete (behaviour 4)."""

    AUTO = "AUTO"
    MANUAL = "MANUAL"


@dataclass(frozen=True, slots=True)
class StockSettings:
    """How catalogue stock becomes the published quantity (behaviour 9)."""

    out_of_stock_threshold: int = 0
    """Stock lower than this makes a listing ineligible."""
    maximum: int = 10_000
    """The most that is ever published."""
    do_not_manage_quantity: int = 100
    """Published for products whose stock is not managed."""


@dataclass(frozen=True, slots=True)
class CatalogSearchSettings:
    """Which catalogue attribute holds each identifier, tried in this order (behaviour 6)."""

    asin: str | None = None
    ean: str | None = None
    gcid: str | None = None
    isbn: str | None = None
    upc: str | None = None
    general: str | None = "name"
    accept_general_match: bool = False
    """Take a single hit of the general search as the match, without asking."""


@dataclass(frozen=True, slots=True)
class QuantityDiscount:
    """What businesses save who buy more at once."""

    at_least: int
    """Units in one purchase."""
    percent_off: Decimal
    """Off the price of a single unit."""


@dataclass(frozen=True, slots=True)
class BusinessSettings:
    """Offers to businesses (behaviour 11): at the price of everybody, with at most five discounts by quantity."""

    discounts: tuple[QuantityDiscount, ...] = ()
    """Quantities and discounts both rise from one to the next."""


@dataclass(frozen=True, slots=True)
class PriceSettings:
    """Where prices come from and what is added to them (behaviour 10)."""

    source: str = "price"
    map_attribute: str | None = None
    msrp_attribute: str | None = None
    vat_percent: Decimal | None = None
    """None when no VAT is added."""
    currency_rate: Decimal | None = None
    """Marketplace units for one catalogue unit; None when both are the same currency."""
    absolute_minimum: str | None = None
    """Decimal in marketplace currency below which no price is ever published, whatever the rules say."""
    largest_step_percent: Decimal | None = Decimal(50)
    """A change larger than this share of the live price is held for a person; None lets any pass."""
    business: BusinessSettings | None = None
    """None makes no offers to businesses."""
    bounds_with_vat: bool = False
    """Hold a competitor's price, which carries taxes, against floor and ceiling with VAT on top and not without
    (behaviour 21, C6). Floors that know fees or a margin are always compared so."""
    compares_with_shipping: bool = True
    """Competitors' prices are followed with shipping, less our own; False compares item prices alone."""


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Settings of a store with the documented defaults (behaviour 3)."""

    list_action: ListAction = ListAction.AUTO
    handling_days: int = 2
    import_third_party_listings: bool = True
    third_party_sku_attribute: str | None = "sku"
    third_party_asin_attribute: str | None = None
    import_orders: bool = True
    fulfilled_by: Fulfilment = Fulfilment.MERCHANT
    condition: Condition = Condition.NEW
    time_zone: str = "UTC"
    stock: StockSettings = field(default_factory=StockSettings)
    catalog_search: CatalogSearchSettings = field(default_factory=CatalogSearchSettings)
    price: PriceSettings = field(default_factory=PriceSettings)


@dataclass(frozen=True, slots=True)
class Connection:
    """An authorisation at Amazon. The credentials are sealed; `services.vault` opens them."""

    seller_id: str
    sealed_credentials: bytes
    connected_at: datetime
    """When the store was first connected with this account: from then on its orders are of interest."""
    authorized_at: datetime | None = None
    """When the seller last allowed it, or gave credentials; None where that was before this was noted."""

    @property
    def expires_at(self) -> datetime:
        """When Amazon ends the authorisation, unless the seller renews it."""
        return (self.authorized_at or self.connected_at) + _AUTHORIZATION_LASTS

    def is_renewal_due(self, at: datetime) -> bool:
        """Whether it is time to ask the seller to authorise again."""
        return at >= self.expires_at - _RENEWAL_NOTICE


@dataclass(frozen=True, slots=True)
class Store:
    """One seller account in one country. Name and email may change, the country may not."""

    id: str
    merchant_id: str
    name: str
    email: str
    country: str
    catalog_currency: str
    """Currency of the catalogue's prices; the marketplace's own is `currency`."""
    status: StoreStatus
    settings: StoreSettings
    connection: Connection | None
    orders_read_until: datetime | None
    """Amazon's time up to which orders are known to be imported."""
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def marketplace(self) -> Marketplace:
        """The marketplace of the store's country."""
        return MARKETPLACES[self.country]

    @property
    def currency(self) -> str:
        """ISO 4217 code in which the store's prices are published."""
        return self.marketplace.currency
