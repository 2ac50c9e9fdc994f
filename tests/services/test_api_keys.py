"""API keys: what is made, what opens, and for how long."""

import hmac
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet

from domain import api_key
from domain.access import AccessScope, Role, Viewer
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from services import api_keys, keyring
from services.keyring import FRESH, Keyring
from services.runtime import Runtime
from services.vault import Vault
from storage import api_keys as stored
from storage.api_keys import API_KEYS
from storage.mongo import Scope
from tests.factories import MERCHANT

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
OWNER = Viewer.of_roles(MERCHANT, "me", [Role.OWNER])
KEEPER = Viewer(MERCHANT, "keeper", (), frozenset({AccessScope.MANAGE_KEYS, AccessScope.READ}))


@pytest.fixture
def scope(runtime: Runtime) -> Scope:
    return runtime.scope(MERCHANT)


async def made(runtime: Runtime, **changes: Any) -> api_keys.Issued:
    given = {"name": "ci", "role": Role.ANALYST, "now": NOW, **changes}
    return await api_keys.create(runtime, given.pop("viewer", OWNER), **given)


async def opens(runtime: Runtime, credential: str, at: datetime = NOW) -> bool:
    return await api_keys.viewer_of(runtime, credential, now=at) is not None


async def test_a_key_opens_for_its_merchant_with_its_role(runtime: Runtime) -> None:
    issued = await made(runtime)
    assert re.fullmatch(r"sk_live_[0-9a-z]{26}_[0-9a-f]{48}", issued.credential)
    viewer = await api_keys.viewer_of(runtime, issued.credential, now=NOW)
    assert viewer == Viewer(MERCHANT, "API key ci", (Role.ANALYST,), Role.ANALYST.scopes)


async def test_a_key_with_scopes_of_its_own_has_no_role(runtime: Runtime) -> None:
    scopes = [AccessScope.RUN, AccessScope.READ, AccessScope.RUN]
    issued = await made(runtime, role=None, scopes=scopes)
    viewer = await api_keys.viewer_of(runtime, issued.credential, now=NOW)
    assert viewer is not None
    assert viewer.roles == ()
    assert viewer.scopes == {AccessScope.READ, AccessScope.RUN}
    assert issued.key.own_scopes == (AccessScope.READ, AccessScope.RUN)


async def test_neither_key_nor_credential_is_told_by_what_prints_them(runtime: Runtime) -> None:
    issued = await made(runtime)
    assert issued.credential not in repr(issued)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"role": None}, "role"),
        ({"scopes": [AccessScope.READ]}, "role"),
        ({"expires_at": NOW}, "expiresAt"),
    ],
)
async def test_a_mistake_is_told_with_its_field_and_makes_no_key(
    runtime: Runtime, scope: Scope, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as mistake:
        await made(runtime, **wrong)
    assert mistake.value.field == (field,)
    assert await API_KEYS.count(scope) == 0


@pytest.mark.parametrize(
    "given", [{"role": Role.OWNER}, {"role": None, "scopes": [AccessScope.READ, AccessScope.RUN]}]
)
async def test_nobody_gives_a_key_what_they_may_not_do_themselves(
    runtime: Runtime, scope: Scope, given: dict[str, Any]
) -> None:
    with pytest.raises(Forbidden, match="RUN"):
        await made(runtime, viewer=KEEPER, **given)
    assert await API_KEYS.count(scope) == 0


async def test_nobody_gets_more_by_rotating_the_key_of_another(
    runtime: Runtime, scope: Scope
) -> None:
    issued = await made(runtime, role=Role.OWNER)
    with pytest.raises(Forbidden, match="WRITE_RULES"):
        await api_keys.rotate(runtime, KEEPER, issued.key.id, now=NOW)
    assert await API_KEYS.require(scope, issued.key.id) == issued.key


async def test_a_key_is_good_until_it_expires(runtime: Runtime) -> None:
    issued = await made(runtime, expires_at=NOW + HOUR)
    assert await opens(runtime, issued.credential, NOW + HOUR - timedelta(milliseconds=1))
    assert not await opens(runtime, issued.credential, NOW + HOUR)


async def test_a_revoked_key_opens_nothing_and_stays_in_sight(
    runtime: Runtime, scope: Scope
) -> None:
    issued = await made(runtime)
    await api_keys.revoke(runtime, KEEPER, issued.key.id, now=NOW)
    assert not await opens(runtime, issued.credential)
    kept = await API_KEYS.require(scope, issued.key.id)
    assert (kept.revoked_at, kept.revoked_by) == (NOW, "keeper")
    for work in (api_keys.revoke, api_keys.rotate):
        with pytest.raises(Conflict):
            await work(runtime, OWNER, issued.key.id, now=NOW)


async def test_a_rotated_key_goes_on_with_both_credentials_for_the_grace(runtime: Runtime) -> None:
    old = await made(runtime)
    new = await api_keys.rotate(runtime, OWNER, old.key.id, now=NOW)
    assert (new.key.id, new.key.last_four) == (old.key.id, new.credential[-4:])
    assert new.credential != old.credential
    last = NOW + api_keys.GRACE - timedelta(milliseconds=1)
    assert [await opens(runtime, each.credential, last) for each in (old, new)] == [True, True]
    over = NOW + api_keys.GRACE
    assert [await opens(runtime, each.credential, over) for each in (old, new)] == [False, True]


async def test_the_grace_can_be_none_and_a_second_rotation_ends_the_first_credential(
    runtime: Runtime,
) -> None:
    first = await made(runtime)
    second = await api_keys.rotate(runtime, OWNER, first.key.id, now=NOW)
    third = await api_keys.rotate(runtime, OWNER, first.key.id, now=NOW)
    assert [await opens(runtime, each.credential) for each in (first, second, third)] == [
        *(False, True, True)
    ]
    fourth = await api_keys.rotate(runtime, OWNER, first.key.id, grace=timedelta(), now=NOW)
    assert not await opens(runtime, third.credential)
    await api_keys.revoke(runtime, OWNER, first.key.id, now=NOW)
    assert not await opens(runtime, fourth.credential)


@pytest.mark.parametrize("grace", [timedelta(hours=-1), api_keys.LONGEST_GRACE + HOUR])
async def test_a_grace_has_limits(runtime: Runtime, grace: timedelta) -> None:
    issued = await made(runtime)
    with pytest.raises(InvalidInput):
        await api_keys.rotate(runtime, OWNER, issued.key.id, grace=grace, now=NOW)


async def test_an_expired_key_is_not_brought_back_by_rotating(runtime: Runtime) -> None:
    issued = await made(runtime, expires_at=NOW + HOUR)
    with pytest.raises(Conflict):
        await api_keys.rotate(runtime, OWNER, issued.key.id, now=NOW + HOUR)


async def test_another_merchants_key_cannot_be_touched(runtime: Runtime) -> None:
    issued = await made(runtime)
    stranger = replace(OWNER, merchant_id="stranger")
    for work in (api_keys.revoke, api_keys.rotate):
        with pytest.raises(NotFound):
            await work(runtime, stranger, issued.key.id, now=NOW)
    assert await opens(runtime, issued.credential)


async def test_use_is_noted_at_most_once_a_minute(runtime: Runtime, scope: Scope) -> None:
    issued = await made(runtime)

    async def used_at(at: datetime) -> datetime | None:
        await opens(runtime, issued.credential, at)
        return (await API_KEYS.require(scope, issued.key.id)).last_used_at

    assert await used_at(NOW) == NOW
    assert await used_at(NOW + timedelta(seconds=59)) == NOW
    assert await used_at(NOW + timedelta(seconds=60)) == NOW + timedelta(seconds=60)


async def test_a_failed_try_is_no_use(runtime: Runtime, scope: Scope) -> None:
    issued = await made(runtime)
    assert not await opens(runtime, f"{issued.key.prefix}{'0' * 48}")
    assert (await API_KEYS.require(scope, issued.key.id)).last_used_at is None


async def test_what_another_process_does_to_a_key_is_known_after_some_seconds(
    runtime: Runtime,
) -> None:
    elsewhere = replace(runtime, keyring=Keyring())
    issued = await made(runtime)
    assert await opens(runtime, issued.credential)
    assert await api_keys.any_stands(runtime, MERCHANT, now=NOW)

    await api_keys.revoke(elsewhere, OWNER, issued.key.id, now=NOW)

    last = NOW + FRESH - timedelta(milliseconds=1)
    assert await opens(runtime, issued.credential, last)
    assert await api_keys.any_stands(runtime, MERCHANT, now=last)
    assert not await opens(runtime, issued.credential, NOW + FRESH)
    assert not await api_keys.any_stands(runtime, MERCHANT, now=NOW + FRESH)


async def test_a_credential_of_another_process_is_good_at_once(runtime: Runtime) -> None:
    elsewhere = replace(runtime, keyring=Keyring())
    old = await made(runtime)
    assert await opens(runtime, old.credential)
    new = await api_keys.rotate(elsewhere, OWNER, old.key.id, now=NOW)
    assert await opens(runtime, new.credential)


async def test_the_database_is_asked_once_for_good_and_for_bad_credentials(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = stored.look_up

    async def look_up(database: Any, id_: str) -> Any:
        asked.append(id_)
        return await real(database, id_)

    monkeypatch.setattr(stored, "look_up", look_up)
    issued = await made(runtime)
    bad = f"{issued.key.prefix}{'0' * 48}"
    for _ in range(3):
        assert await opens(runtime, issued.credential)
        assert not await opens(runtime, bad)
        assert not await opens(runtime, f"sk_live_{'0' * 26}_{'0' * 48}")
    assert len(asked) == 3


async def test_an_expired_key_is_known_from_memory_to_have_expired(runtime: Runtime) -> None:
    end = NOW + FRESH / 2
    issued = await made(runtime, expires_at=end)
    assert await opens(runtime, issued.credential)
    assert not await opens(runtime, issued.credential, end)


async def test_what_is_remembered_of_keys_has_a_bound() -> None:
    async def nothing() -> None:
        return None

    ring = Keyring()
    for number in range(keyring._KEPT + 10):
        await ring.key(str(number).encode(), NOW, nothing)
    assert len(ring._keys._read) == keyring._KEPT


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "sk_live_",
        f"sk_live_{'0' * 26}_{'0' * 48}",
        f"sk_live_{'0' * 25}_{'0' * 48}",
        f"sk_live_{'0' * 26}_{'0' * 47}",
        f"sk_test_{'0' * 26}_{'0' * 48}",
        f"SK_LIVE_{'0' * 26}_{'0' * 48}",
        f"sk_live_{'0' * 26}_{'0' * 48}\n",
        "sk_live_" + "\u0660" * 26 + "_" + "0" * 48,
    ],
)
async def test_what_is_no_key_of_ours_opens_nothing(runtime: Runtime, credential: str) -> None:
    assert not await opens(runtime, credential)


async def test_keys_are_compared_in_constant_time(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    issued = await made(runtime)
    monkeypatch.setattr(api_key, "compare_digest", watched)

    for credential in (issued.credential, f"{issued.key.prefix}{'0' * 48}"):
        await opens(runtime, credential)

    digests = [runtime.vault.digest(issued.credential)] * 2
    assert [one for one, _ in compared] == [digests[0], b""] * 2, "both, whatever was sent"


async def test_keys_made_under_another_secret_open_nothing(runtime: Runtime) -> None:
    issued = await made(runtime)
    elsewhere = replace(runtime, vault=Vault(Fernet.generate_key().decode()))
    assert not await opens(elsewhere, issued.credential)


def test_a_digest_is_keyed_and_not_by_the_key_that_seals() -> None:
    key = Fernet.generate_key().decode()
    digest = Vault(key).digest("credential")
    assert digest == Vault(key).digest("credential")
    assert digest != Vault(Fernet.generate_key().decode()).digest("credential")
    assert digest != hmac.digest(key.encode(), b"credential", "sha256")


def test_roles_are_bundles_and_only_the_owner_manages_keys() -> None:
    assert Role.OWNER.scopes == set(AccessScope)
    assert [role for role in Role if AccessScope.MANAGE_KEYS in role.scopes] == [Role.OWNER]
    several = Viewer.of_roles(MERCHANT, "ann", [Role.AUDITOR, Role.OPERATOR, Role.AUDITOR])
    assert several.roles == (Role.OPERATOR, Role.AUDITOR)
    assert several.scopes == Role.OPERATOR.scopes | Role.AUDITOR.scopes
    assert Viewer.of_roles(MERCHANT, "ann", []).scopes == frozenset()
