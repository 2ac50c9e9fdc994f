"""The processes of an installation on one machine: API, three kinds of worker, and for a demonstration the simulator."""

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from embedded.servers import ServerUrls
from embedded.supervisor import Program
from services.settings import Settings


def command(*arguments: str) -> tuple[str, ...]:
    """A command line of our own, run by this interpreter."""
    return (sys.executable, "-m", "cli", *arguments)


def environment(urls: ServerUrls, settings: Settings) -> dict[str, str]:
    """Our environment for child processes, with the servers' addresses and the settings that were set."""
    told = settings.model_dump(exclude_unset=True)
    return {
        **os.environ,
        "MONGODB_URL": urls.mongodb_url,
        "REDIS_URL": urls.redis_url,
        **{f"SALES_CHANNEL_{name.upper()}": _plain(value) for name, value in told.items()},
    }


def _plain(value: object) -> str:
    """A setting as the environment has it; a secret shows itself as stars otherwise."""
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def programs(env: Mapping[str, str], *, port: int, log_dir: Path | None) -> list[Program]:
    """API and workers, in the order in which they start; logs pass through where no folder is given."""
    return [
        program("api", ("serve", "--port", str(port)), env, log_dir),
        program("worker-sync", ("worker", "sync"), env, log_dir),
        program("worker-reprice", ("worker", "reprice"), env, log_dir),
        program("worker-bulk", ("worker", "bulk"), env, log_dir),
    ]


def program(
    name: str, arguments: tuple[str, ...], env: Mapping[str, str], log_dir: Path | None
) -> Program:
    """One of our own commands as a process to keep running."""
    log = log_dir / f"{name}.log" if log_dir else None
    return Program(name, command(*arguments), env=env, log=log)


def free_port(preferred: int | None = None) -> int:
    """The preferred port of loopback where nobody listens on it, else one that is free."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            bound: int = probe.getsockname()[1]
            return bound
    raise OSError("no free port on loopback")
