"""What the catalogue says of a product, read as rules need it: prices by website, days, options."""

import re
from datetime import date
from functools import lru_cache

from domain.money import Money
from domain.product import Product
from domain.store import Store
from rules.amounts import exchanged, with_percent

CATALOG_PRICE = "price"
"""The price attribute that every product should have and that stands in for empty ones."""

_ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?", re.ASCII)
_US_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?:[, ].*)?", re.ASCII)


def prices_of(product: Product) -> dict[str, Money]:
    """Price attributes by code, each from the first website, by sort order, that has one of its own (behaviour 10)."""
    if not product.website_prices:
        return product.prices
    own: dict[str, Money] = {}
    for website in sorted(product.website_prices, key=lambda each: each.sort_order):
        own = {code: price for code, price in website.prices.items() if price.minor > 0} | own
    return product.prices | own


def price_attribute(product: Product, code: str) -> Money | None:
    """A price attribute of a product; zero is what catalogues hold where nobody entered a price, so it is none."""
    price = prices_of(product).get(code)
    return price if price is not None and price.minor > 0 else None


def cost_of(product: Product, store: Store) -> Money | None:
    """What a product costs, in the store's currency and with its VAT as prices have it; None where it is not known.

    Amazon's fees are not part of it.
    """
    settings, cost = store.settings.price, price_attribute(product, "cost")
    local = cost and exchanged(cost, settings.currency_rate, store.currency)
    return local and with_percent(local, settings.vat_percent)


@lru_cache(maxsize=8192)
def day_of(written: str) -> str | None:
    """A date attribute as ``2026-06-01``, from that form or the US form ``6/1/26``; None where it is no date."""
    text = written.strip()
    if iso := _ISO_DAY.fullmatch(text):
        year, month, day = iso.groups()
    elif american := _US_DAY.fullmatch(text):
        month, day, year = american.groups()
    else:
        return None
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day)).isoformat()
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def options_of(written: str) -> tuple[str, ...] | None:
    """The options of a choice of several, which exports join with bars: ``Wool|Cotton``; None where there are none."""
    found = tuple(part.strip() for part in written.split("|") if part.strip())
    return found or None
