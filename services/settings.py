"""Settings of a process, from the environment."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may set, each as ``SALES_CHANNEL_<NAME>``.

    The addresses of the servers, ``MONGODB_URL`` and ``REDIS_URL``, are read where servers are opened.
    """

    model_config = SettingsConfigDict(env_prefix="SALES_CHANNEL_", extra="ignore", frozen=True)

    data_dir: Path = Path(".data")
    """Where embedded servers and the development key live."""
    database: str = "sales_channel"
    merchant: str = "default"
    """The merchant of the commands, of local users and of whom the identity provider knows; API keys tell theirs."""
    secret_key: SecretStr | None = None
    """Fernet key that seals credentials at rest; made in `data_dir` where it is not given."""
    jwt_issuer: str | None = None
    """Issuer whose JSON Web Tokens the API takes: the merchant's identity provider."""
    jwt_audience: str | None = None
    """Audience that those tokens must name; needed with an issuer."""
    jwt_jwks_url: str | None = None
    """Where the issuer's keys are; found through OpenID Connect discovery where it is not given."""
    jwt_roles_claim: str = "roles"
    """The claim with the names of the caller's roles."""
    public_url: str | None = None
    """Where clients reach the API, such as ``https://sell.example.com``; as they called it where it is not given."""
    graphiql: bool = True
    trusted_documents: Path | None = None
    """JSON file of the GraphQL documents that are answered, and no others; any where it is not given."""
    amazon_url: str | None = None
    """Where the Selling Partner API, its tokens and its queue are, instead of at Amazon: the simulator."""
    amazon_application_id: str | None = None
    """Our application at Amazon, which sellers allow on its consent page; needed for `storeAuthorize`."""
    amazon_client_id: str | None = None
    amazon_client_secret: SecretStr | None = None
    """The application's credentials at Login with Amazon."""
    amazon_redirect_url: str | None = None
    """Where Amazon sends sellers back to, ending in /amazon/callback; the registered one where it is not given."""
    amazon_application_is_draft: bool = False
    """Whether Amazon has not published the application yet."""
    amazon_queue_arn: str | None = None
    """ARN of the SQS queue for Amazon's notifications; ``{seller}`` in it becomes the seller id of each store."""
    amazon_rate_scale: int = Field(default=1, ge=1)
    """By how much the simulator's limits are wider than Amazon's; 1 for Amazon."""
    amazon_feed_from: int = Field(default=3_000, ge=1)
    """So many changes of prices and quantities leave in one feed; fewer one by one, which takes ten minutes for 3,000."""
    reprice_processes: int = Field(default=2, ge=1, le=4)
    """Processes of one reprice worker that decide a run of thousands of listings together, its own included."""
    workers: int = Field(default=2, ge=1)
    """Processes that share the rate limits, for when Redis cannot tell them."""
    webhooks_allow_http: bool = False
    """Whether webhooks may go over http, unencrypted; for development."""
    webhooks_allow_private: bool = False
    """Whether webhooks may go to loopback and private addresses: to what only this machine's network can reach."""
    clock_file: Path | None = None
    """File that holds the business time of a simulation; the machine's clock where it is not given."""
    log_level: str = "INFO"

    @model_validator(mode="after")
    def _names_an_audience(self) -> Self:
        """A token that was made for another application must not open this one."""
        if (self.jwt_issuer is None) is not (self.jwt_audience is None):
            raise ValueError(
                "Set SALES_CHANNEL_JWT_ISSUER and SALES_CHANNEL_JWT_AUDIENCE together."
            )
        return self

    @model_validator(mode="after")
    def _knows_its_application(self) -> Self:
        given = (self.amazon_application_id, self.amazon_client_id, self.amazon_client_secret)
        if any(given) and not all(given):
            raise ValueError(
                "Set SALES_CHANNEL_AMAZON_APPLICATION_ID, SALES_CHANNEL_AMAZON_CLIENT_ID and "
                "SALES_CHANNEL_AMAZON_CLIENT_SECRET together."
            )
        return self
