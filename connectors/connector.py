"""All that a store needs of its marketplace."""

from typing import Protocol

from connectors.back_office import BackOffice
from connectors.port import (
    ChecksConnection,
    ReadsCatalog,
    ReadsListings,
    ReadsOffers,
    ReadsOrders,
    ReceivesEvents,
    ReportsListings,
    WritesInFeeds,
    WritesListings,
)
from connectors.pricing import Pricing
from connectors.product_listing import ProductListing


class Connector(
    ChecksConnection,
    ReadsCatalog,
    ReadsListings,
    ReportsListings,
    WritesListings,
    WritesInFeeds,
    ReadsOffers,
    ReceivesEvents,
    ReadsOrders,
    ProductListing,
    Pricing,
    BackOffice,
    Protocol,
):
    """Everything, before the sale and behind it."""

    async def close(self) -> None:
        """Let go of connections."""
