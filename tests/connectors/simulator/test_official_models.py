"""Every answer of every simulator in a test run is held against Amazon's models; here is the proof that it happens."""

import json
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from connectors.simulator.operation_table import OPERATIONS
from connectors.simulator.rates import PLANS
from tests.connectors.simulator.official_models import MISSING, SHARED, OfficialModels

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=MISSING)

LYING = """
import asyncio, os
from dataclasses import replace
from pathlib import Path
from connectors.simulator.answers import KEEPS_ANSWERS, keep_in
from connectors.simulator.app import create_app
from connectors.simulator.settings import SimulatorSettings
from tests.connectors.simulator.amazon import SELLER, Amazon, scenario

async def lie():
    app = create_app(SimulatorSettings())
    amazon = Amazon(app)
    await amazon.control("scenario", scenario())
    await amazon.sign_in()
    sellers = app.state.simulator.world.sellers
    path = "/sellers/v1/marketplaceParticipations"
    assert (await amazon.call("GET", path)).status_code == 200
    sellers[SELLER] = replace(sellers[SELLER], name=7)
    assert (await amazon.call("GET", path)).status_code == 200

if __name__ == "__main__":
    keep_in(Path(os.environ[KEEPS_ANSWERS]))
    asyncio.run(lie())
"""
TESTS = """
import asyncio, lying, subprocess, sys
def test_here(): asyncio.run(lying.lie())
def test_elsewhere(): subprocess.run([sys.executable, lying.__file__], check=True)
"""
_LISTING = "/listings/2021-08-01/items/S"


def test_a_run_fails_by_an_answer_that_does_not_fit(tmp_path: Path) -> None:
    (tmp_path / "lying.py").write_text(LYING)
    (tmp_path / "test_lying.py").write_text(TESTS)
    root = Path(__file__).parents[3]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-n", "1", str(tmp_path)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed" in run.stdout, run.stdout
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert "simulator: 4 answers of 1 operations" in run.stdout
    problem = "payload/0/storeName: type: 7 is not of type 'string'"
    assert f"{problem} [test_lying.py::test_here]" in run.stdout
    assert f"{problem} [another process]" in run.stdout


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"sku": "A", "status": "ACCEPTED", "submissionId": "1"}, None),
        ({"sku": "A", "status": "ACCEPTED"}, "'submissionId' is a required property"),
        ({"sku": "A", "status": "ACCEPTED", "submissionId": "1", "surprise": 1}, "surprise"),
        ({"sku": "A", "status": "LIVE", "submissionId": "1"}, "'LIVE' is not one of"),
        (None, "None is not of type"),
    ],
)
def test_what_does_not_fit_is_told(
    models: OfficialModels, body: dict[str, object] | None, problem: str | None
) -> None:
    content = b"" if body is None else orjson.dumps(body)
    found = models.problems("putListingsItem", "PUT", f"{_LISTING}/a%2Fb", 200, content)
    assert bool(found) == (problem is not None)
    assert (problem or "") in "".join(found)


@pytest.mark.parametrize(
    ("operation", "path", "status", "content", "problem"),
    [
        ("putListingsItem", _LISTING, 200, b"{}", "is not where putListingsItem lives"),
        ("sellEverything", _LISTING, 200, b"{}", "is not where sellEverything lives"),
        ("putListingsItem", f"{_LISTING}/a", 418, b"{}", "status 418 is not declared"),
        ("putListingsItem", f"{_LISTING}/a", 500, b"Internal Server Error", "not JSON"),
    ],
)
def test_what_amazon_never_answers_is_told(
    models: OfficialModels, operation: str, path: str, status: int, content: bytes, problem: str
) -> None:
    (found,) = models.problems(operation, "PUT", path, status, content)
    assert problem in found


def test_limits_are_the_published_ones() -> None:
    lines = (SHARED / "operations.jsonl").read_text(encoding="utf-8").splitlines()
    # Of operations that two versions of an API share, the simulated ones have the rate of the newer.
    published = {
        (row["operationId"], str(row["rate"]), row["burst"]) for row in map(json.loads, lines)
    }
    simulated = {(name, str(float(plan.rate)), plan.burst) for name, plan in PLANS.items()}
    assert simulated <= published
    assert PLANS.keys() == {name for _, _, name, _ in OPERATIONS}
