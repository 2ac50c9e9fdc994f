"""Restricted data tokens: what Amazon wants for buyers' data in reports and in the older operations.

Orders 2026-01-01 needs none: there the application's roles and the data that is asked for decide.
"""

from collections.abc import Mapping, Sequence

from connectors.amazon.operations import CREATE_RESTRICTED_DATA_TOKEN, Operation
from connectors.amazon.payload import Node, text
from connectors.amazon.transport import Transport, path_of
from connectors.errors import Unreadable


async def send(
    transport: Transport,
    operation: Operation,
    *,
    path: Mapping[str, str],
    data_elements: Sequence[str] = (),
    query: Mapping[str, str | int] | None = None,
) -> Node:
    """The answer of an operation with the personal data in it, by a token for this one resource.

    `data_elements` are those of Amazon's names that the operation knows: buyerInfo, shippingAddress,
    buyerTaxInformation. A report document has none.
    """
    resource: dict[str, object] = {"method": operation.method, "path": path_of(operation, path)}
    if data_elements:
        resource["dataElements"] = list(data_elements)
    answer = await transport.send(
        CREATE_RESTRICTED_DATA_TOKEN, body={"restrictedResources": [resource]}
    )
    token = text(answer.get("restrictedDataToken"))
    if token is None:
        raise Unreadable("The answer holds no token", operation=CREATE_RESTRICTED_DATA_TOKEN.name)
    return await transport.send(operation, path=path, query=query, token=token)
