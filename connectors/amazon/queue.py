"""The SQS queue into which Amazon puts notifications."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar, cast

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from connectors.amazon.account import AmazonEndpoints
from connectors.amazon.wording import trouble_of
from connectors.errors import (
    MarketplaceError,
    Missing,
    Refusal,
    Rejected,
    Unauthorized,
    Unavailable,
)
from connectors.journal import Journal, NoJournal

log = structlog.get_logger()

T = TypeVar("T")

_MOST_AT_ONCE = 10
_VISIBLE_AGAIN = 10
"""Seconds after which a message comes again to whoever asks, unless it was acknowledged: its receiver died."""
_THREADS = 4
_REFUSED = {
    "AccessDenied",
    "AccessDeniedException",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_GONE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}


@dataclass(frozen=True, slots=True)
class Message:
    """A message with the handle that removes it from the queue."""

    handle: str
    body: str


class Queue:
    """A queue by its ARN. The AWS library blocks, so its calls have threads, of their own since some wait long."""

    def __init__(
        self, arn: str, endpoints: AmazonEndpoints, journal: Journal | None = None
    ) -> None:
        _, _, _, self._region, self._owner, self._name = arn.split(":")
        self._endpoints = endpoints
        self._journal = journal or NoJournal()
        self._client: Any = None
        self._url: str | None = None
        self._opening = asyncio.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="sqs")

    async def receive(self, limit: int, wait: int = 0) -> list[Message]:
        """At most `limit` messages that wait now; where there are none, those that come first within so many seconds."""
        messages: list[Message] = []
        while len(messages) < limit:
            wanted = min(_MOST_AT_ONCE, limit - len(messages))
            answer = await self._call(
                "receive_message",
                MaxNumberOfMessages=wanted,
                VisibilityTimeout=_VISIBLE_AGAIN,
                WaitTimeSeconds=0 if messages else wait,
            )
            batch = answer.get("Messages", [])
            messages += [Message(row["ReceiptHandle"], row["Body"]) for row in batch]
            if len(batch) < wanted:
                break  # there may be more: whoever looks again finds it
        return messages

    async def acknowledge(self, handles: Sequence[str]) -> None:
        """Remove messages; one that cannot be removed is delivered again and logged."""
        starts = range(0, len(handles), _MOST_AT_ONCE)
        await asyncio.gather(
            *(self._remove(handles[start : start + _MOST_AT_ONCE]) for start in starts)
        )

    async def _remove(self, handles: Sequence[str]) -> None:
        entries = [
            {"Id": str(index), "ReceiptHandle": handle} for index, handle in enumerate(handles)
        ]
        answer = await self._call("delete_message_batch", Entries=entries)
        for failure in answer.get("Failed", []):
            log.warning("amazon.queue.not_removed", code=failure.get("Code"))

    async def lets_in(self, account: str) -> bool:
        """Whether the queue's policy speaks of an AWS account, which could not send to it otherwise."""
        answer = await self._call("get_queue_attributes", AttributeNames=["Policy"])
        return account in answer.get("Attributes", {}).get("Policy", "")

    async def close(self) -> None:
        """Let go of connections."""
        if self._client is not None:
            await self._in_thread(self._client.close)
            self._client = None

    async def _call(self, name: str, **arguments: object) -> Mapping[str, Any]:
        async with self._opening:
            if self._client is None:
                self._client = await self._in_thread(self._open)
            if self._url is None:
                found = await self._answer(
                    "get_queue_url",
                    self._client.get_queue_url,
                    QueueName=self._name,
                    QueueOwnerAWSAccountId=self._owner,
                )
                self._url = found["QueueUrl"]
        return await self._answer(
            name, getattr(self._client, name), QueueUrl=self._url, **arguments
        )

    async def _answer(
        self, name: str, call: Callable[..., Mapping[str, Any]], **arguments: object
    ) -> Mapping[str, Any]:
        # What is waited for on purpose is not how long a call takes.
        started = time.perf_counter() + cast("int", arguments.get("WaitTimeSeconds", 0))
        try:
            return await _answer(name, self._in_thread(call, **arguments))
        except MarketplaceError as error:
            self._journal.note(trouble_of(error))
            raise
        finally:
            took = max(0.0, time.perf_counter() - started)
            self._journal.count(f"sqs.{name}", round(took * 1000))

    async def _in_thread(self, call: Callable[..., T], **arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(call, **arguments))

    def _open(self) -> Any:
        return boto3.session.Session().client(
            "sqs",
            region_name=self._region,
            endpoint_url=self._endpoints.sqs_url,
            aws_access_key_id=self._endpoints.aws_access_key_id,
            aws_secret_access_key=self._endpoints.aws_secret_access_key,
            config=Config(
                connect_timeout=5,
                read_timeout=10,
                retries={"mode": "standard", "total_max_attempts": 3},
            ),
        )


async def _answer(name: str, coming: Awaitable[Mapping[str, Any]]) -> Mapping[str, Any]:
    try:
        return await coming
    except ClientError as error:
        raise _error_of(error, f"sqs.{name}") from error
    except NoCredentialsError as error:
        raise Unauthorized(
            "There are no AWS credentials for the queue",
            operation=f"sqs.{name}",
            refusal=Refusal.QUEUE,
        ) from error
    except BotoCoreError as error:
        raise Unavailable(
            f"The queue cannot be reached: {type(error).__name__}", operation=f"sqs.{name}"
        ) from error


def _error_of(error: ClientError, operation: str) -> MarketplaceError:
    told = error.response.get("Error", {})
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    meta = error.response.get("ResponseMetadata", {})
    status, request_id = int(meta.get("HTTPStatusCode", 0)), meta.get("RequestId")
    if code in _REFUSED or status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Unauthorized(
            f"AWS refuses the queue: {code}, {message}",
            operation=operation,
            refusal=Refusal.QUEUE,
            request_id=request_id,
            status=status,
            code=code,
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or "Throttl" in code:
        return Unavailable(
            f"{code}: {message}",
            operation=operation,
            request_id=request_id,
            status=status,
            code=code,
        )
    kind = Missing if code in _GONE else Rejected
    return kind(
        message or code, operation=operation, code=code, request_id=request_id, status=status
    )
