"""The first key is made in a shell, and so can every other be."""

import os
import re
import subprocess
import sys
from typing import Any

import pytest
from typer.testing import Result

from domain.access import AccessScope, Role
from domain.api_key import ApiKey
from domain.clock import SystemClock
from services import api_keys
from services.runtime import Runtime
from storage.api_keys import API_KEYS
from storage.filters import EVERYTHING
from tests.factories import MERCHANT


async def _keys(runtime: Runtime) -> list[ApiKey]:
    return await API_KEYS.find(runtime.scope(MERCHANT), EVERYTHING)


def _opens(shell: Any, credential: str) -> bool:
    async def look(runtime: Runtime) -> bool:
        viewer = await api_keys.viewer_of(runtime, credential, now=SystemClock().now())
        return viewer is not None

    return bool(shell.act(look))


def _credential(result: Result) -> str:
    """The credential that a command shows; in tests the log comes before it."""
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()[-1]


def test_a_key_is_made_and_shown_alone_on_standard_output(shell: Any) -> None:
    # A process of its own: a script takes what this prints.
    made = subprocess.run(
        [sys.executable, "-m", "cli", "keys", "create", "me", "--role", "owner"],
        env={**os.environ, **shell.environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert re.fullmatch(r"sk_live_\w+\n", made.stdout)
    assert "cannot be shown again" in made.stderr
    assert made.stdout.strip() not in made.stderr
    assert _opens(shell, made.stdout.strip())
    (key,) = shell.act(_keys)
    assert (key.name, key.role, key.created_by) == ("me", Role.OWNER, "command line")
    assert key.expires_at is None


def test_a_key_can_have_scopes_of_its_own_and_an_end(shell: Any) -> None:
    options = ("--scope", "read_orders", "--scope", "READ", "--days", "30")
    made = shell.run("keys", "create", "erp", *options)
    assert made.exit_code == 0, made.output
    (key,) = shell.act(_keys)
    assert key.own_scopes == (AccessScope.READ, AccessScope.READ_ORDERS)
    assert (key.expires_at - key.created_at).days == 30


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "Give a role or scopes, not both."),
        (("--role", "owner", "--scope", "READ"), "Give a role or scopes, not both."),
        (("--role", "boss"), "owner"),
    ],
)
def test_what_cannot_be_made_is_told(shell: Any, options: tuple[str, ...], told: str) -> None:
    made = shell.run("keys", "create", "me", *options)
    assert made.exit_code != 0
    assert told in made.output
    assert shell.act(_keys) == []


def test_a_key_is_listed_rotated_and_revoked(shell: Any) -> None:
    assert "There is none." in shell.run("keys", "list").output
    first = _credential(shell.run("keys", "create", "me", "--role", "manager"))
    (key,) = shell.act(_keys)

    second = _credential(shell.run("keys", "rotate", key.id, "--grace-hours", "0"))
    assert [_opens(shell, each) for each in (first, second)] == [False, True]

    listed = shell.run("keys", "list").output
    assert all(word in listed for word in (key.id, "me", "MANAGER", second[-4:], "command line"))
    assert second not in listed

    revoked = shell.run("keys", "revoke", key.id)
    assert revoked.exit_code == 0
    assert "this machine without a key now" in revoked.output
    assert not _opens(shell, second)
    assert "revoked" in shell.run("keys", "list").output


def test_a_rotated_key_goes_on_for_a_day_unless_said_otherwise(shell: Any) -> None:
    first = _credential(shell.run("keys", "create", "me", "--role", "manager"))
    (key,) = shell.act(_keys)
    second = _credential(shell.run("keys", "rotate", key.id))
    assert [_opens(shell, each) for each in (first, second)] == [True, True]
    (rotated,) = shell.act(_keys)
    assert (rotated.former_until - rotated.rotated_at).total_seconds() == 24 * 3600


@pytest.mark.parametrize("command", ["rotate", "revoke"])
def test_a_key_that_is_not_there_is_one_clear_line(shell: Any, command: str) -> None:
    told = shell.run("keys", command, "nothing")
    assert told.exit_code == 1
    assert "No API key of that id." in told.output
    assert "Traceback" not in told.output
