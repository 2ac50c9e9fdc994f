"""Where requests may go: what is public, and what a name leads to at the moment of connecting."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpcore
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.egress import EgressRefused, GuardedBackend, check_url, may_speak_to

PUBLIC4, PUBLIC6 = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"
INSIDE = [
    *("127.0.0.1", "127.8.9.10", "10.1.2.3", "172.16.0.1", "192.168.1.1", "::1", "fd00::1"),
]
NEVER = [
    *("0.0.0.0", "169.254.169.254", "100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("192.0.2.1", "198.18.0.1", "::", "fe80::1", "ff02::1", "2001:db8::1", "fec0::1"),
    *("::ffff:127.0.0.1", "::ffff:93.184.216.34", "::127.0.0.1", "64:ff9b::7f00:1"),
    *("2002:7f00:1::1", "2001:0:1::1", "fe80::1%lo", "2606:4700::1%lo"),
    *("localhost", "", "127.1", "0x7f000001", "2130706433"),
]
networks = st.sampled_from(
    [ip_network(f"{address}/16", strict=False) for address in (*INSIDE[:5], "169.254.0.0")]
)
addresses = st.one_of(
    st.ip_addresses(),
    networks.flatmap(lambda network: st.ip_addresses(network=str(network))),
    st.ip_addresses(v=4).map(lambda inner: ip_address(f"::ffff:{inner}")),
)


@given(addresses)
@example(ip_address("169.254.169.254"))
@example(ip_address("::ffff:10.0.0.1"))
def test_what_may_be_spoken_to_is_public_by_every_measure(
    address: IPv4Address | IPv6Address,
) -> None:
    if may_speak_to(str(address)):
        assert address.is_global
        assert not address.is_private
        assert not address.is_loopback
        assert not address.is_link_local
        assert not address.is_multicast
        assert not address.is_reserved
        assert not address.is_unspecified
        assert getattr(address, "ipv4_mapped", None) is None
        assert getattr(address, "sixtofour", None) is None
        assert getattr(address, "teredo", None) is None


@given(st.ip_addresses(v=4))
def test_every_other_address_may_be_spoken_to(address: IPv4Address) -> None:
    is_special = address.is_multicast or address in ip_network("192.88.99.0/24")
    # Some that are global by exception within a block of the registries are left out with the block.
    is_special = is_special or address in ip_network("192.0.0.0/24")
    assert may_speak_to(str(address)) is (address.is_global and not is_special)


@pytest.mark.parametrize("address", [PUBLIC4, PUBLIC6, "8.8.8.8", "2a00:1450::1"])
def test_public_addresses_may_be_spoken_to(address: str) -> None:
    assert may_speak_to(address)


@pytest.mark.parametrize("address", INSIDE)
def test_private_addresses_may_be_spoken_to_only_where_that_is_allowed(address: str) -> None:
    assert not may_speak_to(address)
    assert may_speak_to(address, allow_private=True)


@pytest.mark.parametrize("address", NEVER)
def test_others_never_may(address: str) -> None:
    assert not may_speak_to(address)
    assert not may_speak_to(address, allow_private=True)


class Stream(httpcore.AsyncNetworkStream):
    pass


class Wire(httpcore.AsyncNetworkBackend):
    """Notes where one connects to; some places do not answer."""

    def __init__(self, *silent: str) -> None:
        self.asked: list[str] = []
        self._silent = silent

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.asked.append(host)
        if host in self._silent:
            raise httpcore.ConnectError("refused")
        return Stream()


class Names:
    """A name server that answers otherwise each time."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = iter(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return next(self._answers)


async def test_a_name_that_is_bound_anew_between_look_and_connection_leads_nowhere_else() -> None:
    names, wire = Names([PUBLIC4], ["127.0.0.1"]), Wire()
    backend = GuardedBackend(resolve=names, inner=wire)

    await backend.connect_tcp("rebind.example", 443, 5)
    assert (names.asked, wire.asked) == (1, [PUBLIC4])

    with pytest.raises(EgressRefused, match=r"rebind\.example"):
        await backend.connect_tcp("rebind.example", 443, 5)
    assert wire.asked == [PUBLIC4]


async def test_only_those_addresses_of_a_name_are_tried_that_may_be() -> None:
    wire = Wire(PUBLIC6)
    backend = GuardedBackend(
        resolve=Names(["10.0.0.1", PUBLIC6, "::ffff:127.0.0.1", PUBLIC4]), inner=wire
    )
    await backend.connect_tcp("mixed.example", 443, 5)
    assert wire.asked == [PUBLIC6, PUBLIC4]


async def test_a_name_that_nobody_answers_for_is_an_error_of_the_connection() -> None:
    backend = GuardedBackend(resolve=Names([PUBLIC6, PUBLIC4]), inner=Wire(PUBLIC6, PUBLIC4))
    with pytest.raises(httpcore.ConnectError):
        await backend.connect_tcp("down.example", 443, 5)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_names_are_really_asked_for(host: str) -> None:
    wire = Wire()
    backend = GuardedBackend(inner=wire)
    with pytest.raises(EgressRefused):
        await backend.connect_tcp(host, 443, 5)
    await GuardedBackend(inner=wire, allow_private=True).connect_tcp("localhost", 443, 5)
    assert set(wire.asked) <= {"127.0.0.1", "::1"}
    backend.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://example.com/", "https://"),
        ("ftp://example.com/", "https://"),
        ("example.com", "https://"),
        ("", "https://"),
        ("https://", "such as"),
        ("https://me:secret@example.com/", "password"),
        ("https://example.com/#part", "#"),
        ("https://127.0.0.1/", "public"),
        ("https://[::1]/", "public"),
        ("https://[::ffff:10.0.0.1]/", "public"),
        ("https://169.254.169.254/latest", "public"),
        ("https://localhost:8000/", "public"),
        ("https://a.localhost./", "public"),
        ("https://example.com:99999/", "such as"),
        ("https://example.com/" + "x" * 2048, "2048"),
    ],
)
def test_an_address_that_cannot_be_told_is_refused_at_once(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        check_url(url)


@pytest.mark.parametrize(
    "url", ["https://example.com", "https://example.com:8443/a?b=c", f"https://[{PUBLIC6}]/"]
)
def test_an_address_that_can_be_told_is_taken(url: str) -> None:
    check_url(url)


def test_development_may_use_its_own_machine() -> None:
    check_url("http://localhost:9000/", allow_http=True, allow_private=True)
    with pytest.raises(ValueError, match="public"):
        check_url("https://169.254.169.254/", allow_private=True)


@given(st.text())
def test_whatever_is_given_as_an_address_is_taken_or_refused(text: str) -> None:
    try:
        check_url(text)
    except ValueError:
        return
    assert text.strip().lower().startswith("https://")
