"""Authorisations through the browser: the way to Amazon's consent page, and what the seller brings back.

The state that travels along is sealed: it names merchant and authorisation, and only this installation can make one.
"""

from datetime import datetime

import orjson
import structlog

from connectors.errors import MarketplaceError, Refusal, Unauthorized
from domain.authorization import LASTS, Authorization
from domain.clock import SystemClock
from domain.errors import Conflict, InvalidInput, NotConnected
from domain.ids import new_id
from domain.store import Store
from services import stores
from services.runtime import Runtime
from storage import sweep
from storage.authorizations import AUTHORIZATIONS, use
from storage.mongo import Scope
from storage.stores import STORES

log = structlog.get_logger()

# The seller's patience is of the real world, also where business time is virtual.
_machine = SystemClock()
_START_AGAIN = "Ask for a new link in the store's settings, and open that."


async def begin(
    runtime: Runtime, scope: Scope, store_id: str, *, actor: str
) -> tuple[str, datetime]:
    """The address of Amazon's consent page for a store's seller, and until when the way back is open.

    Raises:
        NotFound: no such store.
        NotConnected: the installation has no application at Amazon.
    """
    store = await STORES.require(scope, store_id, field=("input", "storeId"))
    expires_at = _machine.now() + LASTS
    asked = Authorization(new_id(), scope.merchant_id, store_id, actor, expires_at)
    state = orjson.dumps([asked.merchant_id, asked.id]).decode()
    url = runtime.connections.consent_url(store, runtime.vault.seal_text(state).decode())
    await AUTHORIZATIONS.insert(scope, [asked])
    return url, expires_at


async def remind(runtime: Runtime) -> int:
    """Warn of the authorisations that end soon; gives how many there are. The API shows them with their store."""
    now, due = runtime.clock.now(), 0
    for merchant_id, store_id in await sweep.active_stores(runtime.database):
        store = await STORES.get(runtime.scope(merchant_id), store_id)
        if store and store.connection and store.connection.is_renewal_due(now):
            due += 1
            log.warning(
                "store.authorization.ends",
                merchant=merchant_id,
                store=store_id,
                at=store.connection.expires_at.isoformat(),
                remedy="storeAuthorize, or `sales-channel store authorize`",
            )
    return due


async def complete(runtime: Runtime, *, state: str, seller_id: str, code: str) -> Store:
    """Connect the store for which the seller agreed. Each state is good once.

    Raises:
        InvalidInput: the state is not ours, was used or is too old; or Amazon refuses the code.
        Conflict: the store already sells with another account.
        NotConnected: Amazon could not be asked.
    """
    opened = runtime.vault.open_text(state.encode())
    if opened is None:
        raise InvalidInput(f"This is no answer to a link of ours. {_START_AGAIN}", field=("state",))
    merchant_id, id_ = orjson.loads(opened)
    scope = runtime.scope(merchant_id)
    if not await use(scope, id_, _machine.now()):
        minutes = int(LASTS.total_seconds() // 60)
        raise InvalidInput(
            f"The link was used already, or is older than {minutes} minutes. {_START_AGAIN}",
            field=("state",),
        )
    asked = await AUTHORIZATIONS.require(scope, id_)
    store = await STORES.require(scope, asked.store_id)
    if store.connection is not None and store.connection.seller_id != seller_id:
        raise Conflict(
            f"The store {store.name} sells with the account {store.connection.seller_id}, and {seller_id} agreed. "
            "Sign in at Amazon with the store's own account, or open another store."
        )
    try:
        credentials = await runtime.connections.exchange(store, code)
    except Unauthorized as error:
        if error.refusal is Refusal.APPLICATION:
            raise NotConnected(
                f"{error.message}. Have SALES_CHANNEL_AMAZON_CLIENT_ID and _CLIENT_SECRET mended. {_START_AGAIN}"
            ) from error
        raise InvalidInput(f"{error.message}. {_START_AGAIN}", field=("code",)) from error
    except MarketplaceError as error:
        raise NotConnected(f"Amazon could not be asked: {error.message}. {_START_AGAIN}") from error
    return await stores.connect(
        runtime, scope, store.id, seller_id=seller_id, credentials=credentials, actor=asked.actor
    )
