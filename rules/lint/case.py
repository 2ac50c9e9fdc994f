"""A listing at one moment, with all that a decision on it depends on."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from domain.listing import Listing
from domain.offer import OfferSnapshot
from domain.product import Product
from domain.ruleset import RulesetKind
from domain.store import Store
from rules.facts import Facts, facts_of


@dataclass(frozen=True, slots=True)
class Case:
    """A listing to try rules on, real or constructed."""

    store: Store
    product: Product
    listing: Listing
    offers: OfferSnapshot | None
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        """The store's time zone."""
        return ZoneInfo(self.store.settings.time_zone)

    def facts(self, kind: RulesetKind) -> Facts:
        """What rules of a kind see of it."""
        if kind is RulesetKind.LISTING:
            return facts_of(self.product, self.store)
        return facts_of(self.product, self.store, self.listing, self.offers)

    def at(self, local: datetime | None) -> "Case":
        """The same at another moment of the store's own time; offers were seen a moment ago then too."""
        if local is None:
            return self
        now = local.replace(tzinfo=self.zone).astimezone(UTC)
        offers = self.offers and replace(self.offers, observed_at=now, seen_at={})
        return replace(self, offers=offers, now=now)
