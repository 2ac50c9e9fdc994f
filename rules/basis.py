"""What a decision was decided from, as it is kept beside it: just what the pipeline reads, to decide it again.

The rules themselves are not part of it, since a decision names their versions, whose text never changes.
"""

import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from domain.listing import NO_TERMS, Listing, OfferTerms
from domain.money import Money
from domain.offer import OfferSnapshot
from domain.product import Product
from domain.run import RunStatus
from domain.store import Store
from rules.facts import attribute_codes
from rules.guardrails import Guardrails
from rules.inputs import PIPELINE

FORM = 1
"""Counts the forms in which it is kept."""

_Json = Any


@dataclass(frozen=True, slots=True)
class Basis:
    """What a decision was decided from, besides the rules. Of each part only what the pipeline reads is there."""

    store: Store
    product: Product
    listing: Listing
    offers: OfferSnapshot | None
    answer: RunStatus | None
    guardrails: Guardrails
    now: datetime
    trigger: str


class BasisWriter:
    """Writes what decisions of a store rest on, by rules that ask for some facts."""

    def __init__(self, store: Store, guardrails: Guardrails, facts: Collection[str]) -> None:
        price, stock = store.settings.price, store.settings.stock
        self._home = store.currency
        self._codes = sorted(attribute_codes(facts))
        self._name, self._set = "name" in facts, "attributeSet" in facts
        self._categories = "category" in facts
        business = price.business and [
            [each.at_least, each.percent_off] for each in price.business.discounts
        ]
        settings = [
            store.country,
            store.settings.time_zone,
            [
                price.source,
                price.map_attribute,
                price.msrp_attribute,
                price.vat_percent,
                price.currency_rate,
                price.absolute_minimum,
                price.largest_step_percent,
                business,
                price.bounds_with_vat,
                price.compares_with_shipping,
            ],
            [stock.out_of_stock_threshold, stock.maximum, stock.do_not_manage_quantity],
            [guardrails.minimum_price, guardrails.largest_step_percent],
        ]
        self._store = orjson.Fragment(orjson.dumps(settings, default=str))

    def of(
        self,
        product: Product,
        listing: Listing,
        offers: OfferSnapshot | None,
        answer: RunStatus | None,
        now: datetime,
        trigger: str,
    ) -> bytes:
        """What one decision rests on."""
        parts = [
            *(FORM, PIPELINE, now, trigger, self._store),
            self._product(product),
            self._listing(listing),
            None if offers is None else self._offers(offers),
            answer,
        ]
        return zlib.compress(orjson.dumps(parts, default=str), 1)

    def _product(self, product: Product) -> _Json:
        attributes = product.attributes
        return [
            product.sku,
            product.type,
            product.is_enabled,
            self._prices(product.prices),
            [
                [each.website, each.sort_order, self._prices(each.prices)]
                for each in product.website_prices
            ],
            product.stock,
            product.manages_stock,
            product.content_hash,
            {code: attributes[code] for code in self._codes if code in attributes},
            product.name if self._name else None,
            product.attribute_set if self._set else None,
            product.categories if self._categories else None,
        ]

    def _listing(self, listing: Listing) -> _Json:
        terms, override, held = listing.wanted_terms, listing.override, listing.held
        return [
            listing.seller_sku,
            listing.asin,
            listing.condition,
            listing.fulfilment,
            listing.status,
            self._money(listing.price),
            listing.quantity,
            self._money(listing.wanted_price),
            listing.wanted_quantity,
            listing.owns_buy_box,
            listing.price_changed_at,
            self._money(override.price) if override else None,
            held and [held.run_id, self._money(held.price), self._money(held.back_to)],
            None if terms == NO_TERMS else self._terms(terms),
        ]

    def _terms(self, terms: OfferTerms) -> _Json:
        business = terms.business and [
            self._money(terms.business.price),
            [[tier.at_least, self._money(tier.price)] for tier in terms.business.tiers],
        ]
        return [
            business,
            self._money(terms.list_price),
            terms.withdraws_business,
            terms.withdraws_list_price,
        ]

    def _offers(self, offers: OfferSnapshot) -> _Json:
        return [
            offers.observed_at,
            list(offers.seen_at.items()),
            [
                [
                    offer.seller_id,
                    offer.condition,
                    self._money(offer.listing_price),
                    self._money(offer.shipping),
                    offer.fulfilment,
                    offer.feedback_rating,
                    offer.feedback_count,
                    offer.is_buy_box_winner,
                    offer.is_own,
                ]
                for offer in offers.offers
            ],
        ]

    def _prices(self, prices: Mapping[str, Money]) -> _Json:
        return {code: self._money(price) for code, price in prices.items()}

    def _money(self, money: Money | None) -> _Json:
        if money is None:
            return None
        return money.minor if money.currency == self._home else [money.minor, money.currency]
