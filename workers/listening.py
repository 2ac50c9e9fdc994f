"""Listening: notifications are taken in as they come, by one process for each store."""

import asyncio

import structlog

from services import events
from services.runtime import Runtime
from storage import sweep

log = structlog.get_logger()

_AGAIN = 5.0
"""Seconds until a store is listened to that became active, or whose listener ended."""


async def listen(runtime: Runtime) -> None:
    """Listen to every active store until this is cancelled."""
    listeners: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            await _look_after(runtime, listeners)
            await asyncio.sleep(_AGAIN)
    finally:
        for listener in listeners.values():
            listener.cancel()
        await asyncio.gather(*listeners.values(), return_exceptions=True)


async def _look_after(runtime: Runtime, listeners: dict[str, asyncio.Task[None]]) -> None:
    """Have each active store listened to; those who ended do so anew."""
    for store_id, listener in list(listeners.items()):
        if listener.done():
            del listeners[store_id]
            if error := listener.exception():
                log.warning("listening.ended", store=store_id, error=str(error))
    try:
        active = await sweep.active_stores(runtime.database)
    except Exception as error:  # noqa: BLE001 - whatever keeps the database away, it may be over soon
        log.warning("listening.put_off", error=str(error))
        return
    for merchant_id, store_id in active:
        if store_id not in listeners:
            listening = events.listen(runtime, runtime.scope(merchant_id), store_id)
            listeners[store_id] = asyncio.create_task(listening)
