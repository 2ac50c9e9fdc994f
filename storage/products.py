"""Products."""

from collections.abc import Collection as Members
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.product import Product
from storage.collection import Collection
from storage.filters import Is
from storage.keyset import Sort
from storage.mongo import Scope, Update, to_document
from storage.rows import rows_of

PRODUCTS = Collection("products", Product)

PRICED_BY = (
    *("merchant_id", "sku", "name", "type", "attribute_set", "categories", "is_enabled", "prices"),
    *("website_prices", "stock", "manages_stock", "content_hash"),
)
"""What decisions read of a product, besides attributes."""
_DIGESTED = ("content_hash", "website_prices", "stock")


@dataclass(frozen=True, slots=True)
class Written:
    """What became of imported products: ids of the new and of the changed, count of the rest."""

    created: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: int


async def write(scope: Scope, products: Sequence[Product]) -> Written:
    """Insert new products and overwrite those whose content differs; others are left alone."""
    found = await scope.find(
        PRODUCTS.name,
        {"_id": {"$in": [product.id for product in products]}},
        fields=["content_hash"],
    )
    known = {row["_id"]: row["content_hash"] for row in found}
    new = [product for product in products if product.id not in known]
    changed = [
        product
        for product in products
        if product.id in known and known[product.id] != product.content_hash
    ]
    await PRODUCTS.insert_new(scope, new)
    await scope.update_each(PRODUCTS.name, (_overwrite(product) for product in changed))
    return Written(
        tuple(product.id for product in new),
        tuple(product.id for product in changed),
        len(products) - len(new) - len(changed),
    )


async def next_batch(scope: Scope, after_id: str, limit: int) -> list[Product]:
    """The products that follow an id, in the order of ids."""
    return await PRODUCTS.find(scope, Is("_id", "gt", after_id), sort=Sort("_id"), limit=limit)


async def rows_for_pricing(
    scope: Scope, ids: Iterable[str], codes: Members[str] | None
) -> dict[str, Product]:
    """Those of the ids that this merchant has, by id, with the attributes of these codes only; None reads all."""
    fields = None
    if codes is not None:
        fields = [*PRICED_BY, *(f"attributes.{code}" for code in codes)]
    found = await scope.find(PRODUCTS.name, {"_id": {"$in": list(ids)}}, fields=fields)
    for row in found:
        row.setdefault("attributes", {})
    read = None if codes is None else {*PRICED_BY, "id", "attributes"}
    return {row.id: row for row in rows_of(Product, found, read)}


async def rows_for_digests(scope: Scope, ids: Iterable[str]) -> dict[str, Product]:
    """Those of the ids that this merchant has, by id, with what shows whether something changed that pricing reads."""
    found = await scope.find(PRODUCTS.name, {"_id": {"$in": list(ids)}}, fields=_DIGESTED)
    return {row.id: row for row in rows_of(Product, found, {*_DIGESTED, "id"})}


async def take_stock(scope: Scope, id_: str, quantity: int) -> None:
    """Lower a product's stock by what was sold, to no less than nothing."""
    lowered = {"$max": [{"$subtract": ["$stock", quantity]}, 0]}
    await scope.update(
        PRODUCTS.name,
        {"_id": id_, "manages_stock": True},
        [{"$set": {"stock": {"$toDecimal": lowered}, "version": {"$add": ["$version", 1]}}}],
    )


def _overwrite(product: Product) -> Update:
    document = to_document(product)
    id_ = document.pop("_id")
    for kept in ("version", "created_at"):
        del document[kept]
    return Update({"_id": id_}, {"$set": document, "$inc": {"version": 1}})
