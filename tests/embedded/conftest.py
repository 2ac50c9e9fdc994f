"""A supervisor, and other processes to act as a second terminal."""

import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from embedded.supervisor import Supervisor

ROOT = Path(__file__).parents[2]


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as opened:
        yield opened


@pytest.fixture
def python() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Runs a program text in a process of its own, its input and output piped."""
    started: list[subprocess.Popen[str]] = []

    def run(text: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Where the tests run in the background, Ctrl-C is ignored by them and all that they start.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - one call, no lock
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()
