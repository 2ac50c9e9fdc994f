"""Finding the items of Amazon's catalogue that products are (behaviour 6)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.errors import Throttled
from connectors.port import CatalogItem, IdentifierType, ReadsCatalog
from domain.listing import ListingReason
from domain.product import Product
from domain.store import CatalogSearchSettings

BATCH = 20
"""Identifiers that one search may name."""
_SEARCHES_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Match:
    """The item that a product is, or why that is still open."""

    item: CatalogItem | None
    reason: ListingReason | None
    candidates: tuple[str, ...] = ()


async def match(
    catalog: ReadsCatalog, products: Sequence[Product], settings: CatalogSearchSettings
) -> dict[str, Match]:
    """Search for at most `BATCH` products, by the store's identifiers in order and last by words; by product id."""
    found: dict[str, Match] = {}
    for kind, attribute in _identifiers(settings):
        open_ = [product for product in products if product.id not in found]
        values = {
            product.id: value for product in open_ if (value := _attribute(product, attribute))
        }
        if values:
            items = await catalog.search_by_identifiers(kind, sorted(set(values.values())))
            for id_, value in values.items():
                hits = [item for item in items if _carries(item, kind, value)]
                if hits:
                    found[id_] = _judge(hits)
    if settings.general:
        open_ = [product for product in products if product.id not in found]
        found |= await _by_words(catalog, open_, settings.general, settings)
    nothing = Match(None, ListingReason.UNMATCHED)
    return {product.id: found.get(product.id, nothing) for product in products}


async def _by_words(
    catalog: ReadsCatalog,
    products: Sequence[Product],
    attribute: str,
    settings: CatalogSearchSettings,
) -> Mapping[str, Match]:
    gate = asyncio.Semaphore(_SEARCHES_AT_ONCE)

    async def search(product: Product) -> Match | None:
        words = _attribute(product, attribute)
        if not words:
            return None
        async with gate:
            items = await _found(catalog, words)
        # Words find what is merely like the product; an item of the very same title is preferred.
        exact = [item for item in items if item.title.casefold() == words.casefold()]
        hits = exact or items
        if not hits:
            return None
        verdict = _judge(hits)
        if verdict.item is None or settings.accept_general_match:
            return verdict
        return Match(None, ListingReason.NEEDS_CONFIRMATION, (verdict.item.asin,))

    verdicts = await asyncio.gather(*(search(product) for product in products))
    return {
        product.id: verdict
        for product, verdict in zip(products, verdicts, strict=True)
        if verdict is not None
    }


async def _found(catalog: ReadsCatalog, words: str) -> list[CatalogItem]:
    """Search by words, waiting for a turn: a batch that gave up for its last words would begin from its first."""
    while True:
        try:
            return await catalog.search_by_keywords(words)
        except Throttled as error:
            await asyncio.sleep(error.retry_after.total_seconds())


def _judge(hits: Sequence[CatalogItem]) -> Match:
    if len(hits) > 1:
        return Match(
            None, ListingReason.MULTIPLE_MATCHES, tuple(sorted(item.asin for item in hits))
        )
    if hits[0].child_asins:
        return Match(None, ListingReason.HAS_VARIANTS, hits[0].child_asins)
    return Match(hits[0], None)


def _identifiers(settings: CatalogSearchSettings) -> list[tuple[IdentifierType, str]]:
    mapped = [
        (IdentifierType.ASIN, settings.asin),
        (IdentifierType.EAN, settings.ean),
        (IdentifierType.GCID, settings.gcid),
        (IdentifierType.ISBN, settings.isbn),
        (IdentifierType.UPC, settings.upc),
    ]
    return [(kind, attribute) for kind, attribute in mapped if attribute]


def _attribute(product: Product, code: str) -> str | None:
    if code == "sku":
        return product.sku
    if code == "name":
        return product.name
    return product.attributes.get(code, "").strip() or None


def _carries(item: CatalogItem, kind: IdentifierType, value: str) -> bool:
    return item.asin == value if kind is IdentifierType.ASIN else (kind, value) in item.identifiers
