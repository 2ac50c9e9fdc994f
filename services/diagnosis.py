"""The self-test of a store's connection."""

from connectors.port import Diagnosis
from services.runtime import Runtime
from storage.mongo import Scope
from storage.stores import STORES


async def diagnose(runtime: Runtime, scope: Scope, store_id: str) -> list[Diagnosis]:
    """What works between a store and Amazon and what does not, part by part. It changes nothing.

    Raises:
        NotFound: no such store.
        NotConnected: the store was never connected, or is paused.
    """
    store = await STORES.require(scope, store_id, field=("input", "storeId"))
    connector = await runtime.connections.of(store)
    return await connector.diagnose()
