"""Settings of a process, from the environment."""

from pathlib import Path

from pydantic import Field, SecretStr
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
    """The merchant whose data this installation's API and commands serve."""
    secret_key: SecretStr | None = None
    """Fernet key that seals credentials at rest; made in `data_dir` where it is not given."""
    api_key: SecretStr | None = None
    """Bearer key that the API demands; it must be set to listen beyond loopback."""
    graphiql: bool = True
    trusted_documents: Path | None = None
    """JSON file of the GraphQL documents that are answered, and no others; any where it is not given."""
    amazon_url: str | None = None
    """Where the Selling Partner API, its tokens and its queue are, instead of at Amazon: the simulator."""
    amazon_queue_arn: str | None = None
    """ARN of the SQS queue for Amazon's notifications; ``{seller}`` in it becomes the seller id of each store."""
    amazon_rate_scale: int = Field(default=1, ge=1)
    """By how much the simulator's limits are wider than Amazon's; 1 for Amazon."""
    workers: int = Field(default=2, ge=1)
    """Processes that share the rate limits, for when Redis cannot tell them."""
    clock_file: Path | None = None
    """File that holds the business time of a simulation; the machine's clock where it is not given."""
    log_level: str = "INFO"
