"""Callers whom the merchant's identity provider knows: JSON Web Tokens, and the roles that they name."""

from collections.abc import Iterable
from typing import Any

import jwt

from connectors.identity_provider import IdentityProvider
from domain.access import Role, Viewer
from services.settings import Settings

_LEEWAY = 30
"""Seconds by which the provider's clock may differ from ours."""
_ROLES = {role.value.casefold(): role for role in Role}


async def viewer_of(provider: IdentityProvider, settings: Settings, token: str) -> Viewer | None:
    """Whose a token is; None where it is not of this provider, not for this application or not good now.

    Raises:
        KeysUnavailable: the provider cannot be asked for its keys.
    """
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
        key = await provider.key(key_id) if isinstance(key_id, str) else None
        if key is None:
            return None
        claims = jwt.decode(
            token,
            key,
            # The algorithm is the key's and not the token's, which anybody can write.
            algorithms=[key.algorithm_name],
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            leeway=_LEEWAY,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except jwt.PyJWTError:
        return None
    roles = _roles(claims.get(settings.jwt_roles_claim))
    return Viewer.of_roles(settings.merchant, _actor(claims), roles)


def _actor(claims: dict[str, Any]) -> str:
    """The e-mail address, for people who read the log; the provider's id where there is none to rely on."""
    email = claims.get("email")
    is_good = isinstance(email, str) and email and claims.get("email_verified", True) is True
    return str(email if is_good else claims["sub"])


def _roles(claim: object) -> Iterable[Role]:
    """The roles of a claim, a list or words in a string; names that are no roles of ours mean nothing here."""
    names = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else []
    told = (str(name).casefold() for name in names)
    return [_ROLES[name] for name in told if name in _ROLES]
