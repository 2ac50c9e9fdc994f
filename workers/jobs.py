"""The jobs: each parses its arguments, calls one use case, and says what is to happen next.

A job may be lost, run twice or be killed anywhere: what there is to do stands in Mongo, and the sweeps come back for it.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, cast

import structlog
from arq import Retry
from arq.typing import WorkerCoroutine
from arq.worker import Function, func

from connectors.errors import MarketplaceError, Retryable, Throttled
from domain.errors import NotConnected, NotFound
from services import (
    events,
    exports,
    listing_imports,
    listings,
    looks,
    orders,
    plans,
    price_history,
    product_imports,
    repricing,
    submissions,
    webhook_delivery,
)
from services.queue import Job
from services.runtime import Runtime
from storage.mongo import Scope

log = structlog.get_logger()

TIMEOUT = 600
"""Seconds that a job may take. Nobody waits for this after a crash: leases end in seconds, and sweeps come again."""

_TIMEOUTS = {Job.REPRICE: 4 * 3600}
"""A pass over a million listings of which all are to be decided takes longer."""

UseCase = Callable[[Runtime, Scope, str, str | None], Awaitable[object]]

USE_CASES: dict[Job, UseCase] = {
    Job.IMPORT_LISTINGS: listing_imports.import_listings,
    Job.MATCH_PRODUCTS: listings.match_products,
    Job.PULL_OFFERS: looks.pull,
    Job.LOOK_AT_OFFERS: lambda runtime, scope, store, _: looks.look(runtime, scope, store),
    Job.RECEIVE_EVENTS: lambda runtime, scope, store, _: events.receive(runtime, scope, store),
    Job.REPRICE: repricing.reprice,
    Job.SIMULATE: plans.work_out,
    Job.EXPORT: lambda runtime, scope, _, operation: exports.write(runtime, scope, operation or ""),
    Job.IMPORT_PRODUCTS: lambda runtime, scope, _, operation: product_imports.run(
        runtime, scope, operation or ""
    ),
    Job.PUSH: lambda runtime, scope, store, _: submissions.push(runtime, scope, store),
    Job.CONFIRM: lambda runtime, scope, store, _: submissions.confirm(runtime, scope, store),
    Job.IMPORT_ORDERS: lambda runtime, scope, store, _: orders.import_orders(runtime, scope, store),
    Job.DELIVER: lambda runtime, scope, webhook, _: webhook_delivery.deliver(
        runtime, scope, webhook
    ),
    Job.MOVE_PRICES: lambda runtime, scope, store, _: price_history.move(runtime, scope, store),
}


def functions(*jobs: Job) -> list[Function]:
    """The jobs as arq wants them."""
    return [_function(job) for job in jobs]


def _function(job: Job) -> Function:
    use_case = USE_CASES[job]

    async def run(
        context: dict[str, Any], merchant_id: str, store_id: str, operation_id: str | None
    ) -> None:
        runtime: Runtime = context["runtime"]
        bound = log.bind(job=job.value, merchant=merchant_id, store=store_id)
        try:
            await use_case(runtime, runtime.scope(merchant_id), store_id, operation_id)
        except Throttled as error:
            # arq would count it as a try, and give up after five; a low quota takes many turns.
            await runtime.queue.put_off(job, merchant_id, store_id, operation_id, error.retry_after)
        except Retryable as error:
            bound.warning("job.again_later", error=error.message)
            raise Retry(defer=timedelta(seconds=5)) from error
        except (MarketplaceError, NotConnected) as error:
            # Trying again at once cannot help; the sweep does so in its own time.
            bound.error("job.refused", error=str(error))
        except NotFound as error:
            bound.warning("job.store_is_gone", error=error.message)

    return func(
        cast("WorkerCoroutine", run),
        name=job.value,
        timeout=_TIMEOUTS.get(job, TIMEOUT),
        keep_result=0,
        max_tries=5,
    )
