"""An identity provider of the tests' own: signs tokens, and serves its keys without a network."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://login.shop.example/"
AUDIENCE = "sales-channel"
JWKS = "https://login.shop.example/keys"


@cache
def rsa_key(name: str) -> RSAPrivateKey:
    """A key by its id; making one takes a while, so that each is made once."""
    del name
    return generate_private_key(public_exponent=65537, key_size=2048)


class Issuer:
    """What is asked of it is counted in `asked`; while `is_away` it does not answer."""

    def __init__(self, *key_ids: str) -> None:
        self.key_ids = list(key_ids or ("first",))
        self.asked: list[str] = []
        self.is_away = False
        self.more_keys: list[Any] = []

    def http(self) -> httpx.AsyncClient:
        """A client that reaches nothing but this provider."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def token(self, key_id: str = "first", /, **claims: Any) -> str:
        """A token that is good, but for the claims that are given; None leaves a claim out."""
        now = datetime.now(UTC)
        told = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "ann",
            "iat": now,
            "exp": now + timedelta(minutes=5),
            **claims,
        }
        kept = {name: value for name, value in told.items() if value is not None}
        return jwt.encode(kept, rsa_key(key_id), "RS256", headers={"kid": key_id})

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if self.is_away:
            raise httpx.ConnectError("away", request=request)
        if str(request.url) == f"{ISSUER}.well-known/openid-configuration":
            return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": JWKS})
        if str(request.url) == JWKS:
            return httpx.Response(200, json={"keys": [*map(public, self.key_ids), *self.more_keys]})
        return httpx.Response(404)


def public(key_id: str) -> dict[str, Any]:
    """The public half of a key as providers publish it."""
    written = json.loads(RSAAlgorithm.to_jwk(rsa_key(key_id).public_key()))
    return {**written, "kid": key_id, "use": "sig"}
