"""Whether the database answers."""

from pymongo.errors import ConnectionFailure, CursorNotFound

from storage.mongo import Database


async def ping(database: Database) -> None:
    """Ask the server for a sign of life; raises what the driver raises where none comes."""
    await database.client.admin.command("ping")


def is_outage(error: BaseException) -> bool:
    """Whether an error says that the server cannot be reached, or was away meanwhile, so that the same may work later."""
    return isinstance(error, ConnectionFailure | CursorNotFound)
