"""Tokens of the merchant's identity provider: which are believed, and what they say."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm
from pydantic import ValidationError

from connectors.identity_provider import IdentityProvider
from domain.access import Role, Viewer
from services import identity
from services.settings import Settings
from tests.factories import MERCHANT
from tests.identity import AUDIENCE, ISSUER, JWKS, Issuer, rsa_key

SETTINGS = Settings(merchant=MERCHANT, jwt_issuer=ISSUER, jwt_audience=AUDIENCE)
NOW = datetime.now(UTC)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


async def viewer_of(issuer: Issuer, token: str, settings: Settings = SETTINGS) -> Viewer | None:
    provider = IdentityProvider(ISSUER, JWKS, http=issuer.http())
    try:
        return await identity.viewer_of(provider, settings, token)
    finally:
        await provider.close()


async def test_a_good_token_is_the_caller_with_the_roles_that_it_names(issuer: Issuer) -> None:
    token = issuer.token(roles=["operator", "ANALYST", "janitor", 7])
    assert await viewer_of(issuer, token) == Viewer.of_roles(
        MERCHANT, "ann", [Role.OPERATOR, Role.ANALYST]
    )


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        ("auditor manager", (Role.MANAGER, Role.AUDITOR)),
        ([], ()),
        (None, ()),
        ({"OWNER": True}, ()),
        (["owners", "OWNER "], ()),
        (7, ()),
    ],
)
async def test_roles_are_a_list_or_words_and_anything_else_is_none(
    issuer: Issuer, claim: object, roles: tuple[Role, ...]
) -> None:
    viewer = await viewer_of(issuer, issuer.token(roles=claim))
    assert viewer is not None
    assert viewer.roles == roles


async def test_the_claim_with_the_roles_can_be_another(issuer: Issuer) -> None:
    settings = SETTINGS.model_copy(update={"jwt_roles_claim": "https://shop.example/roles"})
    token = issuer.token(**{"https://shop.example/roles": ["owner"], "roles": ["auditor"]})
    viewer = await viewer_of(issuer, token, settings)
    assert viewer is not None
    assert viewer.roles == (Role.OWNER,)


@pytest.mark.parametrize(
    ("claims", "actor"),
    [
        ({}, "ann"),
        ({"email": "ann@shop.com"}, "ann@shop.com"),
        ({"email": "ann@shop.com", "email_verified": True}, "ann@shop.com"),
        ({"email": "boss@shop.com", "email_verified": False}, "ann"),
        ({"email": ""}, "ann"),
        ({"email": ["boss@shop.com"]}, "ann"),
    ],
)
async def test_the_name_in_the_log_is_one_to_rely_on(
    issuer: Issuer, claims: dict[str, Any], actor: str
) -> None:
    viewer = await viewer_of(issuer, issuer.token(**claims))
    assert viewer is not None
    assert viewer.actor == actor


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://login.shop.example"},
        {"iss": "https://evil.example/"},
        {"iss": None},
        {"aud": "another application"},
        {"aud": ["another", "third"]},
        {"aud": None},
        {"exp": NOW - timedelta(days=1)},
        {"exp": None},
        {"nbf": NOW + timedelta(days=1)},
        {"sub": None},
    ],
    ids=" ".join,  # moments would differ from process to process
)
async def test_a_token_for_elsewhere_or_another_time_is_not_believed(
    issuer: Issuer, claims: dict[str, Any]
) -> None:
    assert await viewer_of(issuer, issuer.token()) is not None
    assert await viewer_of(issuer, issuer.token(**claims)) is None


async def test_one_of_several_audiences_is_enough(issuer: Issuer) -> None:
    assert await viewer_of(issuer, issuer.token(aud=["another", AUDIENCE])) is not None


def _claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


@pytest.mark.parametrize("algorithm", ["none", "None", "RS256"])
async def test_a_token_without_signature_is_not_believed(issuer: Issuer, algorithm: str) -> None:
    header = {"alg": algorithm, "typ": "JWT", "kid": "first"}
    unsigned = b".".join(_part(part) for part in (header, _claims(issuer.token()))) + b"."
    assert await viewer_of(issuer, unsigned.decode()) is None


async def test_the_public_key_is_not_taken_for_a_shared_secret(issuer: Issuer) -> None:
    # By hand: the library refuses to make such a token.
    public = rsa_key("first").public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = {"alg": "HS256", "typ": "JWT", "kid": "first"}
    signed = b".".join(_part(part) for part in (header, _claims(issuer.token())))
    forged = signed + b"." + _base64(hmac.digest(pem, signed, "sha256"))
    assert await viewer_of(issuer, forged.decode()) is None


async def test_a_symmetric_key_of_the_provider_signs_nothing(issuer: Issuer) -> None:
    secret = "s" * 32
    issuer.more_keys = [
        {"kty": "oct", "kid": "shared", "alg": "HS256", "k": _base64(secret.encode()).decode()}
    ]
    token = jwt.encode(_claims(issuer.token()), secret, "HS256", headers={"kid": "shared"})
    assert await viewer_of(issuer, token) is None


@pytest.mark.parametrize("headers", [{"kid": "second"}, {"kid": ""}, {}], ids=str)
async def test_a_key_that_the_provider_does_not_have_signs_nothing(
    issuer: Issuer, headers: dict[str, Any]
) -> None:
    token = jwt.encode(_claims(issuer.token()), rsa_key("first"), "RS256", headers=headers)
    assert await viewer_of(issuer, token) is None


async def test_another_key_under_a_known_id_signs_nothing(issuer: Issuer) -> None:
    claims = _claims(issuer.token())
    token = jwt.encode(claims, rsa_key("evil"), "RS256", headers={"kid": "first"})
    assert await viewer_of(issuer, token) is None


async def test_what_was_changed_after_signing_is_not_believed(issuer: Issuer) -> None:
    header, _, signature = issuer.token().split(".")
    claims = _part({**_claims(issuer.token()), "roles": ["owner"]}).decode()
    assert await viewer_of(issuer, f"{header}.{claims}.{signature}") is None


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "a.b.c.d", "{}"])
async def test_what_is_no_token_is_not_believed(issuer: Issuer, token: str) -> None:
    assert await viewer_of(issuer, token) is None


async def test_keys_of_elliptic_curves_are_known_too(issuer: Issuer) -> None:
    key = generate_private_key(SECP256R1())
    public = json.loads(ECAlgorithm.to_jwk(key.public_key()))
    issuer.more_keys = [{**public, "kid": "curve"}]
    token = jwt.encode(_claims(issuer.token()), key, "ES256", headers={"kid": "curve"})
    assert await viewer_of(issuer, token) is not None


@pytest.mark.parametrize("given", [{"jwt_issuer": ISSUER}, {"jwt_audience": AUDIENCE}], ids=str)
def test_an_issuer_and_an_audience_are_set_together(given: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="SALES_CHANNEL_JWT_AUDIENCE"):
        Settings(data_dir=tmp_path, **given)


def _part(value: dict[str, Any]) -> bytes:
    return _base64(json.dumps(value).encode())


def _base64(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")
