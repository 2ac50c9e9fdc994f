"""Persisted documents: clients name a document by its SHA-256 (Apollo's automatic persisted queries).

An installation that serves clients of its own may name all their documents in a file; then others are refused.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import GraphQLError

from domain.clock import SystemClock
from storage import documents
from storage.mongo import Scope

_machine = SystemClock()
_KEPT = 500
_KNOWN: OrderedDict[tuple[str, str], str] = OrderedDict()
"""Texts by merchant and digest that this process has seen lately."""


class UnknownDocument(GraphQLError):
    """Nobody sent the document of this hash yet; the client is to send its text."""

    def __init__(self) -> None:
        # The message is the one that clients of the protocol look for.
        super().__init__("PersistedQueryNotFound", extensions={"code": "PERSISTED_QUERY_NOT_FOUND"})


class UntrustedDocument(GraphQLError):
    """The document is none of those that this installation serves."""

    def __init__(self) -> None:
        super().__init__(
            "Only the documents that this installation knows are answered; this is none of them.",
            extensions={"code": "FORBIDDEN"},
        )


async def text_of(
    scope: Scope, query: str | None, extensions: Mapping[str, Any] | None, trusted: Path | None
) -> str | None:
    """The text of a request's document, by its hash where it is not sent.

    Raises:
        UnknownDocument: it is named by a hash that nobody sent the text of.
        UntrustedDocument: the installation serves named documents only, and this is none.
        GraphQLError: text and hash do not belong together.
    """
    digest = digest_of(extensions)
    if query is not None and digest is not None and digest != _digest(query):
        raise GraphQLError("`extensions.persistedQuery.sha256Hash` is not the hash of the query.")
    if trusted is not None:
        text = _manifest(trusted).get(digest or _digest(query or ""))
        if text is None:
            raise UntrustedDocument
        return text
    if query is not None or digest is None:
        return query
    key = (scope.merchant_id, digest)
    found = _KNOWN.get(key) or await documents.find(scope, digest)
    if found is None:
        raise UnknownDocument
    _remember(key, found)
    return found


async def keep(scope: Scope, digest: str, text: str) -> None:
    """Remember a document that was sent in full and could be run."""
    if (scope.merchant_id, digest) not in _KNOWN:
        await documents.keep(scope, digest, text, _machine.now())
        _remember((scope.merchant_id, digest), text)


def digest_of(extensions: Mapping[str, Any] | None) -> str | None:
    """The hash by which a request names its document; None where it does not."""
    named = (extensions or {}).get("persistedQuery")
    digest = named.get("sha256Hash") if isinstance(named, Mapping) else None
    return digest if isinstance(digest, str) else None


def _remember(key: tuple[str, str], text: str) -> None:
    _KNOWN[key] = text
    _KNOWN.move_to_end(key)
    if len(_KNOWN) > _KEPT:
        _KNOWN.popitem(last=False)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=4)
def _manifest(file: Path) -> dict[str, str]:
    """The documents of a file: a JSON list of texts, or an object of texts by any name."""
    found = json.loads(file.read_text(encoding="utf-8"))
    texts = found.values() if isinstance(found, dict) else found
    return {_digest(text): text for text in texts}
