"""What every entry point opens before it works and closes afterwards, in one order."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from connectors.egress import GuardedBackend
from connectors.identity_provider import IdentityProvider
from connectors.webhook_sender import WebhookSender
from domain.clock import Clock
from rules.conditions import ReferenceMatcher
from rules.document import RulesetDocument
from rules.engine import Matcher
from services.allowance import Allowance
from services.clock import clock_of
from services.communication_errors import CallLog
from services.connections import Connections
from services.examinations import Examinations
from services.hour import LastHour
from services.keyring import Keyring
from services.live import Live
from services.queue import Queue
from services.rulebooks import Rulebooks
from services.settings import Settings
from services.share_processes import ShareProcesses
from services.share_protocol import Greeting
from services.vault import Vault, development_key
from storage import indexes
from storage.mongo import Database, Scope, open_database

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Runtime:
    """The process's resources, handed to every use case."""

    settings: Settings
    database: Database
    queue: Queue
    clock: Clock
    vault: Vault
    connections: Connections
    rulebooks: Rulebooks
    allowance: Allowance
    examinations: Examinations
    identity_provider: IdentityProvider | None
    """The merchant's, where one is set up."""
    live: Live
    webhook_sender: WebhookSender
    keyring: Keyring
    last_hour: LastHour
    share_processes: ShareProcesses

    def scope(self, merchant_id: str) -> Scope:
        """A merchant's part of the database."""
        return self.database.scope(merchant_id)


@asynccontextmanager
async def open_runtime(
    settings: Settings,
    mongodb_url: str,
    redis_url: str,
    *,
    matcher: Callable[[RulesetDocument], Matcher] = ReferenceMatcher,
    patience: float = 20,
    share_processes: int = 0,
) -> AsyncIterator[Runtime]:
    """Open everything, and close it at the end of the `with`.

    Only the processes that reprice pass the durable_rules matcher: it holds the interpreter and,
    being C, could take the process down, which neither an API nor a command line should suffer.
    `patience` is how many seconds a query waits for a database that is away: workers wait out a restart,
    callers of the API are told. `share_processes` is how many processes may take shares of this one's large runs.
    """
    key = settings.secret_key
    vault = Vault(key.get_secret_value() if key else development_key(settings.data_dir))
    clock = clock_of(settings.clock_file)
    queue = Queue(redis_url)
    rulebooks = Rulebooks(matcher)
    allowance = Allowance(redis_url, settings.database)
    issuer = settings.jwt_issuer
    provider = IdentityProvider(issuer, settings.jwt_jwks_url) if issuer else None
    shares = ShareProcesses(Greeting(settings, mongodb_url, redis_url), share_processes)
    sender = WebhookSender(GuardedBackend(allow_private=settings.webhooks_allow_private))
    try:
        async with open_database(mongodb_url, settings.database, patience) as database:
            await indexes.ensure(database)
            live = Live(database)
            calls = CallLog(database, clock)
            connections = Connections(settings, vault, clock, redis_url, calls)
            try:
                yield Runtime(
                    settings,
                    database,
                    queue,
                    clock,
                    vault,
                    connections,
                    rulebooks,
                    allowance,
                    Examinations(),
                    provider,
                    live,
                    sender,
                    Keyring(),
                    LastHour(),
                    shares,
                )
            finally:
                await shares.close()
                await connections.close()
                await calls.close()
                await live.close()
    finally:
        await sender.close()
        if provider:
            await provider.close()
        rulebooks.close()
        await allowance.close()
        await queue.close()


def look_for_garbage_seldom() -> None:
    """Have the collector pass over what start-up made, and look through the rest less often.

    Documents come and go by thousands and are never in circles; looking for those takes a fifth of the time otherwise.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
