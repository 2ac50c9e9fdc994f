"""An API key: the credential of a program or a person, of which only a keyed hash is kept."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from domain.access import AccessScope, Role

PREFIX = "sk_live_"
_CREDENTIAL = re.compile(rf"{PREFIX}([0-9a-hjkmnp-tv-z]{{26}})_[0-9a-f]{{48}}", re.ASCII)


def new_credential(id_: str) -> str:
    """The text that a caller sends: the key's id, which is no secret, and 192 bits of chance."""
    return f"{PREFIX}{id_}_{secrets.token_hex(24)}"


def id_in(credential: str) -> str | None:
    """The id of the key that a text claims to be; None where it is not made like one."""
    found = _CREDENTIAL.fullmatch(credential)
    return found[1] if found else None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key with a role or with scopes of its own. Its moments are the machine's, never a simulation's."""

    id: str
    merchant_id: str
    name: str
    role: Role | None
    """What the role may do at the time of the request; None where it has scopes of its own."""
    own_scopes: tuple[AccessScope, ...]
    """Empty where it has a role."""
    digest: bytes
    """Keyed hash of the whole credential."""
    last_four: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    former_digest: bytes | None = None
    """Hash of the credential before the last rotation."""
    former_until: datetime | None = None
    """Up to when the former credential is good as well."""
    rotated_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    last_used_at: datetime | None = None
    """Right to a minute."""

    @property
    def roles(self) -> tuple[Role, ...]:
        """Its role, if it has one."""
        return () if self.role is None else (self.role,)

    @property
    def scopes(self) -> frozenset[AccessScope]:
        """What it may do."""
        return frozenset(self.own_scopes) if self.role is None else self.role.scopes

    @property
    def prefix(self) -> str:
        """How its credentials begin."""
        return f"{PREFIX}{self.id}_"

    @property
    def actor(self) -> str:
        """The name under which changes made with it are logged."""
        return f"API key {self.name}"

    def is_over(self, at: datetime) -> bool:
        """Whether it is revoked or has expired, and so opens nothing any more."""
        return self.revoked_at is not None or (
            self.expires_at is not None and self.expires_at <= at
        )

    def accepts(self, digest: bytes, at: datetime) -> bool:
        """Whether a credential of this hash is good at a moment. Takes as long whatever the hash is."""
        former = self.former_digest or b""
        is_current = compare_digest(self.digest, digest)
        is_former = compare_digest(former, digest)
        has_grace = self.former_until is not None and at < self.former_until
        return not self.is_over(at) and (is_current or (is_former and has_grace))
