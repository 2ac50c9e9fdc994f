"""A store's settings: as typed objects on the way out, as partial changes on the way in."""

from collections.abc import Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import strawberry
from strawberry import Maybe

from domain import money
from domain import store as domain
from domain.errors import InvalidInput
from domain.listing import Condition, Fulfilment
from graphql_api.money import Money, MoneyInput


@strawberry.type(description="How catalogue stock becomes the published quantity.")
class StockSettings:
    """Stock settings."""

    out_of_stock_threshold: int = strawberry.field(
        description="Stock lower than this makes a listing ineligible."
    )
    maximum: int = strawberry.field(description="The most that is ever published.")
    do_not_manage_quantity: int = strawberry.field(
        description="Published for products whose stock is not managed."
    )


@strawberry.type(
    description="Which catalogue attribute holds each identifier, tried in this order."
)
class CatalogSearchSettings:
    """Search settings: codes of attributes."""

    asin: str | None = strawberry.field(description="Attribute with the ASIN; null for none.")
    ean: str | None = strawberry.field(description="Attribute with the EAN; null for none.")
    gcid: str | None = strawberry.field(description="Attribute with the GCID; null for none.")
    isbn: str | None = strawberry.field(description="Attribute with the ISBN; null for none.")
    upc: str | None = strawberry.field(description="Attribute with the UPC; null for none.")
    general: str | None = strawberry.field(
        description="Attribute searched by words; null to search by identifiers only."
    )
    accepts_general_match: bool = strawberry.field(
        description="Whether a single hit by words is the match, without asking."
    )


@strawberry.type(description="What businesses save who buy more at once.")
class QuantityDiscount:
    """A discount by quantity."""

    at_least: int = strawberry.field(description="From so many units in one purchase on.")
    percent_off: Decimal = strawberry.field(description="Off the price of a single unit.")


@strawberry.type(
    description="Prices for businesses: the price of everybody, with discounts by quantity. They leave with the price."
)
class BusinessSettings:
    """Business settings."""

    discounts: list[QuantityDiscount] = strawberry.field(
        description="At most five, quantities and discounts rising; empty for none."
    )


@strawberry.type(description="Where prices come from and what is added to them.")
class PriceSettings:
    """Price settings."""

    source: str = strawberry.field(
        description="Code of the price attribute that prices start from."
    )
    map_attribute: str | None = strawberry.field(
        description="Attribute with the minimum advertised price; null for none."
    )
    msrp_attribute: str | None = strawberry.field(
        description="Attribute with the manufacturer's suggested price; null for none."
    )
    vat_percent: Decimal | None = strawberry.field(description="VAT to add; null adds none.")
    currency_rate: Decimal | None = strawberry.field(
        description="Marketplace units for one catalogue unit; null where both are the same currency."
    )
    absolute_minimum: Money | None = strawberry.field(
        description="No lower price is ever published, whatever the rules say; null for none."
    )
    largest_step_percent: Decimal | None = strawberry.field(
        description="A change larger than this share of the live price is held for a person; null lets any pass."
    )
    business: BusinessSettings | None = strawberry.field(
        description="Prices for businesses; null makes them no offer."
    )
    compares_bounds_with_vat: bool = strawberry.field(
        description="Whether a competitor's price, which carries taxes, is held against floor and ceiling with VAT on top. Floors that know fees or a margin always are."
    )
    compares_with_shipping: bool = strawberry.field(
        description="Whether competitors are followed by their price with shipping, less our own; if not, by item prices alone."
    )


@strawberry.type(description="How a store sells.")
class StoreSettings:
    """Settings of a store."""

    list_action: domain.ListAction = strawberry.field(
        description="What happens to a product that is eligible and complete."
    )
    handling_days: int = strawberry.field(description="Days between order and shipment.")
    imports_third_party_listings: bool = strawberry.field(
        description="Whether listings that stand on Amazon already are taken up."
    )
    third_party_sku_attribute: str | None = strawberry.field(
        description="Attribute by which their products are found: holds the seller SKU."
    )
    third_party_asin_attribute: str | None = strawberry.field(
        description="Attribute by which their products are found: holds the ASIN."
    )
    imports_orders: bool = strawberry.field(description="Whether orders are imported.")
    fulfilled_by: Fulfilment = strawberry.field(description="Who ships what is newly listed.")
    condition: Condition = strawberry.field(description="Condition of what is newly listed.")
    time_zone: str = strawberry.field(description="Zone in which rules' dates begin and end.")
    stock: StockSettings = strawberry.field(description="Quantities.")
    catalog_search: CatalogSearchSettings = strawberry.field(description="Finding items on Amazon.")
    price: PriceSettings = strawberry.field(description="Prices.")


@strawberry.input(description="Changes of stock settings; what is left out stays.")
class StockSettingsInput:
    """Partial stock settings."""

    out_of_stock_threshold: Maybe[int] = strawberry.field(
        description="Stock lower than this makes a listing ineligible.", default=None
    )
    maximum: Maybe[int] = strawberry.field(
        description="The most that is ever published.", default=None
    )
    do_not_manage_quantity: Maybe[int] = strawberry.field(
        description="Published for products whose stock is not managed.", default=None
    )


@strawberry.input(description="Changes of search settings; what is left out stays, null clears.")
class CatalogSearchSettingsInput:
    """Partial search settings."""

    asin: Maybe[str | None] = strawberry.field(description="Attribute with the ASIN.", default=None)
    ean: Maybe[str | None] = strawberry.field(description="Attribute with the EAN.", default=None)
    gcid: Maybe[str | None] = strawberry.field(description="Attribute with the GCID.", default=None)
    isbn: Maybe[str | None] = strawberry.field(description="Attribute with the ISBN.", default=None)
    upc: Maybe[str | None] = strawberry.field(description="Attribute with the UPC.", default=None)
    general: Maybe[str | None] = strawberry.field(
        description="Attribute searched by words.", default=None
    )
    accept_general_match: Maybe[bool] = strawberry.field(
        name="acceptsGeneralMatch",
        description="Whether a single hit by words is the match.",
        default=None,
    )


@strawberry.input(description="A discount by quantity.")
class QuantityDiscountInput:
    """A discount."""

    at_least: int = strawberry.field(description="From so many units in one purchase on.")
    percent_off: Decimal = strawberry.field(
        description="Off the price of a single unit; above 0 and below 100."
    )


@strawberry.input(description="Changes of business settings; what is left out stays.")
class BusinessSettingsInput:
    """Partial business settings."""

    discounts: Maybe[list[QuantityDiscountInput]] = strawberry.field(
        description="All discounts, at most five, in any order; the larger quantity needs the larger discount.",
        default=None,
    )


@strawberry.input(description="Changes of price settings; what is left out stays, null clears.")
class PriceSettingsInput:
    """Partial price settings."""

    source: Maybe[str] = strawberry.field(
        description="Code of the price attribute that prices start from; cannot be cleared.",
        default=None,
    )
    map_attribute: Maybe[str | None] = strawberry.field(
        description="Attribute with the minimum advertised price.", default=None
    )
    msrp_attribute: Maybe[str | None] = strawberry.field(
        description="Attribute with the manufacturer's suggested price.", default=None
    )
    vat_percent: Maybe[Decimal | None] = strawberry.field(description="VAT to add.", default=None)
    currency_rate: Maybe[Decimal | None] = strawberry.field(
        description="Marketplace units for one catalogue unit.", default=None
    )
    absolute_minimum: Maybe[MoneyInput | None] = strawberry.field(
        description="No lower price is ever published; in the store's currency.", default=None
    )
    largest_step_percent: Maybe[Decimal | None] = strawberry.field(
        description="A change larger than this share of the live price is held for a person.",
        default=None,
    )
    business: Maybe[BusinessSettingsInput | None] = strawberry.field(
        description="Prices for businesses, only where Amazon Business is; an empty object makes them the offer of everybody, null none.",
        default=None,
    )
    bounds_with_vat: Maybe[bool] = strawberry.field(
        name="comparesBoundsWithVat",
        description="Whether a competitor's price is held against floor and ceiling with VAT on top.",
        default=None,
    )
    compares_with_shipping: Maybe[bool] = strawberry.field(
        description="Whether competitors are followed by their price with shipping.", default=None
    )


@strawberry.input(description="Changes of a store's settings; what is left out stays.")
class StoreSettingsInput:
    """Partial settings."""

    list_action: Maybe[domain.ListAction] = strawberry.field(
        description="What happens to a product that is eligible and complete.", default=None
    )
    handling_days: Maybe[int] = strawberry.field(
        description="Days between order and shipment.", default=None
    )
    import_third_party_listings: Maybe[bool] = strawberry.field(
        name="importsThirdPartyListings",
        description="Whether listings that stand on Amazon already are taken up.",
        default=None,
    )
    third_party_sku_attribute: Maybe[str | None] = strawberry.field(
        description="Attribute that holds their seller SKU; null clears.", default=None
    )
    third_party_asin_attribute: Maybe[str | None] = strawberry.field(
        description="Attribute that holds their ASIN; null clears.", default=None
    )
    import_orders: Maybe[bool] = strawberry.field(
        name="importsOrders", description="Whether orders are imported.", default=None
    )
    fulfilled_by: Maybe[Fulfilment] = strawberry.field(
        description="Who ships what is newly listed.", default=None
    )
    condition: Maybe[Condition] = strawberry.field(
        description="Condition of what is newly listed.", default=None
    )
    time_zone: Maybe[str] = strawberry.field(
        description="Zone in which rules' dates begin and end, such as Europe/Berlin.", default=None
    )
    stock: Maybe[StockSettingsInput] = strawberry.field(description="Quantities.", default=None)
    catalog_search: Maybe[CatalogSearchSettingsInput] = strawberry.field(
        description="Finding items on Amazon.", default=None
    )
    price: Maybe[PriceSettingsInput] = strawberry.field(description="Prices.", default=None)


def settings_of(row: domain.Store) -> StoreSettings:
    """A store's settings as the schema shows them."""
    settings, stock = row.settings, row.settings.stock
    search, price = settings.catalog_search, settings.price
    minimum = price.absolute_minimum
    return StoreSettings(
        list_action=settings.list_action,
        handling_days=settings.handling_days,
        imports_third_party_listings=settings.import_third_party_listings,
        third_party_sku_attribute=settings.third_party_sku_attribute,
        third_party_asin_attribute=settings.third_party_asin_attribute,
        imports_orders=settings.import_orders,
        fulfilled_by=settings.fulfilled_by,
        condition=settings.condition,
        time_zone=settings.time_zone,
        stock=StockSettings(
            out_of_stock_threshold=stock.out_of_stock_threshold,
            maximum=stock.maximum,
            do_not_manage_quantity=stock.do_not_manage_quantity,
        ),
        catalog_search=CatalogSearchSettings(
            asin=search.asin,
            ean=search.ean,
            gcid=search.gcid,
            isbn=search.isbn,
            upc=search.upc,
            general=search.general,
            accepts_general_match=search.accept_general_match,
        ),
        price=PriceSettings(
            source=price.source,
            map_attribute=price.map_attribute,
            msrp_attribute=price.msrp_attribute,
            vat_percent=price.vat_percent,
            currency_rate=price.currency_rate,
            absolute_minimum=Money.of(money.Money.parse(minimum, row.currency))
            if minimum
            else None,
            largest_step_percent=price.largest_step_percent,
            business=_business(price.business) if price.business else None,
            compares_bounds_with_vat=price.bounds_with_vat,
            compares_with_shipping=price.compares_with_shipping,
        ),
    )


def changed_settings(
    current: domain.StoreSettings, given: StoreSettingsInput | None, currency: str | None
) -> domain.StoreSettings:
    """Settings with the changes that are given; `currency` is the store's, None where its country is unknown.

    Raises:
        InvalidInput: an amount that is not in the store's currency.
    """
    if given is None:
        return current
    changes = _given(given)
    if given.stock:
        changes["stock"] = replace(current.stock, **_given(given.stock.value))
    if given.catalog_search:
        search = given.catalog_search.value
        changes["catalog_search"] = replace(current.catalog_search, **_given(search))
    if given.price:
        prices = _given(given.price.value)
        if minimum := prices.get("absolute_minimum"):
            prices["absolute_minimum"] = _minimum(minimum, currency)
        if business := prices.get("business"):
            prices["business"] = _changed_business(current.price.business, business)
        changes["price"] = replace(current.price, **prices)
    return replace(current, **changes)


def _business(settings: domain.BusinessSettings) -> BusinessSettings:
    return BusinessSettings(
        discounts=[
            QuantityDiscount(at_least=each.at_least, percent_off=each.percent_off)
            for each in settings.discounts
        ]
    )


def _changed_business(
    current: domain.BusinessSettings | None, given: BusinessSettingsInput
) -> domain.BusinessSettings:
    """Business settings with the changes that are given; discounts are sorted by quantity (behaviour 11)."""
    if given.discounts is None:
        return current or domain.BusinessSettings()
    discounts = (
        domain.QuantityDiscount(each.at_least, each.percent_off) for each in given.discounts.value
    )
    return domain.BusinessSettings(tuple(sorted(discounts, key=lambda each: each.at_least)))


def _given(changes: Any) -> dict[str, Any]:
    """What was given, null included; what was left out is left out."""
    found = ((field.name, getattr(changes, field.name)) for field in fields(changes))
    return {name: some.value for name, some in found if some is not None}


def _minimum(given: MoneyInput, currency: str | None) -> str:
    field: Sequence[str] = ("input", "settings", "price", "absoluteMinimum")
    amount = given.money(field)
    if amount.currency != currency:
        message = f"The store sells in {currency or 'another currency'}."
        raise InvalidInput(message, field=(*field, "currencyCode"))
    return amount.amount
