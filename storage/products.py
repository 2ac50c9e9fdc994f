"""Products."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.product import Product
from storage.collection import Collection
from storage.filters import Is
from storage.keyset import Sort
from storage.mongo import Scope, Update, to_document

PRODUCTS = Collection("products", Product)


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
