"""Idempotency keys of requests that were done, each with the id of what was made."""

from datetime import datetime

from pymongo.errors import DuplicateKeyError

from domain.errors import Conflict
from domain.idempotency import Claim
from storage.mongo import Scope

_NAME = "idempotency_keys"


async def find(scope: Scope, claim: Claim) -> tuple[str, str] | None:
    """Digest and result of the request that had the claim's key; None where none had it."""
    found = await scope.find(_NAME, {"_id": _id(scope, claim)}, limit=1)
    return (found[0]["digest"], found[0]["result"]) if found else None


async def keep(scope: Scope, claim: Claim, result: str, at: datetime) -> None:
    """Remember what a request made. In the transaction that makes it.

    Raises:
        Conflict: another request with the key was done meanwhile.
    """
    row = {
        "_id": _id(scope, claim),
        "merchant_id": scope.merchant_id,
        "digest": claim.digest,
        "result": result,
        "kept_at": at,
    }
    try:
        await scope.insert(_NAME, [row])
    except DuplicateKeyError as error:
        raise Conflict("A request with this key was done meanwhile.") from error


def _id(scope: Scope, claim: Claim) -> str:
    return f"{scope.merchant_id}/{claim.mutation}/{claim.key}"
