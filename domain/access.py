"""Who may do what: scopes, the roles that bundle them, and the caller who has them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from domain.errors import Forbidden


class AccessScope(StrEnum):
    """What a credential is good for."""

    READ = "READ"
    """Stores, products, listings, offers, rulesets, plans, runs and operations."""
    READ_AUDIT = "READ_AUDIT"
    """Decisions, changes and submissions."""
    READ_ORDERS = "READ_ORDERS"
    SIMULATE = "SIMULATE"
    """Working out what rules would do."""
    WRITE_PRODUCTS = "WRITE_PRODUCTS"
    """Uploading and importing products."""
    WRITE_LISTINGS = "WRITE_LISTINGS"
    """Prices by hand, publishing."""
    RUN = "RUN"
    """Starting and cancelling work; resuming, discarding and undoing runs."""
    WRITE_STORES = "WRITE_STORES"
    """Opening, connecting, settings, pausing."""
    WRITE_RULES = "WRITE_RULES"
    """Drafting rules, putting them in force, going back."""
    MANAGE_KEYS = "MANAGE_KEYS"
    """API keys: seeing, creating, rotating and revoking them."""
    MANAGE_WEBHOOKS = "MANAGE_WEBHOOKS"
    """Webhooks and what became of their deliveries."""


class Role(StrEnum):
    """A job that somebody has, as a bundle of scopes."""

    OWNER = "OWNER"
    MANAGER = "MANAGER"
    OPERATOR = "OPERATOR"
    ANALYST = "ANALYST"
    AUDITOR = "AUDITOR"

    @property
    def scopes(self) -> frozenset[AccessScope]:
        """What the role may do."""
        return _BUNDLES[self]


_LOOKS = frozenset({AccessScope.READ, AccessScope.READ_AUDIT})
_BUNDLES = {
    Role.OWNER: frozenset(AccessScope),
    Role.MANAGER: frozenset(AccessScope) - {AccessScope.MANAGE_KEYS},
    Role.OPERATOR: _LOOKS
    | {
        AccessScope.READ_ORDERS,
        AccessScope.SIMULATE,
        AccessScope.WRITE_LISTINGS,
        AccessScope.RUN,
    },
    Role.ANALYST: _LOOKS | {AccessScope.SIMULATE},
    Role.AUDITOR: _LOOKS,
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """The caller: for which merchant, under which name changes are logged, and what it may do."""

    merchant_id: str
    actor: str
    roles: tuple[Role, ...]
    scopes: frozenset[AccessScope]

    @classmethod
    def of_roles(cls, merchant_id: str, actor: str, roles: Iterable[Role]) -> Self:
        """A caller who may do what its roles may, together."""
        held = tuple(sorted(set(roles), key=list(Role).index))
        return cls(merchant_id, actor, held, frozenset().union(*(role.scopes for role in held)))

    def require(self, scopes: Iterable[AccessScope]) -> None:
        """Go on only if the caller has all of the scopes.

        Raises:
            Forbidden: names those that it lacks.
        """
        if lacking := ordered(set(scopes) - self.scopes):
            names = " and ".join(lacking)
            noun = "scope" if len(lacking) == 1 else "scopes"
            raise Forbidden(f"This needs the {noun} {names}, which the caller does not have.")


def ordered(scopes: Iterable[AccessScope]) -> tuple[AccessScope, ...]:
    """Scopes in the order in which they are defined, each once."""
    given = set(scopes)
    return tuple(scope for scope in AccessScope if scope in given)
