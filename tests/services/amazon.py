"""A simulated Amazon on a real socket, in a thread of its own, with its time in a test's hand."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from connectors.simulator.app import create_app
from connectors.simulator.settings import SimulatorSettings
from domain.ids import new_id

RATE_SCALE = 100_000
SELLER_ID = "A3OURSELLER"
CLIENT_SECRET = "secret-of-the-application"
REFRESH_TOKEN = "Atzr|of-the-seller"
OTHER_SELLER_ID = "A3SECONDSELLER"
_SELLERS = [
    {
        "sellerId": seller_id,
        "name": name,
        "clientId": "client",
        "clientSecret": CLIENT_SECRET,
        "refreshToken": token,
    }
    for seller_id, name, token in (
        (SELLER_ID, "Our shop", REFRESH_TOKEN),
        (OTHER_SELLER_ID, "Our other shop", f"{REFRESH_TOKEN}2"),
    )
]


def asin_of(number: int) -> str:
    return f"B{number:09}"


def ean_of(number: int) -> str:
    return f"29{number:011}"


def an_item(number: int, **changes: Any) -> dict[str, Any]:
    """An item of Amazon's catalogue."""
    return {
        "asin": asin_of(number),
        "title": f"Mug {number}",
        "productType": "DRINKING_CUP",
        "identifiers": {"EAN": [ean_of(number)]},
        "referencePrice": "20.00",
        **changes,
    }


def on_amazon(seller_sku: str, number: int = 1, price: str = "18.00") -> dict[str, Any]:
    """A listing that stands on Amazon before anything of ours begins."""
    return {
        "sellerId": SELLER_ID,
        "sellerSku": seller_sku,
        "asin": asin_of(number),
        "price": price,
        "quantity": 5,
    }


@dataclass(frozen=True)
class Amazon:
    """The controls of a running simulator."""

    url: str
    clock_file: Path
    http: httpx.Client

    def begin(
        self,
        items: Sequence[dict[str, Any]],
        *,
        listed: Sequence[dict[str, Any]] = (),
        orders_per_tick: float = 0,
        **changes: Any,
    ) -> None:
        """A new world, at its start and without trouble."""
        self.trouble()
        scenario = {
            "scenarioId": new_id(),
            "seed": 7,
            "start": "2026-01-05T08:00:00Z",
            "sellers": _SELLERS,
            "items": list(items),
            "thirdPartyListings": list(listed),
            "market": {"changeShare": 0.3, "ordersPerTick": orders_per_tick},
            **changes,
        }
        self._post("scenario", scenario)

    def advance(self, minutes: int, *, frozen: bool = True) -> None:
        """Let time pass; frozen means that rivals and buyers rest."""
        self._post("advance", {"minutes": minutes, "marketFrozen": frozen})

    def trouble(self, operation: str = "*", kind: str = "500", times: int = 0) -> None:
        """Have the next calls of an operation go wrong."""
        self.trouble_all([{"operation": operation, "kind": kind, "next": times}])

    def trouble_all(self, faults: Sequence[dict[str, Any]]) -> None:
        """Have calls go wrong by these rules, until something else is asked for."""
        self._post("faults", {"faults": list(faults)})

    def forbid(self, *operations: str) -> None:
        """Have Amazon deny these operations, as where the application lacks their role."""
        self.trouble_all(
            [{"operation": each, "kind": "403", "probability": 1} for each in operations]
        )

    def revoke(self, seller_id: str) -> None:
        """Have a seller take back what it allowed."""
        self._post("revoke", {"sellerId": seller_id})

    def sqs(self, action: str, **arguments: Any) -> None:
        """Do something to the queues, as their owner."""
        headers = {"x-amz-target": f"AmazonSQS.{action}"}
        self.http.post("/sqs", json=arguments, headers=headers).raise_for_status()

    def journal(self, seller_sku: str | None = None) -> list[dict[str, Any]]:
        """What was written to listings, in order."""
        query = {"sellerSku": seller_sku} if seller_sku else {}
        answer = self.http.get("/control/journal", params=query)
        entries: list[dict[str, Any]] = answer.raise_for_status().json()["entries"]
        return entries

    def written(self, seller_sku: str) -> list[tuple[str | None, int | None]]:
        """Pairs of price and quantity that were written for a SKU, in order."""
        return [(entry["price"], entry["quantity"]) for entry in self.journal(seller_sku)]

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get("/control/status").raise_for_status().json()
        return found

    def calls(self, operation: str) -> int:
        """How often an operation was asked for and answered."""
        answered: int = self.status()["requests"].get(operation, {}).get("200", 0)
        return answered

    def _post(self, path: str, body: dict[str, Any]) -> None:
        answer = self.http.post(f"/control/{path}", json=body)
        assert answer.status_code == 200, answer.text


@contextmanager
def running(
    folder: Path,
    *,
    rate_scale: float = RATE_SCALE,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[Amazon]:
    clock_file = folder / "clock"
    settings = SimulatorSettings(clock_file=clock_file, rate_scale=rate_scale)
    app = create_app(settings, monotonic=monotonic)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        with httpx.Client(base_url=url, timeout=60) as http:
            yield Amazon(url, clock_file, http)
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
