"""Sends notifications on to queues elsewhere: SQS itself, or whatever speaks its protocol."""

import asyncio
from typing import Any

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from connectors.simulator.operations import Simulator

log = structlog.get_logger()

_PAUSE = 0.05
_AFTER_TROUBLE = 1.0
_GONE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}


async def relay(simulator: Simulator, sqs_url: str) -> None:
    """Send what the world has to tell, in its order, each at least once.

    A queue that does not exist loses its messages, as at Amazon; while the endpoint is away they wait.
    """
    clients: dict[str, Any] = {}
    while True:
        outgoing = simulator.world.queues.outgoing
        if not outgoing:
            await asyncio.sleep(_PAUSE)
            continue
        arn, body = outgoing[0]
        try:
            await asyncio.to_thread(_send, clients, sqs_url, arn, body)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            log.warning("simulator.relay.refused", queue=arn, code=code)
            if code not in _GONE:
                await asyncio.sleep(_AFTER_TROUBLE)
                continue
        except BotoCoreError as error:
            log.warning("simulator.relay.away", queue=arn, error=type(error).__name__)
            await asyncio.sleep(_AFTER_TROUBLE)
            continue
        outgoing.popleft()


def _send(clients: dict[str, Any], sqs_url: str, arn: str, body: str) -> None:
    _, _, _, region, owner, name = arn.split(":")
    client = clients.get(region)
    if client is None:
        client = clients[region] = boto3.session.Session().client(
            "sqs",
            region_name=region,
            endpoint_url=sqs_url,
            config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}),
        )
    url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=owner)["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody=body)
