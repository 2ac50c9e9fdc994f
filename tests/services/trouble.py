"""Trouble: a process that dies between two steps, and one that writes in the middle of another's work."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from connectors.connector import Connector
from domain.store import Store
from embedded.servers import ServerUrls
from rules.conditions import ReferenceMatcher
from rules.facts import Facts
from rules.language import RulesetDocument
from services.connections import Connections
from services.runtime import Runtime, open_runtime
from tests.services.shop import Shop

Act = Callable[[Runtime], Awaitable[object]]


class Killed(Exception):
    """The process ends here."""


class _Connections:
    """The runtime's own connections, with some methods of every connector replaced."""

    def __init__(self, inner: Connections, replaced: dict[str, Callable[[Any], Any]]) -> None:
        self._inner = inner
        self._replaced = replaced

    async def of(self, store: Store) -> Connector:
        return cast("Connector", _Connector(await self._inner.of(store), self._replaced))


class _Connector:
    def __init__(self, inner: Connector, replaced: dict[str, Callable[[Any], Any]]) -> None:
        self._inner = inner
        self._replaced = replaced

    def __getattr__(self, name: str) -> Any:
        if name in self._replaced:
            return self._replaced[name](self._inner)
        return getattr(self._inner, name)


def with_connector(shop: Shop, **replaced: Callable[[Any], Any]) -> Shop:
    """The shop with methods of its connector replaced; each replacement is made of the real connector."""
    connections = _Connections(shop.runtime.connections, replaced)
    runtime = replace(shop.runtime, connections=cast("Connections", connections))
    return replace(shop, runtime=runtime)


def killed_after(method: str) -> dict[str, Callable[[Any], Any]]:
    """Let a method of the connector do its work at Amazon and the process die before it knows."""

    def replacement(inner: Any) -> Any:
        async def act(*arguments: Any, **named: Any) -> None:
            await getattr(inner, method)(*arguments, **named)
            raise Killed

        return act

    return {method: replacement}


class Interruptions:
    """Makes matchers that let another process act while the first one is in the middle of deciding."""

    def __init__(self, urls: ServerUrls) -> None:
        self._urls = urls
        self._acts: list[Act] = []
        self.rounds = 0
        self.settings: Any = None

    def plan(self, act: Act) -> None:
        """Have another process do this at the next match."""
        self._acts.append(act)

    def matcher(self, document: RulesetDocument) -> "_Interrupted":
        return _Interrupted(document, self)

    def interrupt(self) -> None:
        self.rounds += 1
        if self._acts:
            act = self._acts.pop()
            thread = threading.Thread(target=asyncio.run, args=(self._run(act),))
            thread.start()
            thread.join()

    async def _run(self, act: Act) -> None:
        urls = self._urls
        async with open_runtime(self.settings, urls.mongodb_url, urls.redis_url) as other:
            await act(other)


class _Interrupted(ReferenceMatcher):
    def __init__(self, document: RulesetDocument, interruptions: Interruptions) -> None:
        super().__init__(document)
        self._interruptions = interruptions

    def match(self, batch: Sequence[Facts]) -> list[frozenset[str]]:
        if batch:
            self._interruptions.interrupt()
        return super().match(batch)
