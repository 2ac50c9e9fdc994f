"""Message queues that behave like SQS standard queues: at least once, with a visibility timeout in real time."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

ACCOUNT = "000000000000"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Message:
    """What was sent, with an id that stays the same over all receipts."""

    message_id: str
    body: str


@dataclass(slots=True)
class Queue:
    """One queue. Messages wait in `visible`, or are out with a consumer until their deadline."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    visible: deque[Message] = field(default_factory=deque)
    in_flight: dict[str, tuple[Message, float]] = field(default_factory=dict)
    """By receipt handle: the message and the real moment at which it comes back."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def arn(self) -> str:
        """The name by which destinations know the queue."""
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}"

    @property
    def visibility_timeout(self) -> float:
        """Seconds for which a received message stays out."""
        return float(self.attributes.get("VisibilityTimeout", "30"))

    def send(self, body: str) -> Message:
        """Put a message at the end."""
        message = Message(str(uuid4()), body)
        self.visible.append(message)
        self.arrived.set()
        return message

    def receive(self, limit: int, timeout: float, now: float) -> list[tuple[str, Message]]:
        """Hand out up to `limit` messages with fresh receipt handles."""
        self.return_overdue(now)
        taken = []
        for _ in range(min(limit, len(self.visible))):
            message = self.visible.popleft()
            handle = str(uuid4())
            self.in_flight[handle] = (message, now + timeout)
            taken.append((handle, message))
        if not self.visible:
            self.arrived.clear()
        return taken

    def delete(self, handle: str) -> None:
        """Forget a received message; an unknown or outdated handle changes nothing."""
        self.in_flight.pop(handle, None)

    def change_visibility(self, handle: str, timeout: float, now: float) -> None:
        """Set anew for how long a received message stays out."""
        if handle in self.in_flight:
            self.in_flight[handle] = (self.in_flight[handle][0], now + timeout)

    def return_overdue(self, now: float) -> None:
        """Make messages visible whose consumers did not delete them in time."""
        overdue = [handle for handle, (_, until) in self.in_flight.items() if until <= now]
        for handle in overdue:
            self.visible.append(self.in_flight.pop(handle)[0])

    def purge(self) -> None:
        """Forget every message."""
        self.visible.clear()
        self.in_flight.clear()


@dataclass(slots=True)
class Queues:
    """All queues, by name."""

    by_name: dict[str, Queue] = field(default_factory=dict)
    outgoing: deque[tuple[str, str]] | None = None
    """ARN and body of messages for queues elsewhere; None where the queues are here."""

    def deliver(self, arn: str, body: str) -> bool:
        """Put a message into its queue; a queue that is not there loses it, as Amazon does."""
        if self.outgoing is not None:
            self.outgoing.append((arn, body))
            return True
        queue = self.of_arn(arn)
        if queue is None:
            return False
        queue.send(body)
        return True

    def create(self, name: str, attributes: dict[str, str]) -> Queue:
        """The queue of that name, made if need be."""
        queue = self.by_name.get(name)
        if queue is None:
            queue = self.by_name[name] = Queue(name)
        queue.attributes.update(attributes)
        return queue

    def of_arn(self, arn: str) -> Queue | None:
        """The queue of an ARN, whatever region and account it names."""
        return self.by_name.get(arn.rsplit(":", 1)[-1])

    def depth(self, now: Callable[[], float]) -> dict[str, dict[str, int]]:
        """How many messages wait and how many are out, by queue."""
        for queue in self.by_name.values():
            queue.return_overdue(now())
        return {
            name: {"visible": len(queue.visible), "inFlight": len(queue.in_flight)}
            for name, queue in self.by_name.items()
        }
