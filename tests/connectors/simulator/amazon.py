"""A seller's view of the simulator in process, and the hand on its clock."""

import gzip
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx
from starlette.applications import Starlette

SELLER = "A3OURSELLER"
OTHER_SELLER = "A3ANOTHER"
MARKETPLACE = "ATVPDKIKX0DER"
NOTIFICATIONS = "sellingpartnerapi::notifications"


def asin(number: int) -> str:
    """The ASIN of the n-th item of the test scenario."""
    return f"B{number:09d}"


def scenario(items: int = 30, *, seed: int = 7, **changes: Any) -> dict[str, Any]:
    """A small world: numbered items of two brands at prices from 20 USD on."""
    return {
        "scenarioId": f"test-{seed}-{items}",
        "seed": seed,
        "start": "2026-05-04T08:00:00Z",
        "marketplaceId": MARKETPLACE,
        "currency": "USD",
        "sellers": [
            {
                "sellerId": SELLER,
                "name": "Our shop",
                "clientId": "client",
                "clientSecret": "secret",
                "refreshToken": "Atzr|ours",
            },
            {
                "sellerId": OTHER_SELLER,
                "name": "Another",
                "clientId": "client",
                "clientSecret": "secret",
                "refreshToken": "Atzr|theirs",
            },
        ],
        "items": [
            {
                "asin": asin(number),
                "title": f"Hiking mug {number}-XS, blue",
                "brand": ("Acme", "Brook")[number % 2],
                "productType": "DRINKING_CUP",
                "identifiers": {"EAN": [f"{4006381000000 + number}"]},
                "referencePrice": f"{20 + number}.00",
            }
            for number in range(items)
        ],
        "thirdPartyListings": [],
        "market": {"changeShare": 0.1, "ordersPerTick": 3.0},
        **changes,
    }


def price_attribute(price: object, currency: str = "USD") -> dict[str, Any]:
    """A purchasable_offer with one price for everybody."""
    return {
        "marketplace_id": MARKETPLACE,
        "currency": currency,
        "audience": "ALL",
        "our_price": [{"schedule": [{"value_with_tax": price}]}],
    }


def stock_attribute(quantity: object) -> dict[str, Any]:
    """A fulfillment_availability of the merchant's own stock."""
    return {
        "marketplace_id": MARKETPLACE,
        "fulfillment_channel_code": "DEFAULT",
        "quantity": quantity,
    }


def offer_attributes(item: str, price: object, quantity: object = 10) -> dict[str, Any]:
    """Everything that a new offer needs."""
    return {
        "merchant_suggested_asin": [{"value": item, "marketplace_id": MARKETPLACE}],
        "condition_type": [{"value": "new_new", "marketplace_id": MARKETPLACE}],
        "purchasable_offer": [price_attribute(price)],
        "fulfillment_availability": [stock_attribute(quantity)],
    }


FEEDS, REPORTS = "/feeds/2021-06-30", "/reports/2021-06-30"


class Amazon:
    """Signs in as a seller and calls the operations."""

    def __init__(self, app: Starlette, seller: str = SELLER) -> None:
        self.app = app
        self.seller = seller
        self.token = ""
        self.grantless_token = ""
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://amazon.test"
        )

    async def sign_in(self) -> None:
        """Get a seller's token and a grantless one."""
        refresh = "Atzr|ours" if self.seller == SELLER else "Atzr|theirs"
        self.token = await self._grant(grant_type="refresh_token", refresh_token=refresh)
        self.grantless_token = await self._grant(
            grant_type="client_credentials", scope=NOTIFICATIONS
        )

    async def call(
        self, method: str, path: str, body: object = None, **query: str
    ) -> httpx.Response:
        """One SP-API request on the seller's behalf."""
        return await self._send(self.token, method, path, body, query)

    async def grantless(
        self, method: str, path: str, body: object = None, **query: str
    ) -> httpx.Response:
        """One SP-API request of the application's own."""
        return await self._send(self.grantless_token, method, path, body, query)

    async def _send(
        self, token: str, method: str, path: str, body: object, query: dict[str, str]
    ) -> httpx.Response:
        return await self.http.request(
            method,
            path,
            params=query,
            content=None if body is None else json.dumps(body, default=_decimal),
            headers={"x-amz-access-token": token, "content-type": "application/json"},
        )

    async def put(self, sku: str, attributes: object, **query: str) -> httpx.Response:
        """putListingsItem of an offer."""
        body = {
            "productType": "DRINKING_CUP",
            "requirements": "LISTING_OFFER_ONLY",
            "attributes": attributes,
        }
        return await self._listing("PUT", sku, body, **query)

    async def patch(self, sku: str, *patches: dict[str, Any], **query: str) -> httpx.Response:
        """patchListingsItem."""
        body = {"productType": "DRINKING_CUP", "patches": list(patches)}
        return await self._listing("PATCH", sku, body, **query)

    async def reprice(self, sku: str, price: object) -> httpx.Response:
        """Merge a new price."""
        return await self.patch(sku, merge("purchasable_offer", price_attribute(price)))

    async def delete(self, sku: str) -> httpx.Response:
        """deleteListingsItem."""
        return await self._listing("DELETE", sku)

    async def get(self, sku: str) -> httpx.Response:
        """getListingsItem with everything that is simulated."""
        included = "summaries,attributes,issues,offers,fulfillmentAvailability,productTypes"
        return await self._listing("GET", sku, includedData=included)

    async def search(self, **query: str) -> httpx.Response:
        """searchListingsItems."""
        path = f"/listings/2021-08-01/items/{self.seller}"
        return await self.call("GET", path, **{"marketplaceIds": MARKETPLACE, **query})

    async def offers(self, asins: Iterable[str], condition: str = "New") -> httpx.Response:
        """getItemOffersBatch."""
        requests = [
            {
                "uri": f"/products/pricing/v0/items/{one}/offers",
                "method": "GET",
                "MarketplaceId": MARKETPLACE,
                "ItemCondition": condition,
            }
            for one in asins
        ]
        return await self.call(
            "POST", "/batches/products/pricing/v0/itemOffers", {"requests": requests}
        )

    async def upload(
        self, content: bytes, content_type: str = "application/json; charset=UTF-8"
    ) -> str:
        """Announce a feed's document and upload it; gives its id."""
        answer = await self.call("POST", f"{FEEDS}/documents", {"contentType": content_type})
        assert answer.status_code == 201, answer.text
        document = answer.json()
        put = await self.http.put(
            document["url"], content=content, headers={"content-type": content_type}
        )
        assert put.status_code == 200, put.text
        return str(document["feedDocumentId"])

    async def feed(self, document_id: str, feed_type: str = "JSON_LISTINGS_FEED") -> httpx.Response:
        """createFeed."""
        body = {
            "feedType": feed_type,
            "inputFeedDocumentId": document_id,
            "marketplaceIds": [MARKETPLACE],
        }
        return await self.call("POST", f"{FEEDS}/feeds", body)

    async def listings_feed(self, *messages: dict[str, Any], **header: Any) -> str:
        """A feed of messages, which get their ids here; gives its id."""
        numbered = [{"messageId": n, **message} for n, message in enumerate(messages, 1)]
        told = {"sellerId": self.seller, "version": "2.0", **header}
        content = json.dumps({"header": told, "messages": numbered}, default=_decimal).encode()
        answer = await self.feed(await self.upload(content))
        assert answer.status_code == 202, answer.text
        return str(answer.json()["feedId"])

    async def state_of_feed(self, feed_id: str) -> dict[str, Any]:
        """getFeed."""
        return dict((await self.call("GET", f"{FEEDS}/feeds/{feed_id}")).json())

    async def result_of_feed(self, feed_id: str) -> bytes:
        """What a feed came to, unpacked."""
        document_id = (await self.state_of_feed(feed_id))["resultFeedDocumentId"]
        return await self.download(f"{FEEDS}/documents/{document_id}")

    async def report(self, report_type: str = "GET_MERCHANT_LISTINGS_ALL_DATA") -> str:
        """createReport; gives its id."""
        body = {"reportType": report_type, "marketplaceIds": [MARKETPLACE]}
        answer = await self.call("POST", f"{REPORTS}/reports", body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["reportId"])

    async def state_of_report(self, report_id: str) -> dict[str, Any]:
        """getReport."""
        return dict((await self.call("GET", f"{REPORTS}/reports/{report_id}")).json())

    async def download(self, path: str) -> bytes:
        """A document, unpacked."""
        document = (await self.call("GET", path)).json()
        answer = await self.http.get(document["url"])
        assert answer.status_code == 200, answer.text
        is_packed = document.get("compressionAlgorithm") == "GZIP"
        return gzip.decompress(answer.content) if is_packed else answer.content

    async def advance(self, minutes: int = 15, *, frozen: bool = False) -> dict[str, Any]:
        """Let time pass; a token that would run out is replaced."""
        answer = await self.control("advance", {"minutes": minutes, "marketFrozen": frozen})
        await self.sign_in()
        return answer

    async def control(self, name: str, body: object) -> dict[str, Any]:
        """POST to the control API, which must agree."""
        response = await self.http.post(f"/control/{name}", json=body)
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def status(self) -> dict[str, Any]:
        """GET /control/status."""
        return dict((await self.http.get("/control/status")).json())

    async def journal(self, **query: str) -> list[dict[str, Any]]:
        """GET /control/journal."""
        return list((await self.http.get("/control/journal", params=query)).json()["entries"])

    async def _listing(
        self, method: str, sku: str, body: object = None, **query: str
    ) -> httpx.Response:
        path = f"/listings/2021-08-01/items/{self.seller}/{quote(sku, safe='')}"
        return await self.call(method, path, body, **{"marketplaceIds": MARKETPLACE, **query})

    async def _grant(self, **form: str) -> str:
        response = await self.http.post(
            "/auth/o2/token", data={"client_id": "client", "client_secret": "secret", **form}
        )
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])


def merge(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """A patch that merges one value."""
    return {"op": "merge", "path": f"/attributes/{name}", "value": [value]}


def _decimal(value: object) -> float:
    assert isinstance(value, Decimal)
    return float(value)
