"""An account, and a stand-in for Amazon's side of the wire that answers from a script."""

from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs

import httpx
import pytest

from connectors.amazon.account import AmazonAccount, AmazonEndpoints
from connectors.amazon.connector import AmazonConnector
from connectors.budget import LocalBudget
from domain.clock import FixedClock
from domain.marketplace import MARKETPLACES

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


class Wire:
    """Grants tokens, hands out the answers that a test scripted, and remembers what was asked."""

    def __init__(self) -> None:
        self.grants: list[dict[str, str]] = []
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []
        self.token_answers: deque[httpx.Response | Exception] = deque()
        self.answers: deque[httpx.Response | Exception] = deque()

    def answer(self, *answers: httpx.Response | Exception) -> None:
        self.answers.extend(answers)

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/o2/token":
            form = parse_qs(request.content.decode())
            self.grants.append({name: values[0] for name, values in form.items()})
            fresh = {"access_token": f"Atza|{len(self.grants)}", "expires_in": 3600}
            return (
                _play(self.token_answers) if self.token_answers else httpx.Response(200, json=fresh)
            )
        self.requests.append(
            httpx.Request(
                request.method, request.url, headers=dict(request.headers), content=request.content
            )
        )
        return _play(self.answers)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def tokens_sent(self) -> list[str]:
        return [request.headers["x-amz-access-token"] for request in self.requests]


def _play(script: deque[httpx.Response | Exception]) -> httpx.Response:
    answer = script.popleft()
    if isinstance(answer, Exception):
        raise answer
    return answer


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def country() -> str:
    return "US"


@pytest.fixture
def account(country: str) -> AmazonAccount:
    return AmazonAccount(
        client_id="amzn1.application-oa2-client.test",
        client_secret="secret-of-the-application",
        refresh_token="Atzr|of-the-seller",
        seller_id="A3OURSELLER",
        marketplace=MARKETPLACES[country],
        merchant_id="merchant-1",
    )


@pytest.fixture
async def connector(
    wire: Wire, clock: FixedClock, account: AmazonAccount
) -> AsyncIterator[AmazonConnector]:
    budget = LocalBudget(rate_scale=1000, sleep=wire.sleep)
    async with httpx.AsyncClient(transport=httpx.MockTransport(wire.handle)) as http:
        yield AmazonConnector(
            account,
            AmazonEndpoints.at("http://amazon.test", queue_arn="arn:aws:sqs:us-east-1:1234:offers"),
            budget,
            clock,
            http,
            sleep=wire.sleep,
            chance=lambda: 1.0,
        )


@pytest.fixture
def errors() -> Callable[..., httpx.Response]:
    def build(
        status: int, code: str, message: str = "No.", details: str = "", **headers: str
    ) -> httpx.Response:
        body = {"errors": [{"code": code, "message": message, "details": details}]}
        return httpx.Response(status, json=body, headers={"x-amzn-RequestId": "req-1", **headers})

    return build
