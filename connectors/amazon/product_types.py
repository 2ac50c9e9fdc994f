"""Tells which product types there are, and what each asks for (Product Type Definitions 2020-09-01)."""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence

from connectors.amazon.operations import GET_PRODUCT_TYPE, SEARCH_PRODUCT_TYPES
from connectors.amazon.payload import Node, node, nodes, parse, text, texts
from connectors.amazon.transport import Transport
from connectors.errors import Unavailable, Unreadable
from connectors.product_listing import ProductType, ProductTypeDefinition, Requirements


async def with_keywords(transport: Transport, keywords: Sequence[str]) -> list[ProductType]:
    """Those that any of the keywords finds; all without keywords."""
    # Keywords are a list with commas between.
    words = [word for one in keywords for word in one.replace(",", " ").split()]
    return await _search(transport, {"keywords": ",".join(words)} if words else {})


async def for_title(transport: Transport, title: str) -> list[ProductType]:
    """Those that Amazon recommends for a product of that title."""
    return await _search(transport, {"itemName": title})


async def _search(transport: Transport, query: Mapping[str, str]) -> list[ProductType]:
    marketplace = {"marketplaceIds": transport.account.marketplace.id}
    answer = await transport.send(SEARCH_PRODUCT_TYPES, query={**query, **marketplace})
    return [
        ProductType(name, text(row.get("displayName")) or name)
        for row in nodes(answer.get("productTypes"))
        if (name := text(row.get("name")))
    ]


async def definition(
    transport: Transport, product_type: str, requirements: Requirements
) -> ProductTypeDefinition:
    """What a product type asks of this seller."""
    answer = await transport.send(
        GET_PRODUCT_TYPE,
        path={"productType": product_type},
        query={
            "sellerId": transport.account.seller_id,
            "marketplaceIds": transport.account.marketplace.id,
            "requirements": requirements.value,
        },
    )
    return definition_of(answer, product_type)


def definition_of(answer: Node, product_type: str) -> ProductTypeDefinition:
    """The definition in an answer; raises `Unreadable` where it does not say where the schema is."""
    schema = node(answer.get("schema"))
    url = text(node(schema.get("link")).get("resource"))
    checksum = text(schema.get("checksum"))
    if url is None or checksum is None:
        raise Unreadable("The product type has no schema", operation=GET_PRODUCT_TYPE.name)
    name = text(answer.get("productType")) or product_type
    return ProductTypeDefinition(
        product_type=ProductType(name, text(answer.get("displayName")) or name),
        version=text(node(answer.get("productTypeVersion")).get("version")) or "",
        schema_url=url,
        schema_checksum=checksum,
        attribute_groups=tuple(
            (text(node(group).get("title")) or key, texts(node(group).get("propertyNames")))
            for key, group in node(answer.get("propertyGroups")).items()
        ),
    )


async def schema(transport: Transport, told: ProductTypeDefinition) -> bytes:
    """The JSON Schema of a definition, whole and undamaged."""
    content = (await transport.load(told.schema_url)).content
    if not _is_sum_of(told.schema_checksum, content):
        raise Unavailable("The schema came damaged", operation=GET_PRODUCT_TYPE.name)
    try:
        is_object = isinstance(parse(content), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise Unreadable("The schema is not a JSON object", operation=GET_PRODUCT_TYPE.name)
    return content


def _is_sum_of(checksum: str, content: bytes) -> bool:
    """Whether it is the MD5 of the content: in Base64 by Amazon's model, in hexadecimal by the model's example."""
    digest = hashlib.md5(content, usedforsecurity=False)
    if checksum.lower() == digest.hexdigest():
        return True
    try:
        return base64.b64decode(checksum, validate=True) == digest.digest()
    except (binascii.Error, ValueError):
        return False
