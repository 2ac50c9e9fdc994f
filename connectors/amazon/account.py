"""Whose account on Amazon, and where Amazon is."""

from dataclasses import dataclass, field
from typing import Self

from domain.marketplace import Marketplace

_REGION_HOSTS = {"NA": "na", "EU": "eu", "FE": "fe"}


@dataclass(frozen=True, slots=True)
class AmazonAccount:
    """A seller's authorisation of an application, for one marketplace."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    seller_id: str
    marketplace: Marketplace
    merchant_id: str
    """Our merchant, whose orders they are."""


@dataclass(frozen=True, slots=True)
class AmazonEndpoints:
    """Addresses of Amazon's services; a simulator stands behind the same ones."""

    api_url: str
    lwa_url: str
    """Where tokens are granted (Login with Amazon)."""
    other_api_urls: tuple[tuple[str, str], ...] = ()
    """The other regions and their addresses, where an account may turn out to be at home."""
    queue_arn: str | None = None
    """The SQS queue of the notifications; without one none arrive, and polling is all there is."""
    sqs_url: str | None = None
    """None for AWS itself, in the region that the ARN names."""
    aws_access_key_id: str | None = None
    """None for what the AWS library finds in its environment."""
    aws_secret_access_key: str | None = field(default=None, repr=False)

    @classmethod
    def of_region(
        cls,
        region: str,
        *,
        queue_arn: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
    ) -> Self:
        """Amazon itself in one of its regions: NA, EU or FE."""
        urls = {
            each: f"https://sellingpartnerapi-{host}.amazon.com"
            for each, host in _REGION_HOSTS.items()
        }
        return cls(
            api_url=urls.pop(region),
            other_api_urls=tuple(urls.items()),
            lwa_url="https://api.amazon.com/auth/o2/token",
            queue_arn=queue_arn,
            aws_access_key_id=aws_access_key_id,
            aws_secret_access_key=aws_secret_access_key,
        )

    @classmethod
    def at(cls, base_url: str, *, queue_arn: str | None = None) -> Self:
        """A simulator that serves everything under one address."""
        base = base_url.rstrip("/")
        return cls(
            api_url=base,
            lwa_url=f"{base}/auth/o2/token",
            queue_arn=queue_arn,
            sqs_url=f"{base}/sqs",
            aws_access_key_id="simulator",
            aws_secret_access_key="simulator",  # noqa: S106
        )
