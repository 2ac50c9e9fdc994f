"""Keeps child programs running: starts them, restarts those that die, stops them, leaves none behind."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

import structlog

from domain.errors import Conflict
from embedded.locks import lock

_CHILD = Path(__file__).with_name("child.py")
_POLL = 0.05
_FIRST_DELAY = 0.2
_LONGEST_DELAY = 5.0
_SOUND_AFTER = 10.0  # who lived this long starts again with the first delay
_LOCK_WITHIN = 20.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Program:
    """A program to keep running."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] | None = None
    """The whole environment; None hands ours on."""
    log: Path | None = None
    """Where its output is appended; None passes each line on to our standard output, with the name before it."""
    lock: Path | None = None
    """A file that stays locked as long as the process lives, even when it outlives its supervisor."""
    death_signal: signal.Signals = signal.SIGKILL
    """What it gets when the supervising process is killed (Linux)."""
    grace: float = 10.0
    """Seconds between SIGTERM and SIGKILL when it is stopped."""


@dataclass(frozen=True, slots=True)
class State:
    """How a program fares: its process, how often it was started, and how it last ended if it ever did."""

    pid: int
    starts: int
    last_exit: int | None


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    started: float
    starts: int = 1
    delay: float = _FIRST_DELAY
    restart_at: float | None = None
    last_exit: int | None = None
    readers: list[threading.Thread] = field(default_factory=list)


class Supervisor:
    """A context manager that owns child processes; blocking, and usable from any thread or beside an event loop.

    While it is open, SIGTERM does what Ctrl-C does (if opened in the main thread and nobody else took SIGTERM),
    so both run through `__exit__`, which stops the programs in reverse order. Children are sessions of their own:
    a Ctrl-C in the terminal reaches them only through the supervisor.

    Linux signals a child when the *thread* that spawned it ends, so one thread spawns all and outlives them.
    That thread alone touches the state; hence no locks.
    """

    def __init__(self) -> None:
        self._children: dict[str, _Child] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="supervisor")
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor-watch", daemon=True)
        self._restore: Callable[[], object] = int

    def __enter__(self) -> Self:
        self._restore = _terminate_like_interrupt()
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._watcher.join()
        for name in reversed(list(self._children)):
            self.stop(name)
        self._worker.shutdown()
        self._restore()

    def start(self, program: Program) -> State:
        """Start a program and keep it running from now on.

        Raises FileNotFoundError when there is no such program, ValueError when the name is taken, and
        domain.errors.Conflict when its lock stays held.
        """
        return self._worker.submit(self._start, program).result()

    def stop(self, name: str) -> None:
        """Stop a program for good: SIGTERM, after its grace SIGKILL, and SIGKILL to what is left of its session.

        One that is not kept (any more) is left at that.
        """
        self._worker.submit(self._stop, name).result()

    def state(self, name: str) -> State:
        """How the program fares now; KeyError when none of that name is kept."""
        return self._worker.submit(self._state, name).result()

    def _watch(self) -> None:
        while not self._closing.wait(_POLL):
            self._worker.submit(self._revive).result()

    def _start(self, program: Program) -> State:
        if program.name in self._children:
            raise ValueError(f"{program.name} is started already")
        child = _Child(program, _spawn(program), time.monotonic())
        _pass_on_output(child)
        self._children[program.name] = child
        log.info("supervisor.program.started", program=program.name, pid=child.process.pid)
        return self._state(program.name)

    def _state(self, name: str) -> State:
        child = self._children[name]
        code = child.process.poll()
        return State(child.process.pid, child.starts, child.last_exit if code is None else code)

    def _stop(self, name: str) -> None:
        child = self._children.get(name)
        if child is None:
            return
        process = child.process
        process.terminate()
        try:
            process.wait(child.program.grace)
        except subprocess.TimeoutExpired:
            log.warning("supervisor.program.killed", program=name, grace=child.program.grace)
        _kill_session(process.pid)
        process.wait()
        _join_readers(child)
        del self._children[name]
        log.info("supervisor.program.stopped", program=name, exit=process.returncode)

    def _revive(self) -> None:
        now = time.monotonic()
        for child in self._children.values():
            if child.process.poll() is None:
                continue
            if child.restart_at is None:
                _note_death(child, now)
            elif now >= child.restart_at:
                _restart(child)


def _note_death(child: _Child, now: float) -> None:
    _kill_session(child.process.pid)
    _join_readers(child)
    if now - child.started >= _SOUND_AFTER:
        child.delay = _FIRST_DELAY
    child.last_exit = child.process.returncode
    child.restart_at = now + child.delay
    log.warning(
        "supervisor.program.died",
        program=child.program.name,
        exit=child.last_exit,
        restart_in=child.delay,
    )
    child.delay = min(child.delay * 2, _LONGEST_DELAY)


def _restart(child: _Child) -> None:
    try:
        child.process = _spawn(child.program)
    except (OSError, Conflict) as error:
        child.restart_at = time.monotonic() + child.delay
        log.warning("supervisor.program.unstartable", program=child.program.name, error=str(error))
        return
    child.started = time.monotonic()
    child.restart_at = None
    child.starts += 1
    _pass_on_output(child)
    log.info(
        "supervisor.program.restarted",
        program=child.program.name,
        pid=child.process.pid,
        starts=child.starts,
    )


def _spawn(program: Program) -> subprocess.Popen[bytes]:
    executable = shutil.which(program.argv[0])
    if executable is None:
        raise FileNotFoundError(f"{program.name}: there is no program {program.argv[0]}")
    held = () if program.lock is None else (lock(program.lock, _LOCK_WITHIN),)
    output = None if program.log is None else program.log.open("ab")
    try:
        return subprocess.Popen(  # noqa: S603 - what to run is the caller's to say
            [
                *(sys.executable, "-I", "-S", str(_CHILD)),
                *(str(os.getpid()), str(int(program.death_signal))),
                *(executable, *program.argv[1:]),
            ],
            env=None if program.env is None else dict(program.env),
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=held,
            start_new_session=True,
        )
    finally:
        for descriptor in held:  # the child has it now
            os.close(descriptor)
        if output is not None:
            output.close()


def _kill_session(leader: int) -> None:
    """End what a stopped program left running; its session carries the pid of its first process."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # none left; macOS calls a zombie not permitted
        return


def _pass_on_output(child: _Child) -> None:
    stream = child.process.stdout
    if stream is None:
        return
    reader = threading.Thread(target=_copy, args=(child.program.name, stream), daemon=True)
    reader.start()
    child.readers = [reader]


def _copy(name: str, stream: IO[bytes]) -> None:
    with stream:
        for line in stream:
            text = line.decode(errors="replace").rstrip("\n")
            sys.stdout.write(f"{name} | {text}\n")
            sys.stdout.flush()


def _join_readers(child: _Child) -> None:
    for reader in child.readers:  # a process that left the session may keep the pipe open for ever
        reader.join(timeout=1.0)


def _terminate_like_interrupt() -> Callable[[], object]:
    """Let SIGTERM do what SIGINT does; gives the way back."""
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return int
    signal.signal(signal.SIGTERM, _interrupt)
    return lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):  # a job in a shell's background starts with SIGINT ignored
        raise KeyboardInterrupt
    handler(number, frame)
