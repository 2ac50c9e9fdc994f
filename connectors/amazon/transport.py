"""Sends one call to Amazon: token, turn, request, verdict, another try, a line in the log for each."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import quote

import httpx
import orjson
import structlog

from connectors.amazon.account import AmazonAccount
from connectors.amazon.auth import Tokens
from connectors.amazon.operations import Grant, Operation
from connectors.amazon.payload import Node
from connectors.amazon.verdict import (
    AccessTokenRefused,
    QuotaExceeded,
    answer_of,
    request_id_of,
)
from connectors.amazon.wording import trouble_of
from connectors.budget import Bucket, Budget, Priority, Sleep
from connectors.errors import MarketplaceError, Missing, NoTurn, Unavailable
from connectors.journal import Journal, NoJournal
from domain.communication_error import RetryVerdict

log = structlog.get_logger()

TRIES = 5
_SHORTEST_BACK_OFF = 0.2
_LONGEST_BACK_OFF = 8.0
_EXPIRED = "the address has expired"
_USER_AGENT = "sales-channel/0.1 (Language=Python)"


_NO_CONNECTION = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class _NotSent(Unavailable):
    """There was no connection, so that the request cannot have arrived."""


class Transport:
    """The way of one account to Amazon.

    A call may be sent again, since those that write set absolute values, so that twice is once; but for the few
    operations that say otherwise.
    """

    def __init__(
        self,
        account: AmazonAccount,
        api_url: str,
        *,
        budget: Budget,
        tokens: Tokens,
        http: httpx.AsyncClient,
        sleep: Sleep = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        journal: Journal | None = None,
    ) -> None:
        self.account = account
        self.journal = journal or NoJournal()
        self._api_url = api_url.rstrip("/")
        self._budget = budget
        self._tokens = tokens
        self._http = http
        self._sleep = sleep
        self._chance = chance

    async def send(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str | int] | None = None,
        body: object | None = None,
        priority: Priority = Priority.URGENT,
        token: str | None = None,
        api_url: str | None = None,
    ) -> Node:
        """The answer of an operation, as JSON.

        `path` fills the path's placeholders; a `body` may hold `orjson.Fragment` for exact numbers;
        a `token` of its own (`restricted.py`) takes the place of the account's,
        and the `api_url` of another region that of its own.
        Raises the errors of `connectors.errors`.
        """
        url = (api_url or self._api_url) + path_of(operation, path or {})
        content = None if body is None else orjson.dumps(body)
        request = self._http.build_request(operation.method, url, params=query, content=content)
        request.headers["user-agent"] = _USER_AGENT
        if content is not None:
            request.headers["content-type"] = "application/json"
        return await self._persist(operation, request, priority, token)

    async def load(self, url: str) -> httpx.Response:
        """What is behind a presigned address; raises `Unavailable` where there is nothing, or the address expired."""
        return await self._store("GET", url, None, None)

    async def save(self, url: str, content: bytes, content_type: str) -> None:
        """Put something behind a presigned address."""
        await self._store("PUT", url, content, content_type)

    async def _store(
        self, method: str, url: str, content: bytes | None, content_type: str | None
    ) -> httpx.Response:
        """Talk to the service that stores documents: it knows no tokens and has no quota that we could count."""
        headers = {"content-type": content_type} if content_type else {}
        attempt, started = 0, time.perf_counter()
        while True:
            attempt += 1
            try:
                response = await self._http.request(method, url, content=content, headers=headers)
                problem = _problem_of(response)
            except httpx.RequestError as failure:
                problem = type(failure).__name__
            line = log.bind(method=method, attempt=attempt, duration_ms=_since(started))
            self.journal.count(f"document.{method}", _since(started))
            if problem is None:
                line.info("amazon.document", status=response.status_code)
                return response
            line.warning("amazon.document", error=problem)
            error = Unavailable(
                f"The document cannot be reached: {problem}", operation=f"document.{method}"
            )
            self._judge(error, is_last=attempt == TRIES or problem == _EXPIRED)
            await self._sleep(self._back_off(attempt))

    async def _persist(
        self,
        operation: Operation,
        request: httpx.Request,
        priority: Priority,
        own_token: str | None,
    ) -> Node:
        """Try until there is an answer, or no hope for one."""
        bucket = self._bucket(operation)
        renewed = own_token is not None
        attempt = 0
        while True:
            attempt += 1
            try:
                token = own_token or await self._tokens.token(operation.grant)
                await self._budget.take(bucket, priority)
                response = await self._exchange(operation, request, token, attempt)
                await self._learn(operation, bucket, response)
                return answer_of(operation, response)
            except AccessTokenRefused as error:
                self._tokens.forget(operation.grant, token)
                self._judge(error, is_last=renewed or attempt == TRIES)
                renewed = True
            except QuotaExceeded as error:
                # The next turn waits, or says when to come back.
                await self._budget.block(bucket)
                self._judge(error, is_last=attempt == TRIES)
            except Unavailable as error:
                is_done_maybe = operation.once and not isinstance(error, _NotSent)
                self._judge(error, is_last=is_done_maybe or attempt == TRIES)
                await self._sleep(self._back_off(attempt))
            except NoTurn:
                raise
            except MarketplaceError as error:
                if not (operation.asks_whether and isinstance(error, Missing)):
                    self.journal.note(trouble_of(error))
                raise

    def _judge(self, error: MarketplaceError, *, is_last: bool) -> None:
        """Note what a call met; raises it where it is not sent again."""
        self.journal.note(trouble_of(error, None if is_last else RetryVerdict.RETRIED))
        if is_last:
            raise error

    async def _exchange(
        self, operation: Operation, request: httpx.Request, token: str, attempt: int
    ) -> httpx.Response:
        """Send the request once and write it down, without anything of what is in it."""
        request.headers["x-amz-access-token"] = token
        line = log.bind(operation=operation.name, attempt=attempt)
        started = time.perf_counter()
        try:
            response = await self._http.send(request)
        except httpx.RequestError as error:
            line.warning("amazon.call", error=type(error).__name__, duration_ms=_since(started))
            self.journal.count(operation.name, _since(started))
            kind = _NotSent if isinstance(error, _NO_CONNECTION) else Unavailable
            raise kind(
                f"Amazon cannot be reached: {type(error).__name__}", operation=operation.name
            ) from error
        throttled = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
        self.journal.count(operation.name, _since(started), is_throttled=throttled)
        # That something is not there is an answer like any other; who asked decides whether it is trouble.
        answered = response.is_success or response.status_code == HTTPStatus.NOT_FOUND
        write = line.info if answered else line.warning
        write(
            "amazon.call",
            status=response.status_code,
            duration_ms=_since(started),
            request_id=request_id_of(response),
        )
        return response

    async def _learn(self, operation: Operation, bucket: Bucket, response: httpx.Response) -> None:
        """Take the rate from the header; Amazon leaves it out where it matters most, on a 429."""
        if operation.quota is not None:
            return
        try:
            rate = float(response.headers.get("x-amzn-ratelimit-limit", ""))
        except ValueError:
            return
        await self._budget.learn(bucket, rate)

    def _bucket(self, operation: Operation) -> Bucket:
        seller = self.account.seller_id if operation.grant is Grant.SELLER else "-"
        name = operation.quota or operation.name
        return Bucket(self.account.client_id, seller, name, operation.rate, operation.burst)

    def _back_off(self, attempt: int) -> float:
        """Full jitter: anything up to a bound that doubles with each try."""
        bound = min(_LONGEST_BACK_OFF, _SHORTEST_BACK_OFF * float(2 ** (attempt - 1)))
        return bound * self._chance()


def path_of(operation: Operation, values: Mapping[str, str]) -> str:
    """An operation's path with its placeholders filled."""
    return operation.path.format_map({name: _segment(value) for name, value in values.items()})


def _problem_of(response: httpx.Response) -> str | None:
    """Why an answer of the storage service is none; an empty document is as bad as no document."""
    if response.status_code == HTTPStatus.FORBIDDEN:
        return _EXPIRED
    if not response.is_success:
        return str(response.status_code)
    return "empty" if response.request.method == "GET" and not response.content else None


def _segment(value: str) -> str:
    """A path segment with nothing left that means something in a path; SKUs hold ``/``, ``#`` and ``%``."""
    quoted = quote(value, safe="")
    return quoted.replace(".", "%2E") if set(quoted) == {"."} else quoted


def _since(started: float) -> int:
    """Whole milliseconds that passed."""
    return round((time.perf_counter() - started) * 1000)
