"""What child processes are told."""

from pathlib import Path

from pydantic import SecretStr

from cli.processes import environment
from embedded.servers import ServerUrls
from services.settings import Settings


def test_children_have_the_settings_secrets_and_all(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        amazon_application_id="amzn1.sp.solution.x",
        amazon_client_id="client",
        amazon_client_secret=SecretStr("of the application"),
    )

    told = environment(ServerUrls("mongodb://there", "redis://there"), settings)

    assert told["SALES_CHANNEL_AMAZON_CLIENT_SECRET"] == "of the application"
    assert told["SALES_CHANNEL_DATA_DIR"] == str(tmp_path)
    assert told["MONGODB_URL"] == "mongodb://there"
