"""Documents of reports and feeds: fetched and unpacked, and the words for how far their making is."""

import gzip
import zlib

from connectors.amazon.operations import Operation
from connectors.amazon.payload import Node, moment, text
from connectors.amazon.transport import Transport
from connectors.errors import Unavailable, Unreadable
from connectors.journal import Trouble
from connectors.port import Task, TaskState
from domain.communication_error import ErrorClass, RetryVerdict

_STATES = {
    "DONE": TaskState.DONE,
    "CANCELLED": TaskState.CANCELLED,
    "FATAL": TaskState.FAILED,
}


async def fetch(
    transport: Transport, operation: Operation, name: str, document_id: str
) -> tuple[bytes, str | None]:
    """The content of a document, and the charset that it comes with, where it names one."""
    answer = await transport.send(operation, path={name: document_id})
    url = text(answer.get("url"))
    if url is None:
        raise Unreadable("The document has no address", operation=operation.name)
    response = await transport.load(url)
    # httpx unpacks by itself what the storage service calls packed.
    if answer.get("compressionAlgorithm") != "GZIP" or "content-encoding" in response.headers:
        return response.content, response.charset_encoding
    try:
        return gzip.decompress(response.content), response.charset_encoding
    except (OSError, EOFError, zlib.error) as error:
        raise Unavailable("The document came damaged", operation=operation.name) from error


def task_of(answer: Node, kind: str, operation: Operation) -> Task:
    """A report or a feed; a state that we do not know may still become one that we do."""
    id_ = text(answer.get(f"{kind}Id"))
    if id_ is None:
        raise Unreadable(f"A {kind} has no id", operation=operation.name)
    document = "reportDocumentId" if kind == "report" else "resultFeedDocumentId"
    return Task(
        id=id_,
        state=_STATES.get(text(answer.get("processingStatus")) or "", TaskState.WORKING),
        document_id=text(answer.get(document)),
        created_at=moment(answer.get("createdTime")),
    )


def note_end(transport: Transport, task: Task, operation: Operation, fatal: ErrorClass) -> None:
    """Note that a feed or a report came to nothing."""
    if task.state is TaskState.FAILED:
        word, kind = "FATAL", fatal
    elif task.state is TaskState.CANCELLED:
        word, kind = "CANCELLED", ErrorClass.CANCELLED
    else:
        return
    verdict, message = RetryVerdict.PUT_OFF, f"Amazon ended it as {word}"
    transport.journal.note(Trouble(operation.name, kind, verdict, message, word))


def id_of(answer: Node, name: str, operation: Operation) -> str:
    """The id that an answer gives to what was made."""
    found = text(answer.get(name))
    if found is None:
        raise Unreadable(f"The answer has no {name}", operation=operation.name)
    return found
