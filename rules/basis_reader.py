"""Reading what a decision was decided from."""

import zlib
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import orjson

from domain.decision import BusinessPrice, QuantityPrice
from domain.listing import (
    NO_TERMS,
    NOT_DUE,
    Condition,
    Fulfilment,
    HeldPrice,
    Listing,
    ListingStatus,
    OfferTerms,
    PriceOverride,
    listing_id,
)
from domain.marketplace import MARKETPLACES
from domain.money import Money
from domain.offer import Offer, OfferSnapshot
from domain.product import Product, ProductType, WebsitePrices
from domain.run import RunStatus
from domain.store import (
    BusinessSettings,
    PriceSettings,
    QuantityDiscount,
    StockSettings,
    Store,
    StoreSettings,
)
from rules.basis import FORM, Basis
from rules.guardrails import Guardrails
from rules.inputs import PIPELINE

T = TypeVar("T")

_Json = Any
_NOT_KEPT: Any = object()
"""Stands for what no decision reads: whatever did read it would fail."""


class Damaged(ValueError):
    """What was kept cannot be read."""


def read(kept: bytes, merchant_id: str, store_id: str) -> Basis | None:
    """What a decision of a store was decided from; None where another version of the pipeline wrote it.

    Raises:
        Damaged: nobody wrote it so.
    """
    try:
        parts = orjson.loads(zlib.decompress(kept))
    except (zlib.error, orjson.JSONDecodeError) as error:
        raise Damaged(str(error)) from error
    if parts[:2] != [FORM, PIPELINE]:
        return None
    _, _, now, trigger, of_store, product, listing, offers, answer = parts
    country, time_zone, price, stock, (minimum, step) = of_store
    settings = _partly(
        StoreSettings,
        time_zone=time_zone,
        price=_price_settings(*price),
        stock=StockSettings(*stock),
    )
    reader = _Reader(MARKETPLACES[country].currency, merchant_id, store_id)
    return Basis(
        _partly(Store, id=store_id, merchant_id=merchant_id, country=country, settings=settings),
        reader.product(*product),
        reader.listing(*listing),
        None if offers is None else reader.offers(*offers),
        None if answer is None else RunStatus(answer),
        Guardrails(_decimal(minimum), _decimal(step)),
        datetime.fromisoformat(now),
        trigger,
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the parts of one basis, in the order in which `rules.basis` writes them."""

    home: str
    """The store's currency, which goes without saying."""
    merchant_id: str
    store_id: str

    def product(
        self,
        sku: str,
        kind: str,
        is_enabled: bool,
        prices: _Json,
        website_prices: _Json,
        stock: str,
        manages_stock: bool,
        content_hash: str,
        attributes: dict[str, str],
        name: str | None,
        attribute_set: str | None,
        categories: list[str] | None,
    ) -> Product:
        return _partly(
            Product,
            sku=sku,
            name=_NOT_KEPT if name is None else name,
            type=ProductType(kind),
            attribute_set=_NOT_KEPT if attribute_set is None else attribute_set,
            categories=_NOT_KEPT if categories is None else tuple(categories),
            is_enabled=is_enabled,
            prices=self._prices(prices),
            attributes=attributes,
            stock=Decimal(stock),
            manages_stock=manages_stock,
            content_hash=content_hash,
            website_prices=tuple(
                WebsitePrices(website, order, self._prices(own))
                for website, order, own in website_prices
            ),
        )

    def listing(
        self,
        seller_sku: str,
        asin: str | None,
        condition: str,
        fulfilment: str,
        status: str,
        price: _Json,
        quantity: int | None,
        wanted_price: _Json,
        wanted_quantity: int | None,
        owns_buy_box: bool | None,
        price_changed_at: str | None,
        override: _Json,
        held: _Json,
        terms: _Json,
    ) -> Listing:
        by_hand = override is not None and _partly(PriceOverride, price=self._amount(override))
        return _partly(
            Listing,
            id=listing_id(self.store_id, seller_sku),
            merchant_id=self.merchant_id,
            store_id=self.store_id,
            seller_sku=seller_sku,
            asin=asin,
            condition=Condition(condition),
            fulfilment=Fulfilment(fulfilment),
            status=ListingStatus(status),
            price=self._money(price),
            quantity=quantity,
            wanted_price=self._money(wanted_price),
            wanted_quantity=wanted_quantity,
            wanted_terms=NO_TERMS if terms is None else self._terms(*terms),
            override=by_hand or None,
            owns_buy_box=owns_buy_box,
            due=NOT_DUE,
            price_changed_at=price_changed_at and datetime.fromisoformat(price_changed_at),
            held=held and HeldPrice(held[0], self._amount(held[1]), self._money(held[2])),
        )

    def offers(self, observed_at: str, seen_at: _Json, offers: _Json) -> OfferSnapshot:
        return _partly(
            OfferSnapshot,
            offers=tuple(self._offer(*offer) for offer in offers),
            observed_at=datetime.fromisoformat(observed_at),
            seen_at={Condition(each): datetime.fromisoformat(at) for each, at in seen_at},
            content_hash=None,
        )

    def _offer(
        self,
        seller_id: str,
        condition: str,
        price: _Json,
        shipping: _Json,
        fulfilment: str,
        *rest: Any,
    ) -> Offer:
        return Offer(
            seller_id,
            Condition(condition),
            self._amount(price),
            self._amount(shipping),
            Fulfilment(fulfilment),
            *rest,
        )

    def _terms(self, business: _Json, list_price: _Json, *withdraws: bool) -> OfferTerms:
        told = None
        if business is not None:
            price, tiers = business
            quantities = (QuantityPrice(least, self._amount(each)) for least, each in tiers)
            told = BusinessPrice(self._amount(price), tuple(quantities))
        return OfferTerms(told, self._money(list_price), *withdraws)

    def _prices(self, prices: _Json) -> dict[str, Money]:
        return {code: self._amount(price) for code, price in prices.items()}

    def _money(self, kept: _Json) -> Money | None:
        return None if kept is None else self._amount(kept)

    def _amount(self, kept: _Json) -> Money:
        return Money(kept, self.home) if isinstance(kept, int) else Money(*kept)


def _price_settings(
    source: str,
    map_attribute: str | None,
    msrp_attribute: str | None,
    vat_percent: str | None,
    currency_rate: str | None,
    absolute_minimum: str | None,
    largest_step_percent: str | None,
    discounts: _Json,
    *flags: bool,
) -> PriceSettings:
    business = None
    if discounts is not None:
        business = BusinessSettings(
            tuple(QuantityDiscount(least, Decimal(off)) for least, off in discounts)
        )
    return PriceSettings(
        source,
        map_attribute,
        msrp_attribute,
        _decimal(vat_percent),
        _decimal(currency_rate),
        absolute_minimum,
        _decimal(largest_step_percent),
        business,
        *flags,
    )


def _decimal(kept: str | None) -> Decimal | None:
    return None if kept is None else Decimal(kept)


def _partly(kind: type[T], **kept: Any) -> T:
    """A value of which only some fields were kept."""
    every = dict.fromkeys((field.name for field in fields(kind)), _NOT_KEPT)  # type: ignore[arg-type]  # all are dataclasses
    return kind(**every | kept)
