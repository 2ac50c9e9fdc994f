"""What every entry point opens before it works and closes afterwards, in one order."""

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
) -> AsyncIterator[Runtime]:
    """Open everything, and close it at the end of the `with`.

    Only the processes that reprice pass the durable_rules matcher: it holds the interpreter and,
    being C, could take the process down, which neither an API nor a command line should suffer.
    `patience` is how many seconds a query waits for a database that is away: workers wait out a restart,
    callers of the API are told.
    """
    key = settings.secret_key
    vault = Vault(key.get_secret_value() if key else development_key(settings.data_dir))
    clock = clock_of(settings.clock_file)
    queue = Queue(redis_url)
    rulebooks = Rulebooks(matcher)
    allowance = Allowance(redis_url, settings.database)
    issuer = settings.jwt_issuer
    provider = IdentityProvider(issuer, settings.jwt_jwks_url) if issuer else None
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
                )
            finally:
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
