"""The keys of an identity provider: found, kept, and asked for again no more than is needed."""

import asyncio

import httpx
import pytest

from connectors.identity_provider import IdentityProvider, KeysUnavailable
from tests.identity import ISSUER, JWKS, Issuer


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def provider(issuer: Issuer, seconds: Seconds) -> IdentityProvider:
    return IdentityProvider(ISSUER, JWKS, http=issuer.http(), seconds=seconds)


async def test_keys_are_found_through_discovery(issuer: Issuer) -> None:
    provider = IdentityProvider(ISSUER, http=issuer.http())
    key = await provider.key("first")
    assert key is not None
    assert key.algorithm_name == "RS256"
    assert issuer.asked == [f"{ISSUER}.well-known/openid-configuration", JWKS]
    await provider.close()


async def test_known_keys_are_not_asked_for_again(
    provider: IdentityProvider, issuer: Issuer
) -> None:
    for _ in range(3):
        assert await provider.key("first") is not None
    assert issuer.asked == [JWKS]


async def test_an_unknown_key_is_asked_for_at_most_once_a_minute(
    provider: IdentityProvider, issuer: Issuer, seconds: Seconds
) -> None:
    assert await provider.key("first") is not None
    issuer.key_ids.append("second")

    seconds.now = 59
    assert await provider.key("second") is None
    assert len(issuer.asked) == 1
    seconds.now = 60
    found = await asyncio.gather(*(provider.key(name) for name in ("second", "third", "third")))
    assert [key is not None for key in found] == [True, False, False]
    assert len(issuer.asked) == 2


async def test_a_withdrawn_key_goes_out_of_use_within_the_hour(
    provider: IdentityProvider, issuer: Issuer, seconds: Seconds
) -> None:
    assert await provider.key("first") is not None
    issuer.key_ids[:] = ["second"]
    seconds.now = 3599
    assert await provider.key("first") is not None
    seconds.now = 3600
    assert await provider.key("first") is None


async def test_while_the_provider_is_away_known_keys_stay_good(
    provider: IdentityProvider, issuer: Issuer, seconds: Seconds
) -> None:
    assert await provider.key("first") is not None
    issuer.is_away = True
    seconds.now = 4000
    assert await provider.key("first") is not None
    assert await provider.key("second") is None


async def test_a_provider_that_was_never_reached_is_not_taken_for_one_without_keys(
    provider: IdentityProvider, issuer: Issuer, seconds: Seconds
) -> None:
    issuer.is_away = True
    for _ in range(2):
        with pytest.raises(KeysUnavailable):
            await provider.key("first")
    assert len(issuer.asked) == 1
    issuer.is_away, seconds.now = False, 60
    assert await provider.key("first") is not None


async def test_what_is_no_signature_key_is_left_out(
    provider: IdentityProvider, issuer: Issuer
) -> None:
    issuer.more_keys = [
        {"kty": "oct", "kid": "symmetric", "k": "c2VjcmV0", "alg": "HS256"},
        {"kty": "RSA", "kid": "encrypts", "use": "enc", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "kid": "broken", "use": "sig"},
        {"kty": "new", "kid": "unheard-of"},
        "no key",
    ]
    assert await provider.key("first") is not None
    for name in ("symmetric", "encrypts", "broken", "unheard-of"):
        assert await provider.key(name) is None


@pytest.mark.parametrize("url", ["http://login.shop.example/keys", "http://localhost.example/keys"])
async def test_keys_do_not_travel_in_the_open(issuer: Issuer, url: str) -> None:
    provider = IdentityProvider(ISSUER, url, http=issuer.http())
    with pytest.raises(KeysUnavailable):
        await provider.key("first")
    assert issuer.asked == []


@pytest.mark.parametrize("content", [b"", b"[]", b'{"keys": 1}', b"{}", b'"keys"'])
async def test_an_answer_that_is_no_set_of_keys_counts_as_none(content: bytes) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=content))
    provider = IdentityProvider(ISSUER, JWKS, http=httpx.AsyncClient(transport=transport))
    with pytest.raises(KeysUnavailable):
        await provider.key("first")
