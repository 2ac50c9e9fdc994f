"""Runs between fork and exec of a supervised program: ties its life to its supervisor's.

Used as a script, not imported: `python -I -S child.py SUPERVISOR_PID DEATH_SIGNAL PROGRAM [ARGUMENT]...`.
A script of its own because code between fork and exec (`preexec_fn`) may deadlock in a process with threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(supervisor: int, death_signal: int, argv: list[str]) -> None:
    """Become `argv`, with no signal blocked and, on Linux, to be signalled when the supervisor dies."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != supervisor:
        sys.exit("the supervisor died before its child began")
    os.execv(argv[0], argv)  # noqa: S606 - the very point; no shell wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
