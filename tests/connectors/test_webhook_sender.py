"""Sending to receivers that are slow, large, elsewhere or not who they say they are."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.egress import GuardedBackend
from connectors.webhook_sender import WebhookSender
from tests.receivers import Receiver, receiving

HEADERS = {"webhook-id": "1"}


@asynccontextmanager
async def sending(*, seconds: float = 5, **options: object) -> AsyncIterator[WebhookSender]:
    options = {"allow_private": True, **options}
    sender = WebhookSender(GuardedBackend(**options), seconds=seconds)  # type: ignore[arg-type]
    yield sender
    await sender.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


async def test_a_message_arrives_as_it_was_sent(receiver: Receiver) -> None:
    async with sending() as sender:
        answer = await sender.post(f"{receiver.url}?a=b", HEADERS, b'{"a":"\xc3\xbc"}')
    (message,) = receiver.messages
    assert (answer.status, answer.error, answer.is_success) == (204, None, True)
    assert (message.path, message.body) == ("/hook?a=b", b'{"a":"\xc3\xbc"}')
    assert message.headers["webhook-id"] == "1"
    assert message.headers["host"] == httpx.URL(receiver.url).netloc.decode()


@pytest.mark.parametrize("status", [200, 201, 299])
async def test_any_2xx_is_success(receiver: Receiver, status: int) -> None:
    receiver.status = status
    async with sending() as sender:
        assert (await sender.post(receiver.url, HEADERS, b"{}")).is_success


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 410, 429, 500, 503])
async def test_anything_else_is_none_and_nobody_is_led_elsewhere(
    receiver: Receiver, status: int
) -> None:
    with receiving() as elsewhere:
        receiver.status, receiver.headers = status, {"location": elsewhere.url}
        async with sending() as sender:
            answer = await sender.post(receiver.url, HEADERS, b"{}")
        assert (answer.status, answer.error) == (status, f"It answered {status}.")
        assert elsewhere.messages == []


async def test_a_slow_receiver_is_given_up_in_time(receiver: Receiver) -> None:
    receiver.seconds = 1
    async with sending(seconds=0.2) as sender:
        started = time.monotonic()
        answer = await sender.post(receiver.url, HEADERS, b"{}")
    assert time.monotonic() - started < 0.9
    assert (answer.status, answer.error) == (None, "There was no answer within 0.2 s.")
    assert answer.milliseconds >= 200


async def _serve(answer: list[bytes], pause: float) -> tuple[asyncio.Server, str]:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            for part in answer:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


@pytest.mark.parametrize(
    "answer",
    [
        [b"HTTP/1.1 200 OK\r\n"] + [b"x: y\r\n"] * 100,
        [b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"] + [b"x"] * 100,
    ],
    ids=["headers", "body"],
)
async def test_an_answer_that_comes_drop_by_drop_is_given_up_in_time(answer: list[bytes]) -> None:
    server, url = await _serve(answer, 0.05)
    async with server, sending(seconds=0.4) as sender:
        started = time.monotonic()
        assert not (await sender.post(url, HEADERS, b"{}")).is_success
        assert time.monotonic() - started < 1


async def test_of_an_endless_answer_only_the_beginning_is_read() -> None:
    part = b"x" * 10_000
    server, url = await _serve(
        [b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n"] + [part] * 10_000, 0.001
    )
    async with server, sending() as sender:
        started = time.monotonic()
        assert (await sender.post(url, HEADERS, b"{}")).is_success
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nx"])
async def test_what_is_no_answer_is_an_error(answer: bytes) -> None:
    server, url = await _serve([answer], 0)
    async with server, sending() as sender:
        answered = await sender.post(url, HEADERS, b"{}")
    assert answered.status is None
    assert answered.error


async def test_where_nobody_listens_is_an_error() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/"
        async with sending() as sender:
            answer = await sender.post(url, HEADERS, b"{}")
    assert answer.status is None
    assert answer.error


async def test_what_is_inside_is_never_connected_to(receiver: Receiver) -> None:
    async with sending(allow_private=False) as sender:
        for host in ("127.0.0.1", "localhost"):
            url = receiver.url.replace("127.0.0.1", host)
            answer = await sender.post(url, HEADERS, b"{}")
            assert answer.error == f"{host} has no address that may be spoken to."
    assert receiver.connections == 0


async def test_connections_are_used_again(receiver: Receiver) -> None:
    async with sending() as sender:
        for _ in range(5):
            await sender.post(receiver.url, HEADERS, b"{}")
    assert (len(receiver.messages), receiver.connections) == (5, 1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of hooks.test, signed by itself, with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "hooks.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


async def _here(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


async def test_the_address_is_ours_to_pick_and_the_name_stays_the_receivers(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with receiving(tls) as receiver:
        port = httpx.URL(receiver.url).port
        async with sending(resolve=_here) as sender:
            right = await sender.post(f"https://hooks.test:{port}/hook", HEADERS, b"{}")
            wrong = await sender.post(f"https://other.test:{port}/hook", HEADERS, b"{}")
    assert (right.status, right.error) == (204, None)
    assert receiver.server_names == ["hooks.test", "other.test"]
    assert [message.headers["host"] for message in receiver.messages] == [f"hooks.test:{port}"]
    assert wrong.status is None
    assert "certificate" in (wrong.error or "").lower()
