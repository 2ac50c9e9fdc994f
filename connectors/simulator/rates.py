"""Rate limits: Amazon's published default plans, and the token buckets that keep them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Plan:
    """Requests a second on average, and how many may come at once."""

    rate: float
    burst: int


PLANS: dict[str, Plan] = {
    "getMarketplaceParticipations": Plan(0.016, 15),
    "searchCatalogItems": Plan(2, 2),
    "getCatalogItem": Plan(2, 2),
    "getListingsItem": Plan(5, 10),
    "putListingsItem": Plan(5, 10),
    "patchListingsItem": Plan(5, 5),
    "deleteListingsItem": Plan(5, 5),
    "searchListingsItems": Plan(5, 5),
    "getListingsRestrictions": Plan(5, 10),
    "searchDefinitionsProductTypes": Plan(5, 10),
    "getDefinitionsProductType": Plan(5, 10),
    "getMyFeesEstimateForSKU": Plan(1, 2),
    "getMyFeesEstimateForASIN": Plan(1, 2),
    "getMyFeesEstimates": Plan(0.5, 1),
    "getPricing": Plan(0.5, 1),
    "getCompetitivePricing": Plan(0.5, 1),
    "getItemOffers": Plan(0.5, 1),
    "getListingOffers": Plan(1, 2),
    "getItemOffersBatch": Plan(0.1, 1),
    "getListingOffersBatch": Plan(0.5, 1),
    "getCompetitiveSummary": Plan(0.033, 1),
    "getFeaturedOfferExpectedPriceBatch": Plan(0.033, 1),
    "createDestination": Plan(1, 5),
    "getDestinations": Plan(1, 5),
    "getDestination": Plan(1, 5),
    "deleteDestination": Plan(1, 5),
    "createSubscription": Plan(1, 5),
    "getSubscription": Plan(1, 5),
    "getSubscriptions": Plan(1, 5),
    "getSubscriptionById": Plan(1, 5),
    "deleteSubscriptionById": Plan(1, 5),
    "createRestrictedDataToken": Plan(1, 10),
    "createReport": Plan(0.0167, 15),
    "getReport": Plan(2, 15),
    "getReports": Plan(0.0222, 10),
    "createReportSchedule": Plan(0.0222, 10),
    "getReportSchedules": Plan(0.0222, 10),
    "getReportSchedule": Plan(0.0222, 10),
    "cancelReportSchedule": Plan(0.0222, 10),
    "getReportDocument": Plan(0.0167, 15),
    "cancelReport": Plan(0.0222, 10),
    "createFeedDocument": Plan(0.5, 15),
    "createFeed": Plan(0.0083, 15),
    "getFeed": Plan(2, 15),
    "getFeeds": Plan(0.0222, 10),
    "getFeedDocument": Plan(0.0222, 10),
    "cancelFeed": Plan(2, 15),
    "searchOrders": Plan(0.0056, 20),
    "getOrder": Plan(0.5, 30),
    "confirmShipment": Plan(2, 10),
    "getInventorySummaries": Plan(2, 2),
    "listTransactions": Plan(0.5, 10),
}

_QUOTA = "You exceeded your quota for the requested resource."
_TOO_OFTEN = "The frequency of requests was greater than what is allowed for "
_OF_APPLICATIONS = {
    "putListingsItem": Plan(100, 100),
    "patchListingsItem": Plan(500, 500),
    "deleteListingsItem": Plan(100, 100),
    "getListingsItem": Plan(100, 100),
    "searchCatalogItems": Plan(500, 500),
    "getCatalogItem": Plan(250, 250),
}
"""What an application may ask for all of its sellers together; no header tells it."""
_RELATIONSHIPS = (b'"child_parent_sku_relationship"', b'"package_contains_sku"')
_PRODUCT_DATA = tuple(
    f'"{name}"'.encode()
    for name in "item_name brand bullet_point product_description main_product_image_locator".split()
)
_OF_RELATIONSHIPS = {"patchListingsItem": Plan(5, 5), "putListingsItem": Plan(25, 25)}


@dataclass(frozen=True, slots=True)
class Limit:
    """One of the limits that a request comes under."""

    name: str
    plan: Plan
    is_of_application: bool = False
    refusal: str = _QUOTA


def _limits_beside(operation: str, query: str, body: bytes) -> Iterator[Limit]:
    """The limits that the documentation tells beside the plan of the operation itself."""
    plan = _OF_APPLICATIONS.get(operation)
    is_write = operation in _OF_RELATIONSHIPS
    if plan is not None:
        refusal = f"{_TOO_OFTEN}the application." if is_write else _QUOTA
        yield Limit(f"application {operation}", plan, is_of_application=True, refusal=refusal)
    if not is_write:
        return
    if "mode=VALIDATION_PREVIEW" in query:
        yield Limit("previews", Plan(1, 1))
        yield Limit("application previews", Plan(20, 20), is_of_application=True)
    written = body.replace(b"/attributes/", b'"')
    if any(name in written for name in _RELATIONSHIPS):
        yield Limit(
            f"relationships {operation}",
            _OF_RELATIONSHIPS[operation],
            is_of_application=True,
            refusal=f"{_TOO_OFTEN}relationships.",
        )
    elif operation == "patchListingsItem" and any(name in written for name in _PRODUCT_DATA):
        yield Limit(
            "product data",
            Plan(100, 100),
            is_of_application=True,
            refusal=f"{_TOO_OFTEN}product data.",
        )


@dataclass(slots=True)
class Buckets:
    """One bucket for each application, seller and operation, and those of applications; refilled in real time."""

    monotonic: Callable[[], float]
    scale: float = 1.0
    """How many times faster than the plan a bucket refills."""
    plans: dict[str, Plan] = field(default_factory=dict)
    """Plans of operations that are other than the published ones, as Amazon gives them to busy sellers."""
    _levels: dict[tuple[str, str | None, str], tuple[float, float]] = field(default_factory=dict)

    def refusal(
        self, client_id: str, seller_id: str | None, operation: str, query: str, body: bytes
    ) -> str | None:
        """Take a token of each limit that a request comes under; where one has none, nothing is taken, and why."""
        limits = [self._own_limit(operation, body), *_limits_beside(operation, query, body)]
        now = self.monotonic()
        levels = {}
        for limit in limits:
            key = (client_id, None if limit.is_of_application else seller_id, limit.name)
            full = float(limit.plan.burst)
            level, since = self._levels.get(key, (full, now))
            level = min(full, level + (now - since) * limit.plan.rate * self.scale)
            if level < 1:
                return limit.refusal
            levels[key] = (level - 1, now)
        self._levels.update(levels)
        return None

    def announced(self, operation: str) -> str:
        """The refill rate as the response header tells it."""
        return str(round(float(self._plan(operation).rate * self.scale), 4))

    def _own_limit(self, operation: str, body: bytes) -> Limit:
        """That of the operation. Feeds of listings have one of their own, of which the header does not tell."""
        if operation == "createFeed" and b"JSON_LISTINGS_FEED" in body:
            return Limit("createFeed JSON_LISTINGS_FEED", Plan(5 / 300, 5))
        return Limit(operation, self._plan(operation))

    def _plan(self, operation: str) -> Plan:
        return self.plans.get(operation) or PLANS[operation]
