"""Where requests may go whose address a user names: to public addresses, and to none of our own network.

What counts is the address that a name resolves to. It is looked up once for each connection, and the connection is made
to the very address that was looked at, so that a name which resolves otherwise a moment later gets nobody inside.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import httpcore
import httpx

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a name."""

LONGEST_URL = 2048
_LAST_PORT = 65_535
_MOST_ADDRESSES = 4
"""Of one name, that are tried one after the other."""


def _networks(*texts: str) -> list[IPv4Network | IPv6Network]:
    return [ip_network(text) for text in texts]


# The registries of special-purpose addresses, written out: what `ipaddress` calls global differs between versions.
_SPECIAL = _networks(
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
    *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
    # Tunnels that end at an IPv4 address, protocols and documentation.
    *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
)
_UNICAST = IPv6Network("2000::/3")
"""All public IPv6 addresses; those that hold an IPv4 address, such as ::ffff:127.0.0.1, are outside."""
_PRIVATE = _networks(
    *("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)


class EgressRefused(Exception):
    """A name leads to no address that may be spoken to."""


def may_speak_to(address: str, *, allow_private: bool = False) -> bool:
    """Whether an address is public, or private and that is allowed. Link-local ones never are."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if "%" in address:  # a zone says which of our own links
        return False
    if allow_private and any(parsed in network for network in _PRIVATE):
        return True
    if parsed.version == 6 and parsed not in _UNICAST:
        return False
    return not any(parsed in network for network in _SPECIAL)


def check_url(text: str, *, allow_http: bool = False, allow_private: bool = False) -> None:
    """Look at an address that a user gives, as far as that can be done without asking anybody.

    Raises:
        ValueError: says what would be right.
    """
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise ValueError("Give an address such as https://example.com/hook.") from None
    if len(text) > LONGEST_URL:
        raise ValueError(f"An address has at most {LONGEST_URL} characters.")
    if url.scheme != "https" and not (allow_http and url.scheme == "http"):
        raise ValueError("Give an address that begins with https://.")
    if not url.host or not 0 < (url.port or 443) <= _LAST_PORT:
        raise ValueError("Give an address such as https://example.com/hook.")
    if url.userinfo:
        raise ValueError("Leave user and password out of the address; deliveries are signed.")
    if url.fragment:
        raise ValueError("Leave out what follows the #; it is never sent.")
    if not _may_be_public(url.host, allow_private=allow_private):
        raise ValueError("Give an address that the public network can reach.")


def _may_be_public(host: str, *, allow_private: bool) -> bool:
    """What can be told of a host before it is looked up."""
    try:
        ip_address(host)
    except ValueError:
        return allow_private or not f".{host}".rstrip(".").endswith(".localhost")
    return may_speak_to(host, allow_private=allow_private)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that may be spoken to. TLS goes on under the name, and so do SNI and `Host`."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        resolve: Resolve | None = None,
        inner: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._allow_private = allow_private
        # Threads of its own: a name server that does not answer holds up nobody else.
        self._threads = ThreadPoolExecutor(32, "resolve")
        self._resolve = resolve or self._ask
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address of a host that answers and may be spoken to.

        Raises:
            EgressRefused: it has no such address.
        """
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:  # the latter for names that cannot be any
            raise httpcore.ConnectError(f"{host} cannot be found: {error}") from error
        allowed = [each for each in found if may_speak_to(each, allow_private=self._allow_private)]
        if not allowed:
            raise EgressRefused(f"{host} has no address that may be spoken to.")
        allowed = allowed[:_MOST_ADDRESSES]
        share = timeout / len(allowed) if timeout else None
        for address in allowed[:-1]:
            try:
                return await self._inner.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(
            allowed[-1], port, share, local_address, socket_options
        )

    def close(self) -> None:
        """Wait for no name any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, host: str, port: int) -> list[str]:
        def ask() -> list[str]:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            return list(dict.fromkeys(str(each[4][0]) for each in found))

        return await asyncio.get_running_loop().run_in_executor(self._threads, ask)
