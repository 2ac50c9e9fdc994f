"""Access tokens that all processes of an installation share, sealed in Redis."""

from datetime import datetime, timedelta

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from connectors.amazon.auth import AccessToken
from services.vault import Vault

log = structlog.get_logger()

_KEPT = timedelta(hours=1)
"""No token lives longer; how long one really does, it tells itself, by the clock of the business."""


class SealedTokens:
    """Neither a token nor who holds it can be read in Redis. While it is away, each process asks for its own."""

    def __init__(self, redis: Redis, vault: Vault) -> None:
        self._redis = redis
        self._vault = vault

    async def find(self, holder: str) -> AccessToken | None:
        """The newest token that somebody kept."""
        try:
            sealed = await self._redis.get(self._key(holder))
        except (RedisError, OSError) as error:
            log.warning("access_tokens.redis.away", error=type(error).__name__)
            return None
        opened = self._vault.open_text(sealed) if sealed else None
        if opened is None:
            return None
        value, good_until = orjson.loads(opened)
        return AccessToken(value, datetime.fromisoformat(good_until))

    async def keep(self, holder: str, token: AccessToken) -> None:
        """Leave a token for the others."""
        content = orjson.dumps([token.value, token.good_until.isoformat()]).decode()
        try:
            await self._redis.set(self._key(holder), self._vault.seal_text(content), ex=_KEPT)
        except (RedisError, OSError) as error:
            log.warning("access_tokens.redis.away", error=type(error).__name__)

    def _key(self, holder: str) -> str:
        return f"access-token:{self._vault.digest(holder).hex()}"
