"""Links that are their own credential: signed, good for one thing and until a moment."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from services.vault import Vault


class Purpose(StrEnum):
    """What a link is good for."""

    DOWNLOAD = "download"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says: for what, of which merchant, which file or upload, until when."""

    purpose: Purpose
    merchant_id: str
    key: str
    expires_at: datetime


def write(vault: Vault, link: Link) -> str:
    """The link as a part of an address."""
    told = [link.purpose, link.merchant_id, link.key, int(link.expires_at.timestamp())]
    body = orjson.dumps(told)
    return f"{_text(body)}.{_text(vault.sign(body))}"


def read(vault: Vault, text: str, purpose: Purpose) -> Link | None:
    """What a link says; None where we did not write it, or for something else. It may have expired."""
    body, _, signature = text.partition(".")
    try:
        told, given = _bytes(body), _bytes(signature)
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(vault.sign(told), given):
        return None
    found: list[Any] = orjson.loads(told)
    if found[0] != purpose:
        return None
    return Link(purpose, found[1], found[2], datetime.fromtimestamp(found[3], UTC))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    # The characters of the other alphabet, and what is no character of either, must not pass unseen.
    if not text.isascii() or set(text) & set("+/="):
        raise ValueError(text)
    return base64.b64decode(
        text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True
    )
