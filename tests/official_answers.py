"""Holds every answer that any simulator of a test run gives against Amazon's models, and fails the run where one does not fit.

Simulators in the processes of the tests are heard as they answer; those that are processes of their own leave files.
"""

import os
import sys
import tempfile
import threading
import time
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from connectors.simulator.answers import EVENT, KEEPS_ANSWERS, read
from tests.connectors.simulator.official_models import MISSING, SHARED, OfficialModels

_TOLD = "official_answers"
_SHOWN = 20


class OfficialAnswers:
    """A plugin of pytest, of each worker and of the process that collects their counts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.invalid: Counter[str] = Counter()
        self.seconds = 0.0

    @cached_property
    def _models(self) -> OfficialModels:
        """Loaded with the first answer: it takes a second that a run without any need not wait."""
        return OfficialModels()

    def listen(self) -> None:
        """Hear the simulators of this process."""

        def hear(event: str, arguments: tuple[Any, ...]) -> None:
            if event == EVENT:
                test = os.environ.get("PYTEST_CURRENT_TEST", "between tests").split(" (")[0]
                self.check(test, *arguments)

        sys.addaudithook(hear)

    def check(
        self, where: str, operation: str, method: str, path: str, status: int, content: bytes
    ) -> None:
        """Count an answer, and note what is wrong with it."""
        with self._lock:
            started = time.perf_counter()
            self.counts[operation] += 1
            found = self._models.problems(operation, method, path, status, content)
            if found:
                self.invalid[f"{operation} {status}: {'; '.join(found)} [{where}]"] += 1
            self.seconds += time.perf_counter() - started

    def check_kept(self) -> None:
        """Check what simulators that were processes of their own have left."""
        for file in self._folder.glob("*.answers"):
            with file.open("rb") as lines:
                for answered in map(read, lines):
                    self.check("another process", *answered)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand on what a worker found, or let it decide how the run ends."""
        told = getattr(session.config, "workeroutput", None)
        if told is not None:
            told[_TOLD] = (dict(self.counts), dict(self.invalid), self.seconds)
            return
        self.check_kept()
        if self.invalid:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker found."""
        counts, invalid, seconds = getattr(node, "workeroutput", {}).get(_TOLD, ({}, {}, 0.0))
        self.counts.update(counts)
        self.invalid.update(invalid)
        self.seconds += seconds

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how many answers there were, and which do not fit."""
        terminalreporter.write_line(
            f"simulator: {self.counts.total():,} answers of {len(self.counts)} operations validated"
            f" strictly in {self.seconds:.1f} s, {self.invalid.total():,} invalid",
            red=bool(self.invalid),
        )
        for answer, times in self.invalid.most_common(_SHOWN):
            terminalreporter.write_line(f"  {times} x {answer}", red=True)


class Unchecked:
    """Says why nothing is checked."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say so."""
        terminalreporter.write_line(f"simulator: answers are not validated, for {MISSING}")


def install(config: pytest.Config) -> None:
    """Check the run's answers where there is something to check them against."""
    if not SHARED.is_dir():
        config.pluginmanager.register(Unchecked())
        return
    if not hasattr(config, "workerinput"):
        folder = tempfile.TemporaryDirectory(prefix="answers-")
        config.add_cleanup(folder.cleanup)
        os.environ[KEEPS_ANSWERS] = folder.name  # for what this process starts
    plugin = OfficialAnswers(Path(os.environ[KEEPS_ANSWERS]))
    plugin.listen()
    config.pluginmanager.register(plugin)
