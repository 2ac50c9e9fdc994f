"""The wire protocol of SQS (AWS JSON 1.0), so that any AWS client can use the simulated queues."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import md5
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from connectors.simulator.operations import Simulator
from connectors.simulator.queue import ACCOUNT, Message, Queue
from connectors.simulator.wire import JsonObject

_MEDIA_TYPE = "application/x-amz-json-1.0"
_LONGEST_WAIT = 20.0
_LONGEST_VISIBILITY = 43_200.0
_MOST = 10
_POLICY = orjson.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::437568002678:root"},
                "Action": ["SQS:SendMessage", "SQS:GetQueueAttributes"],
                "Resource": "*",
            }
        ],
    }
).decode()
"""What Amazon needs at a queue; every simulated one has it from the start."""


class SqsError(Exception):
    """A refusal in the form of the protocol."""

    def __init__(self, kind: str, message: str, *, query_code: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.query_code = query_code or kind


def sqs_endpoint(simulator: Simulator) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that takes every action on queues."""

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        action = request.headers.get("x-amz-target", "").removeprefix("AmazonSQS.")
        try:
            answer = await _act(simulator, request, action, _read(body))
        except SqsError as error:
            return Response(
                orjson.dumps(
                    {"__type": f"com.amazonaws.sqs#{error.kind}", "message": error.message}
                ),
                400,
                {"x-amzn-query-error": f"{error.query_code};Sender"},
                _MEDIA_TYPE,
            )
        return Response(orjson.dumps(answer), 200, None, _MEDIA_TYPE)

    return endpoint


async def _act(
    simulator: Simulator, request: Request, action: str, asked: JsonObject
) -> JsonObject:
    if action in {"CreateQueue", "GetQueueUrl", "ListQueues"}:
        return _name_queues(simulator, request, action, asked)
    if action == "ReceiveMessage":
        return await _receive(simulator, _queue(simulator, asked), asked)
    act = _ACTIONS.get(action)
    if act is None:
        raise SqsError("UnsupportedOperation", f"{action or 'No action'} is not simulated.")
    return act(_queue(simulator, asked), asked, simulator.monotonic())


def _send(queue: Queue, asked: JsonObject, _: float) -> JsonObject:
    message = queue.send(str(asked.get("MessageBody", "")))
    return {"MessageId": message.message_id, "MD5OfMessageBody": _md5(message.body)}


def _send_batch(queue: Queue, asked: JsonObject, now: float) -> JsonObject:
    sent = [{"Id": entry.get("Id"), **_send(queue, entry, now)} for entry in _entries(asked)]
    return {"Successful": sent, "Failed": []}


def _delete(queue: Queue, asked: JsonObject, _: float) -> JsonObject:
    queue.delete(str(asked.get("ReceiptHandle")))
    return {}


def _delete_batch(queue: Queue, asked: JsonObject, _: float) -> JsonObject:
    entries = _entries(asked)
    for entry in entries:
        queue.delete(str(entry.get("ReceiptHandle")))
    return {"Successful": [{"Id": entry.get("Id")} for entry in entries], "Failed": []}


def _entries(asked: JsonObject) -> list[JsonObject]:
    entries = asked.get("Entries")
    if not isinstance(entries, list) or not 1 <= len(entries) <= _MOST:
        raise SqsError("TooManyEntriesInBatchRequest", f"A batch holds 1 to {_MOST} entries.")
    if not all(isinstance(entry, dict) for entry in entries):
        raise SqsError("InvalidParameterValue", "Each entry must be an object.")
    return entries


def _change_visibility(queue: Queue, asked: JsonObject, now: float) -> JsonObject:
    timeout = _seconds(asked, "VisibilityTimeout", 0, _LONGEST_VISIBILITY)
    queue.change_visibility(str(asked.get("ReceiptHandle")), timeout, now)
    return {}


def _set_attributes(queue: Queue, asked: JsonObject, _: float) -> JsonObject:
    queue.attributes.update(_strings(asked.get("Attributes")))
    return {}


def _purge(queue: Queue, _: JsonObject, __: float) -> JsonObject:
    queue.purge()
    return {}


def _attributes(queue: Queue, asked: JsonObject, now: float) -> JsonObject:
    queue.return_overdue(now)
    known = {
        "VisibilityTimeout": "30",
        "Policy": _POLICY,
        **queue.attributes,
        "QueueArn": queue.arn,
        "ApproximateNumberOfMessages": str(len(queue.visible)),
        "ApproximateNumberOfMessagesNotVisible": str(len(queue.in_flight)),
        "ApproximateNumberOfMessagesDelayed": "0",
    }
    wanted = asked.get("AttributeNames") or []
    if "All" in wanted:
        return {"Attributes": known}
    return {"Attributes": {name: known[name] for name in wanted if name in known}}


_ACTIONS: dict[str, Callable[[Queue, JsonObject, float], JsonObject]] = {
    "ChangeMessageVisibility": _change_visibility,
    "DeleteMessage": _delete,
    "DeleteMessageBatch": _delete_batch,
    "GetQueueAttributes": _attributes,
    "PurgeQueue": _purge,
    "SendMessage": _send,
    "SendMessageBatch": _send_batch,
    "SetQueueAttributes": _set_attributes,
}


def _name_queues(
    simulator: Simulator, request: Request, action: str, asked: JsonObject
) -> JsonObject:
    queues = simulator.world.queues
    base = f"{request.url.scheme}://{request.url.netloc}/sqs/{ACCOUNT}"
    if action == "ListQueues":
        prefix = str(asked.get("QueueNamePrefix", ""))
        names = [name for name in sorted(queues.by_name) if name.startswith(prefix)]
        return {"QueueUrls": [f"{base}/{name}" for name in names]}
    name = asked.get("QueueName")
    if not isinstance(name, str) or not name or "/" in name:
        raise SqsError("InvalidParameterValue", "QueueName is required.")
    if action == "CreateQueue":
        queues.create(name, _strings(asked.get("Attributes")))
    elif name not in queues.by_name:
        raise _no_queue()
    return {"QueueUrl": f"{base}/{name}"}


async def _receive(simulator: Simulator, queue: Queue, asked: JsonObject) -> JsonObject:
    limit = int(_seconds(asked, "MaxNumberOfMessages", 1, _MOST))
    wait = _seconds(
        asked,
        "WaitTimeSeconds",
        float(queue.attributes.get("ReceiveMessageWaitTimeSeconds", "0")),
        _LONGEST_WAIT,
    )
    timeout = _seconds(asked, "VisibilityTimeout", queue.visibility_timeout, _LONGEST_VISIBILITY)
    until = simulator.monotonic() + wait
    while True:
        taken = queue.receive(limit, timeout, simulator.monotonic())
        left = until - simulator.monotonic()
        if taken or left <= 0:
            break
        try:
            # A second at most, since a message may also come back from a consumer.
            await asyncio.wait_for(queue.arrived.wait(), min(left, 1.0))
        except TimeoutError:
            continue
    return {"Messages": [_received(handle, message) for handle, message in taken]} if taken else {}


def _received(handle: str, message: Message) -> JsonObject:
    return {
        "MessageId": message.message_id,
        "ReceiptHandle": handle,
        "MD5OfBody": _md5(message.body),
        "Body": message.body,
    }


def _queue(simulator: Simulator, asked: JsonObject) -> Queue:
    name = str(asked.get("QueueUrl", "")).rsplit("/", 1)[-1]
    queue = simulator.world.queues.by_name.get(name)
    if queue is None:
        raise _no_queue()
    return queue


def _no_queue() -> SqsError:
    return SqsError(
        "QueueDoesNotExist",
        "The specified queue does not exist.",
        query_code="AWS.SimpleQueueService.NonExistentQueue",
    )


def _read(body: bytes) -> JsonObject:
    try:
        value: Any = orjson.loads(body or b"{}")
    except ValueError as error:
        raise SqsError("InvalidParameterValue", "The body is not JSON.") from error
    if not isinstance(value, dict):
        raise SqsError("InvalidParameterValue", "The body must be an object.")
    return value


def _strings(value: object) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}


def _seconds(asked: JsonObject, name: str, default: float, most: float) -> float:
    value = asked.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise SqsError("InvalidParameterValue", f"{name} must be between 0 and {most:g}.")
    return float(value)


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
