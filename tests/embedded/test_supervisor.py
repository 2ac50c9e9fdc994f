"""The supervisor: restarts, the order of stopping, nothing left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from embedded.locks import try_lock
from embedded.supervisor import Program, Supervisor
from tests.embedded.processes import alive, eventually, lines_of, told

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals orphans")

SLEEPER = ("sleep", "1000")

SUPERVISED_SLEEPER = """
    import sys
    from embedded.supervisor import Program, Supervisor

    with Supervisor() as supervisor:
        state = supervisor.start(Program("sleeper", ("sleep", "1000")))
        print("told", state.pid, flush=True)
        sys.stdin.read()
"""

SUPERVISED_IN_A_LOOP = """
    import asyncio
    from embedded.supervisor import Program, Supervisor

    async def main():
        with Supervisor() as supervisor:
            state = supervisor.start(Program("sleeper", ("sleep", "1000")))
            print("told", state.pid, flush=True)
            await asyncio.Event().wait()

    asyncio.run(main())
"""


def shell(name: str, script: str, *, grace: float = 10.0) -> Program:
    return Program(name, ("sh", "-c", script), log=Path(os.devnull), grace=grace)


def test_killed_program_is_started_again(supervisor: Supervisor) -> None:
    first = supervisor.start(Program("sleeper", SLEEPER))

    os.kill(first.pid, signal.SIGKILL)

    eventually(lambda: supervisor.state("sleeper").starts == 2)
    second = supervisor.state("sleeper")
    assert second.last_exit == -signal.SIGKILL
    assert second.pid != first.pid
    assert alive(second.pid)


def test_program_that_keeps_failing_is_tried_again_and_again(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start(shell("failing", f"echo tried >> {tmp_path}/tries; exit 7"))

    eventually(lambda: len(lines_of(tmp_path / "tries")) >= 3)

    assert supervisor.state("failing").last_exit == 7


def test_stopped_program_stays_stopped(supervisor: Supervisor) -> None:
    pid = supervisor.start(Program("sleeper", SLEEPER)).pid

    supervisor.stop("sleeper")

    assert not alive(pid)
    with pytest.raises(KeyError):
        supervisor.state("sleeper")


def test_programs_stop_in_reverse_order(tmp_path: Path) -> None:
    order = tmp_path / "order"
    with Supervisor() as supervisor:
        for name in ("first", "second", "third"):
            wait = f"touch {tmp_path}/{name}; while :; do sleep 0.02; done"
            supervisor.start(shell(name, f"trap 'echo {name} >> {order}; exit' TERM; {wait}"))
            eventually((tmp_path / name).exists)

    assert lines_of(order) == ["third", "second", "first"]


def test_program_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    with Supervisor() as supervisor:
        deaf = f"trap '' TERM; touch {tmp_path}/deaf; while :; do sleep 0.02; done"
        pid = supervisor.start(shell("deaf", deaf, grace=0.1)).pid
        eventually((tmp_path / "deaf").exists)

    assert not alive(pid)


def test_what_a_program_started_ends_with_it(tmp_path: Path) -> None:
    with Supervisor() as supervisor:
        supervisor.start(shell("parent", f"sleep 1000 & echo $! > {tmp_path}/child; wait"))
        eventually(lambda: lines_of(tmp_path / "child") != [])
    grandchild = int(lines_of(tmp_path / "child")[0])

    eventually(lambda: not alive(grandchild))


def test_output_goes_to_the_log_or_is_passed_on_with_the_name(
    supervisor: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"

    supervisor.start(Program("quiet", ("sh", "-c", "echo hidden; sleep 1000"), log=log))
    supervisor.start(Program("loud", ("sh", "-c", "echo shown >&2; sleep 1000")))

    eventually(lambda: lines_of(log) == ["hidden"])
    seen = ""
    while "loud | shown\n" not in seen:
        seen += capsys.readouterr().out
    assert "hidden" not in seen


def test_lock_is_held_exactly_as_long_as_the_process_lives(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    lock = tmp_path / "lock"
    supervisor.start(Program("sleeper", SLEEPER, lock=lock))

    assert try_lock(lock) is None
    supervisor.stop("sleeper")

    descriptor = try_lock(lock)
    assert descriptor is not None
    os.close(descriptor)


def test_same_name_twice_is_refused(supervisor: Supervisor) -> None:
    supervisor.start(Program("sleeper", SLEEPER))

    with pytest.raises(ValueError, match="sleeper is started already"):
        supervisor.start(Program("sleeper", SLEEPER))


def test_missing_program_is_told_at_once(supervisor: Supervisor) -> None:
    with pytest.raises(FileNotFoundError, match="there is no program no-such-program"):
        supervisor.start(Program("ghost", ("no-such-program",)))


@linux_only
def test_killed_supervisor_leaves_no_program_behind(
    python: Callable[..., "subprocess.Popen[str]"],
) -> None:
    owner = python(SUPERVISED_SLEEPER)
    pid = int(told(owner)[0])
    assert alive(pid)

    owner.kill()

    eventually(lambda: not alive(pid))


@pytest.mark.parametrize("text", [SUPERVISED_SLEEPER, SUPERVISED_IN_A_LOOP])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signalled_supervisor_stops_its_programs_before_it_ends(
    python: Callable[..., "subprocess.Popen[str]"], number: signal.Signals, text: str
) -> None:
    owner = python(text)
    pid = int(told(owner)[0])

    owner.send_signal(number)
    owner.wait()

    assert not alive(pid)
