"""Rate limits: Amazon's published default plans, and the token buckets that keep them."""

from collections.abc import Callable
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
    "getItemOffers": Plan(0.5, 1),
    "getItemOffersBatch": Plan(0.1, 1),
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

LISTINGS_FEEDS = "createFeed JSON_LISTINGS_FEED"
"""The bucket of its own that createFeed has for listings: five feeds in five minutes. The header does not tell it."""
_APART = {LISTINGS_FEEDS: Plan(5 / 300, 5)}


@dataclass(slots=True)
class Buckets:
    """One bucket for each application, seller and operation, refilled in real time."""

    monotonic: Callable[[], float]
    scale: float = 1.0
    """How many times faster than the plan a bucket refills."""
    _levels: dict[tuple[str, str | None, str], tuple[float, float]] = field(default_factory=dict)

    def take(self, client_id: str, seller_id: str | None, operation: str) -> bool:
        """Whether one more request may pass now."""
        plan = _APART.get(operation) or PLANS[operation]
        key, now = (client_id, seller_id, operation), self.monotonic()
        level, since = self._levels.get(key, (float(plan.burst), now))
        level = min(float(plan.burst), level + (now - since) * plan.rate * self.scale)
        passes = level >= 1
        self._levels[key] = (level - 1 if passes else level, now)
        return passes

    def announced(self, operation: str) -> str:
        """The refill rate as the response header tells it."""
        return str(round(float(PLANS[operation].rate * self.scale), 4))
