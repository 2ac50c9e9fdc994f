"""Mutations of products: importing them out of an uploaded file."""

from enum import Enum
from typing import Annotated

import strawberry
from strawberry import Maybe

from domain import operation as domain
from domain.access import AccessScope
from domain.errors import InvalidInput
from domain.product_import import ProductFileFormat
from graphql_api import operations
from graphql_api.access import needs
from graphql_api.context import Info
from graphql_api.errors import UserError, attempt, error_codes
from graphql_api.fields import described
from graphql_api.idempotency import KEY, once
from graphql_api.ids import Kind, require_key
from graphql_api.operations import Operation
from graphql_api.scalars import CurrencyCode, IdempotencyKey
from graphql_api.selection import Selection
from services import product_imports as use_cases
from storage.mongo import Scope
from storage.operations import OPERATIONS


@error_codes("Why an import was not started.")
class ProductsImportErrorCode(Enum):
    """Codes of `productsImport`."""

    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"


@strawberry.type(description="Why an import was not started.")
class ProductsImportUserError(UserError):
    """An error of `productsImport`."""

    code: ProductsImportErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="A website of the catalogue whose own prices count.")
class ProductsImportWebsiteInput:
    """A website with its store views."""

    website: str = strawberry.field(description="The website's code.")
    store_views: list[str] = strawberry.field(description="Codes of its store views in the file.")


@strawberry.input(description="A file of products.")
class ProductsImportInput:
    """Input of `productsImport`."""

    upload_id: strawberry.ID = strawberry.field(description="The upload that brought the file.")
    format: ProductFileFormat = strawberry.field(description="How the file tells products.")
    currency_code: CurrencyCode = strawberry.field(description="Currency of all prices in it.")
    websites: Maybe[list[ProductsImportWebsiteInput]] = strawberry.field(
        description="Of a Magento export with rows of store views: websites in the order in which their prices count.",
        default=None,
    )
    idempotency_key: IdempotencyKey | None = strawberry.field(description=KEY, default=None)


@strawberry.type(description="What `productsImport` gives.")
class ProductsImportPayload:
    """Payload of `productsImport`."""

    operation: Operation | None = strawberry.field(
        description="The import, to watch; its `resultUrl` leads to the answer to each line."
    )
    user_errors: list[ProductsImportUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@strawberry.type
class ProductMutations:
    """Mutations of products."""

    @described
    @needs(AccessScope.WRITE_PRODUCTS)
    async def products_import(
        self,
        info: Info,
        given: Annotated[
            ProductsImportInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> ProductsImportPayload:
        """Import products out of an uploaded file. A line that cannot be used is told, and the others go on."""
        context = info.context

        async def start(scope: Scope) -> domain.Operation:
            return await use_cases.start(
                context.runtime,
                scope,
                require_key(Kind.UPLOAD, given.upload_id, ("uploadId",)),
                format_=given.format,
                currency=given.currency_code,
                websites=_websites(given),
                actor=context.viewer.actor,
            )

        work = once(info, given, OPERATIONS, start)
        row, errors = await attempt(work, ProductsImportUserError, ProductsImportErrorCode)
        context.forget()
        wanted = Selection.of(info)["operation"]
        operation = await operations.NOUN.of(context, row, wanted) if row else None
        return ProductsImportPayload(operation=operation, user_errors=errors)


def _websites(given: ProductsImportInput) -> dict[str, list[str]]:
    """Store views by website, in the order in which they were given; each may be named once."""
    found: dict[str, list[str]] = {}
    views: list[str] = []
    for place, each in enumerate(given.websites.value if given.websites else ()):
        views += each.store_views
        if each.website in found or len(set(views)) < len(views):
            raise InvalidInput(
                "Name each website and each store view once.",
                field=("input", "websites", str(place)),
            )
        found[each.website] = each.store_views
    return found
