"""Sealing of credentials: what the database keeps is of no use without the key."""

import base64
import hmac
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import NotConnected


@dataclass(frozen=True, slots=True, repr=False)
class AmazonCredentials:
    """What an authorisation at Amazon consists of."""

    client_id: str
    client_secret: str
    refresh_token: str


class Vault:
    """Seals and opens secrets with one key (Fernet: AES-128-CBC with HMAC-SHA-256).

    Our own credentials need never be opened: they are hashed, with a key that is derived from the same one.
    """

    def __init__(self, key: str) -> None:
        self._fernet = Fernet(key)
        self._hash_key = _derived(key, b"sales-channel API keys")
        self._link_key = _derived(key, b"sales-channel links")

    def digest(self, credential: str) -> bytes:
        """The keyed hash (HMAC-SHA-256) by which a credential of ours is known again."""
        return hmac.digest(self._hash_key, credential.encode(), "sha256")

    def sign(self, link: bytes) -> bytes:
        """The signature (HMAC-SHA-256) by which a link of ours is known again."""
        return hmac.digest(self._link_key, link, "sha256")

    def seal(self, credentials: AmazonCredentials) -> bytes:
        """Encrypt for keeping."""
        return self._fernet.encrypt(json.dumps(asdict(credentials)).encode())

    def open(self, sealed: bytes) -> AmazonCredentials:
        """Decrypt.

        Raises:
            NotConnected: sealed with another key.
        """
        try:
            return AmazonCredentials(**json.loads(self._fernet.decrypt(sealed)))
        except InvalidToken:
            raise NotConnected(
                "The store's credentials were sealed with another key. "
                "Set SALES_CHANNEL_SECRET_KEY to that key, or connect the store again."
            ) from None

    def seal_text(self, secret: str) -> bytes:
        """Encrypt for keeping."""
        return self._fernet.encrypt(secret.encode())

    def open_text(self, sealed: bytes) -> str | None:
        """Decrypt; None where it was sealed with another key."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None


def _derived(key: str, purpose: bytes) -> bytes:
    """A key of its own for a purpose."""
    return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(base64.urlsafe_b64decode(key))


def development_key(data_dir: Path) -> str:
    """The key kept beside the data, made at first use and readable by its owner only."""
    path = data_dir / "secret.key"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        key = Fernet.generate_key().decode()
        file.write(key)
    return key
