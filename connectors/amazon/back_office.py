"""The part of the connector behind the sale: everything that `connectors.back_office` asks."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from connectors.amazon import (
    fulfilment_stock,
    order_feeds,
    report_schedules,
    settlements,
    shipping,
    transactions,
)
from connectors.amazon.transport import Transport
from connectors.back_office import (
    Acknowledgement,
    FulfilmentStock,
    OrderFeed,
    Period,
    ReportSchedule,
    Settlement,
    Shipment,
    TransactionPage,
)
from connectors.port import FeedReport, Task
from domain.clock import Clock


class AmazonBackOffice:
    """Ships, counts and accounts for one seller account in one marketplace."""

    _transport: Transport
    _clock: Clock

    async def confirm_shipment(self, shipment: Shipment) -> None:
        """Confirm one parcel."""
        await shipping.confirm(self._transport, shipment)

    async def upload_shipments(self, shipments: Sequence[Shipment]) -> str:
        """Upload confirmations, numbered from 1; gives the document's id."""
        return await order_feeds.upload_shipments(self._transport, shipments)

    async def upload_acknowledgements(self, acknowledgements: Sequence[Acknowledgement]) -> str:
        """Upload acknowledgements and cancellations likewise."""
        return await order_feeds.upload_acknowledgements(self._transport, acknowledgements)

    async def send_order_feed(self, kind: OrderFeed, document_id: str) -> str:
        """Have an uploaded document worked off; gives the feed's id."""
        return await order_feeds.send(self._transport, kind, document_id)

    async def read_order_feed_report(self, document_id: str) -> FeedReport:
        """What became of each message."""
        return await order_feeds.read(self._transport, document_id)

    def fulfilment_stock(
        self, seller_skus: Sequence[str] = (), *, changed_since: datetime | None = None
    ) -> AsyncIterator[list[FulfilmentStock]]:
        """Pages of the stock that Amazon keeps."""
        return fulfilment_stock.read(self._transport, seller_skus, changed_since)

    def transactions(
        self, posted_after: datetime, posted_before: datetime | None = None
    ) -> AsyncIterator[TransactionPage]:
        """Pages of what was posted in a span of time."""
        return transactions.posted(self._transport, posted_after, posted_before, self._clock.now())

    def transactions_of_order(self, order_number: str) -> AsyncIterator[TransactionPage]:
        """Pages of what belongs to one order."""
        return transactions.of_order(self._transport, order_number)

    async def settlements_since(self, moment: datetime) -> list[Task]:
        """The settlement reports that were made since a moment, newest first."""
        return await settlements.made_since(self._transport, moment)

    async def read_settlement(self, document_id: str) -> Settlement:
        """What a settlement report says."""
        return await settlements.read(self._transport, document_id)

    async def schedule_report(
        self, report_type: str, period: Period, *, first_at: datetime | None = None
    ) -> str:
        """Have a report made again and again; gives the schedule's id."""
        return await report_schedules.create(self._transport, report_type, period, first_at)

    async def report_schedules(self, report_types: Sequence[str]) -> list[ReportSchedule]:
        """The schedules of at most ten types."""
        return await report_schedules.of_types(self._transport, report_types)

    async def report_schedule(self, schedule_id: str) -> ReportSchedule:
        """One schedule."""
        return await report_schedules.one(self._transport, schedule_id)

    async def cancel_report_schedule(self, schedule_id: str) -> None:
        """End one."""
        await report_schedules.cancel(self._transport, schedule_id)
