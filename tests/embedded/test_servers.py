"""The embedded servers: what they can do, what they survive, who shares them."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from arq.connections import RedisSettings, create_pool
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from redis import Redis
from redis.exceptions import RedisError

from embedded.address import socket_dir
from embedded.servers import ServerFailed, ServerUrls, open_servers
from tests.embedded.processes import alive, eventually, told

ENVIRON = {name: os.environ[name] for name in ("MONGOD_BIN", "VALKEY_BIN") if name in os.environ}
ONLY_MONGODB = {**ENVIRON, "REDIS_URL": "redis://elsewhere"}
ONLY_REDIS = {**ENVIRON, "MONGODB_URL": "mongodb://elsewhere"}

KEEPER = """
    import sys
    from pathlib import Path
    from embedded.servers import open_servers

    with open_servers(Path(sys.argv[1])) as urls:
        print("told", urls.mongodb_url, urls.redis_url, flush=True)
        sys.stdin.readline()
"""

Client = MongoClient[dict[str, Any]]
Run = Callable[..., "subprocess.Popen[str]"]


def pid_of_mongod(client: Client) -> int:
    return int(client.admin.command("serverStatus")["pid"])


async def test_transactions_and_change_streams_work(servers: ServerUrls) -> None:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(servers.mongodb_url)
    things = client.embedded.things
    await things.insert_one({"_id": "before"})

    async with things.watch() as changes, await client.start_session() as session:
        session.start_transaction()
        await things.insert_one({"_id": "rolled back"}, session=session)
        await session.abort_transaction()
        session.start_transaction()
        await things.insert_one({"_id": "committed"}, session=session)
        await session.commit_transaction()
        seen = await changes.next()

    assert seen["documentKey"] == {"_id": "committed"}
    assert await things.distinct("_id") == ["before", "committed"]
    client.close()


async def test_queue_is_reached_by_its_url_alone(servers: ServerUrls) -> None:
    pool = await create_pool(RedisSettings.from_dsn(servers.redis_url))

    job = await pool.enqueue_job("reprice", _job_id="one")

    assert job is not None
    assert await pool.enqueue_job("reprice", _job_id="one") is None
    await pool.flushdb()
    await pool.aclose()


@pytest.mark.skipif(sys.platform != "linux", reason="reads the kernel's list of sockets")
def test_no_tcp_port_is_opened_and_the_sockets_are_private(tmp_path: Path) -> None:
    with open_servers(tmp_path, ENVIRON) as urls:
        with Client(urls.mongodb_url) as client, Redis.from_url(urls.redis_url) as redis:
            pids = [pid_of_mongod(client), redis.info("server")["process_id"]]
        files = [entry for pid in pids for entry in Path(f"/proc/{pid}/fd").iterdir()]
        owned = {str(entry.readlink()) for entry in files if entry.is_symlink()}
        assert socket_dir(tmp_path).stat().st_mode & 0o777 == 0o700
        assert all(path.is_socket() for path in socket_dir(tmp_path).iterdir())

    tcp = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert not {f"socket:[{row[9]}]" for row in tcp} & owned
    assert any(entry.startswith("socket:") for entry in owned)


def test_killed_mongod_comes_back_with_every_acknowledged_write(tmp_path: Path) -> None:
    with open_servers(tmp_path, ONLY_MONGODB) as urls, Client(urls.mongodb_url) as client:
        things = client.embedded.things
        acknowledged: list[int] = []
        half_way = threading.Event()

        def write() -> None:
            for number in range(600):
                try:
                    things.insert_one({"_id": number})
                except PyMongoError:
                    continue
                acknowledged.append(number)
                if len(acknowledged) == 200:
                    half_way.set()

        writer = threading.Thread(target=write)
        writer.start()
        half_way.wait()
        before = pid_of_mongod(client)
        os.kill(before, signal.SIGKILL)
        writer.join()

        assert pid_of_mongod(client) != before
        assert set(acknowledged) <= set(things.distinct("_id"))
        assert len(acknowledged) > 200


def test_killed_valkey_comes_back_with_what_it_wrote_down(tmp_path: Path) -> None:
    with open_servers(tmp_path, ONLY_REDIS) as urls, Redis.from_url(urls.redis_url) as redis:
        redis.set("kept", "yes")
        redis.waitaof(1, 0, 0)
        before = redis.info("server")["process_id"]

        os.kill(before, signal.SIGKILL)

        eventually(lambda: answers(redis))
        assert redis.get("kept") == b"yes"
        assert redis.info("server")["process_id"] != before


def answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except RedisError:
        return False


def test_clean_stop_leaves_no_process_and_keeps_the_data(tmp_path: Path) -> None:
    with (
        open_servers(tmp_path, ENVIRON) as urls,
        Client(urls.mongodb_url) as client,
        Redis.from_url(urls.redis_url) as redis,
    ):
        client.embedded.things.insert_one({"_id": 1})
        redis.set("kept", "yes")
        pids = [pid_of_mongod(client), redis.info("server")["process_id"]]
    assert not [pid for pid in pids if alive(pid)]

    with (
        open_servers(tmp_path, ENVIRON) as urls,
        Client(urls.mongodb_url) as client,
        Redis.from_url(urls.redis_url) as redis,
    ):
        assert client.embedded.things.distinct("_id") == [1]
        assert redis.get("kept") == b"yes"


def test_second_starter_shares_the_servers_of_the_first(tmp_path: Path, python: Run) -> None:
    with open_servers(tmp_path, ENVIRON) as urls, Client(urls.mongodb_url) as client:
        before = pid_of_mongod(client)

        second = python(KEEPER, tmp_path)
        assert told(second) == [urls.mongodb_url, urls.redis_url]
        second.communicate("leave")

        assert second.returncode == 0
        assert pid_of_mongod(client) == before


def test_two_starters_at_once_get_the_same_servers(tmp_path: Path, python: Run) -> None:
    both = [python(KEEPER, tmp_path), python(KEEPER, tmp_path)]

    first, second = (told(each) for each in both)

    assert first == second
    with Client(first[0]) as client:
        client.embedded.things.insert_one({"_id": 1})


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals orphans")
def test_killed_keeper_leaves_no_server_and_the_next_one_takes_over_at_once(
    tmp_path: Path, python: Run
) -> None:
    keeper = python(KEEPER, tmp_path)
    mongodb_url, redis_url = told(keeper)
    with Client(mongodb_url) as client, Redis.from_url(redis_url) as redis:
        client.embedded.things.insert_one({"_id": 1})
        pids = [pid_of_mongod(client), redis.info("server")["process_id"]]

    keeper.kill()
    keeper.wait()

    with open_servers(tmp_path, ENVIRON) as urls, Client(urls.mongodb_url) as client:
        assert client.embedded.things.distinct("_id") == [1]
        assert pid_of_mongod(client) not in pids
    eventually(lambda: not [pid for pid in pids if alive(pid)])


def test_server_that_outlived_its_keeper_is_replaced(tmp_path: Path) -> None:
    orphan_dir = tmp_path.resolve()
    with open_servers(tmp_path, ONLY_REDIS) as urls, Redis.from_url(urls.redis_url) as redis:
        redis.set("kept", "yes")
        (orphan_dir / "valkey.keeper").unlink()  # the keeper's claim is gone, its server is not
        before = redis.info("server")["process_id"]

        with open_servers(tmp_path, ONLY_REDIS), Redis.from_url(urls.redis_url) as again:
            assert again.get("kept") == b"yes"
            assert again.info("server")["process_id"] != before


@pytest.mark.parametrize("name", ["d" * 100, "a folder, named 100 % oddly", "Shop"])
def test_data_directory_may_be_deep_or_oddly_named(tmp_path: Path, name: str) -> None:
    data_dir = tmp_path / name

    with (
        open_servers(data_dir, ENVIRON) as urls,
        Client(urls.mongodb_url) as client,
        Redis.from_url(urls.redis_url) as redis,
    ):
        assert client.embedded.things.insert_one({"_id": 1}).acknowledged
        assert redis.ping()
        folder = Path(RedisSettings.from_dsn(urls.redis_url).unix_socket_path or "").parent

    assert data_dir not in folder.parents
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()  # the servers took their sockets away


def test_moved_data_directory_is_usable(tmp_path: Path) -> None:
    with open_servers(tmp_path / "old", ONLY_MONGODB) as urls, Client(urls.mongodb_url) as client:
        client.embedded.things.insert_one({"_id": 1})
    (tmp_path / "old").rename(tmp_path / "new")

    with open_servers(tmp_path / "new", ONLY_MONGODB) as urls, Client(urls.mongodb_url) as client:
        client.embedded.things.insert_one({"_id": 2})
        assert client.embedded.things.distinct("_id") == [1, 2]


def test_given_urls_are_used_and_nothing_is_started(tmp_path: Path) -> None:
    environ = {"MONGODB_URL": "mongodb://elsewhere", "REDIS_URL": "redis://elsewhere"}

    with open_servers(tmp_path / "data", environ) as urls:
        assert urls == ServerUrls("mongodb://elsewhere", "redis://elsewhere")

    assert not (tmp_path / "data").exists()


def test_given_ports_are_listened_on(tmp_path: Path) -> None:
    mongodb_port, redis_port = free_port(), free_port()

    with (
        open_servers(tmp_path, ENVIRON, mongodb_port=mongodb_port, redis_port=redis_port) as urls,
        Client(urls.mongodb_url) as client,
        Redis(port=redis_port) as redis,
    ):
        assert client.address == ("127.0.0.1", mongodb_port)
        assert client.embedded.things.insert_one({"_id": 1}).acknowledged
        assert redis.ping()
        assert RedisSettings.from_dsn(urls.redis_url).port == redis_port


def test_port_of_another_program_is_never_mistaken_for_ours(tmp_path: Path) -> None:
    port = free_port()
    with (
        open_servers(tmp_path / "theirs", ONLY_REDIS, redis_port=port),
        pytest.raises(ServerFailed, match=r"(?s)valkey ended at once.*bind"),
        open_servers(tmp_path / "ours", ONLY_REDIS, redis_port=port),
    ):
        pass


def test_failure_to_start_tells_the_last_words(tmp_path: Path) -> None:
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\necho error while loading libcurl.so.4; exit 127\n")
    program.chmod(0o755)

    with (
        pytest.raises(ServerFailed, match=r"(?s)mongod ended at once.*libcurl\.so\.4"),
        open_servers(tmp_path / "data", {**ONLY_MONGODB, "MONGOD_BIN": str(program)}),
    ):
        pass


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
