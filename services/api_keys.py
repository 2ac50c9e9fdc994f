"""API keys: making, rotating and revoking them, and knowing whose a credential is.

Every function takes the machine's moment: a credential must not outlive its time because a simulation's clock stands.
"""

from collections.abc import Collection as Members
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from domain import api_key
from domain.access import AccessScope, Role, Viewer, ordered
from domain.api_key import ApiKey
from domain.errors import Conflict, InvalidInput
from domain.ids import new_id
from services.runtime import Runtime
from storage import api_keys as stored
from storage.api_keys import API_KEYS

log = structlog.get_logger()

GRACE = timedelta(hours=24)
"""How long the former credential of a rotated key stays good unless said otherwise."""
LONGEST_GRACE = timedelta(days=30)
_LONGEST_NAME = 100
_BETWEEN_NOTES = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A key with its credential, which is not kept and cannot be shown again."""

    key: ApiKey
    credential: str


async def create(
    runtime: Runtime,
    viewer: Viewer,
    *,
    name: str,
    role: Role | None = None,
    scopes: Members[AccessScope] = (),
    expires_at: datetime | None = None,
    now: datetime,
) -> Issued:
    """Make a key with a role, or with scopes of its own.

    Raises:
        InvalidInput: a field cannot be used as given.
        Forbidden: the caller lacks one of the scopes itself.
    """
    name = name.strip()
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        message = f"Give the key a name of 1 to {_LONGEST_NAME} characters in one line."
        raise InvalidInput(message, field=("name",))
    if (role is None) is not bool(scopes):
        raise InvalidInput("Give a role or scopes, not both.", field=("role",))
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("Give a moment in the future.", field=("expiresAt",))
    viewer.require(role.scopes if role else scopes)
    id_ = new_id()
    credential = api_key.new_credential(id_)
    key = ApiKey(
        id=id_,
        merchant_id=viewer.merchant_id,
        name=name,
        role=role,
        own_scopes=ordered(scopes),
        digest=runtime.vault.digest(credential),
        last_four=credential[-4:],
        created_by=viewer.actor,
        created_at=now,
        expires_at=expires_at,
    )
    await API_KEYS.insert(runtime.scope(viewer.merchant_id), [key])
    runtime.keyring.forget()
    log.info("api_key.created", key=key.id, actor=viewer.actor)
    return Issued(key, credential)


async def rotate(
    runtime: Runtime, viewer: Viewer, key_id: str, *, grace: timedelta = GRACE, now: datetime
) -> Issued:
    """Give a key a new credential; the one before stays good for the grace.

    Raises:
        NotFound: no such key.
        InvalidInput: the grace is too long.
        Forbidden: the caller lacks a scope of the key, which the new credential would lend.
        Conflict: it is revoked, has expired, or was rotated at the same moment.
    """
    scope = runtime.scope(viewer.merchant_id)
    key = await API_KEYS.require(scope, key_id, field=("apiKeyId",))
    viewer.require(key.scopes)
    if not timedelta() <= grace <= LONGEST_GRACE:
        message = f"A grace is 0 to {LONGEST_GRACE // timedelta(hours=1)} hours."
        raise InvalidInput(message, field=("graceHours",))
    if key.is_over(now):
        message = "The key is revoked or has expired; create a new one."
        raise Conflict(message, field=("apiKeyId",))
    credential = api_key.new_credential(key.id)
    fields = {
        "digest": runtime.vault.digest(credential),
        "last_four": credential[-4:],
        "former_digest": key.digest,
        "former_until": now + grace,
        "rotated_at": now,
    }
    await _change(runtime, viewer, key, fields)
    log.info("api_key.rotated", key=key.id, actor=viewer.actor)
    return Issued(await API_KEYS.require(scope, key.id), credential)


async def revoke(runtime: Runtime, viewer: Viewer, key_id: str, *, now: datetime) -> ApiKey:
    """Have a key open nothing any more, in other processes within seconds; it stays in the list.

    Raises:
        NotFound: no such key.
        Conflict: it is revoked already, or was rotated at the same moment.
    """
    scope = runtime.scope(viewer.merchant_id)
    key = await API_KEYS.require(scope, key_id, field=("apiKeyId",))
    await _change(runtime, viewer, key, {"revoked_at": now, "revoked_by": viewer.actor})
    log.info("api_key.revoked", key=key.id, actor=viewer.actor)
    return await API_KEYS.require(scope, key.id)


async def viewer_of(runtime: Runtime, credential: str, *, now: datetime) -> Viewer | None:
    """Whose a credential is; None where it is unknown, expired or revoked.

    What another process did to the key in the last seconds may not be known here yet, see `keyring.FRESH`.
    """
    id_ = api_key.id_in(credential)
    if id_ is None:
        return None
    digest = runtime.vault.digest(credential)
    key = await runtime.keyring.key(digest, now, lambda: stored.look_up(runtime.database, id_))
    if key is None or not key.accepts(digest, now):
        return None
    if key.last_used_at is None or now - key.last_used_at >= _BETWEEN_NOTES:
        runtime.keyring.note(digest, replace(key, last_used_at=now))
        await stored.note_use(runtime.scope(key.merchant_id), key.id, now)
    return Viewer(key.merchant_id, key.actor, key.roles, key.scopes)


async def any_stands(runtime: Runtime, merchant_id: str, *, now: datetime) -> bool:
    """Whether the merchant has a key that nobody revoked, and so needs one of everybody."""
    scope = runtime.scope(merchant_id)
    return await runtime.keyring.any_stands(merchant_id, now, lambda: stored.any_stands(scope))


async def _change(runtime: Runtime, viewer: Viewer, key: ApiKey, fields: dict[str, object]) -> None:
    if not await stored.change(runtime.scope(viewer.merchant_id), key, fields):
        message = "The key is revoked already, or was changed at the same moment."
        raise Conflict(message, field=("apiKeyId",))
    runtime.keyring.forget()
