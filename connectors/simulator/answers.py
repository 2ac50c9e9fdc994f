"""Whatever the simulator answers is told as an audit event, so that a test run can hold all of it against Amazon's models."""

import os
import sys
from pathlib import Path

from starlette.requests import Request

EVENT = "sales_channel.simulator.answer"
"""Its arguments: operation id, method, path as sent, status, body."""
KEEPS_ANSWERS = "SALES_CHANNEL_SIMULATOR_ANSWERS"
"""Names, in the environment of a simulator that is a process, the folder that keeps its answers."""
Answered = tuple[str, str, str, int, bytes]


def tell(operation: str, request: Request, status: int, content: bytes) -> None:
    """Tell an answer as it is meant to be: not what trouble on command makes of it on its way out."""
    path = request.scope["raw_path"].split(b"?")[0].decode("ascii")
    sys.audit(EVENT, operation, request.method, path, status, content)


def keep_in(folder: Path) -> None:
    """Have the answers of this process, from now on to its end, in a file of its own, one a line."""
    file = (folder / f"{os.getpid()}.answers").open("ab", buffering=0)

    def write(event: str, arguments: tuple[object, ...]) -> None:
        if event == EVENT:
            *words, content = arguments
            assert isinstance(content, bytes)
            file.write(" ".join(map(str, words)).encode() + b" " + content + b"\n")

    sys.addaudithook(write)


def read(line: bytes) -> Answered:
    """An answer out of a line of such a file."""
    operation, method, path, status, content = line.removesuffix(b"\n").split(b" ", 4)
    return operation.decode(), method.decode(), path.decode(), int(status), content
