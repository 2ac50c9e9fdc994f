"""The simulator as somebody starts it who only wants an Amazon to talk to."""

import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.processes import command, free_port
from cli.scenario import SELLER


def test_it_begins_with_a_sample_and_says_how_to_sign_in(tmp_path: Path) -> None:
    port = free_port()
    told = tmp_path / "told"
    with (
        told.open("w") as out,
        subprocess.Popen(
            command("simulator", "--sample", "--port", str(port)), stdout=out
        ) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url)
            form = {
                "grant_type": "refresh_token",
                "refresh_token": SELLER["refreshToken"],
                "client_id": SELLER["clientId"],
                "client_secret": SELLER["clientSecret"],
            }
            token = httpx.post(f"{url}/auth/o2/token", data=form).json()["access_token"]
            answer = httpx.get(
                f"{url}/sellers/v1/marketplaceParticipations",
                headers={"x-amz-access-token": token},
            )
            assert answer.json()["payload"][0]["storeName"] == SELLER["name"]
        finally:
            process.send_signal(signal.SIGTERM)
    assert url in told.read_text().replace("\n", "")
    assert all(SELLER[name] in told.read_text() for name in ("clientSecret", "refreshToken"))


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            httpx.get(f"{url}/healthz")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("it never comes up")


@pytest.mark.parametrize(
    ("content", "told"), [(None, "cannot be read"), ("{", "cannot be read"), ("{}", "scenarioId")]
)
def test_a_scenario_that_cannot_be_is_one_clear_message(
    tmp_path: Path, content: str | None, told: str
) -> None:
    file = tmp_path / "world.json"
    if content is not None:
        file.write_text(content)
    refused = CliRunner().invoke(app, ["simulator", "--scenario", str(file)])
    assert refused.exit_code == 2
    assert told in refused.output
    both = CliRunner().invoke(app, ["simulator", "--sample", "--scenario", str(file)])
    assert both.exit_code == 2
