"""What a marketplace connector can do behind the sale: tell what was shipped, count stock, account for money.

The protocols and the values that cross them, as in `connectors.port`; `connectors.connector` has all of both.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from connectors.port import FeedReport, Task
from domain.money import Money


@dataclass(frozen=True, slots=True)
class Parcel:
    """What went to a buyer in one box."""

    reference: str
    """The merchant's number of the parcel within its order: digits only. The same again is the same parcel."""
    carrier_code: str
    """Amazon's code of the carrier; ``Other`` wants a name."""
    tracking_number: str
    shipped_at: datetime
    quantities: Mapping[str, int]
    """Units of each order item in it, by the marketplace's id of the item."""
    carrier_name: str | None = None
    shipping_method: str | None = None


@dataclass(frozen=True, slots=True)
class Shipment:
    """A parcel of an order."""

    order_number: str
    """The marketplace's."""
    parcel: Parcel


class CancelReason(StrEnum):
    """Why a merchant cancels an order, by the words of Amazon's acknowledgement feed (behaviour 17.7)."""

    NO_INVENTORY = "NoInventory"
    SHIPPING_ADDRESS_UNDELIVERABLE = "ShippingAddressUndeliverable"
    CUSTOMER_EXCHANGE = "CustomerExchange"
    BUYER_CANCELED = "BuyerCanceled"
    GENERAL_ADJUSTMENT = "GeneralAdjustment"
    CARRIER_CREDIT_DECISION = "CarrierCreditDecision"
    RISK_ASSESSMENT_INFORMATION_NOT_VALID = "RiskAssessmentInformationNotValid"
    CARRIER_COVERAGE_FAILURE = "CarrierCoverageFailure"
    CUSTOMER_RETURN = "CustomerReturn"
    MERCHANDISE_NOT_RECEIVED = "MerchandiseNotReceived"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """That a merchant took up an order under a number of its own, or cancels it."""

    order_number: str
    """The marketplace's."""
    merchant_order_number: str | None = None
    cancel_reason: CancelReason | None = None
    """None takes the order up."""
    item_ids: tuple[str, ...] = ()
    """Items that it is about; none named are all."""


class OrderFeed(StrEnum):
    """What a feed on orders tells."""

    SHIPMENTS = "POST_ORDER_FULFILLMENT_DATA"
    ACKNOWLEDGEMENTS = "POST_ORDER_ACKNOWLEDGEMENT_DATA"


@dataclass(frozen=True, slots=True)
class FulfilmentStock:
    """What the marketplace keeps of one seller SKU, in units. None is what it did not tell."""

    seller_sku: str
    asin: str | None
    fulfilment_sku: str | None
    """Amazon's own SKU of the units (FNSKU)."""
    condition: str | None
    """In the marketplace's own words, such as ``NewItem``."""
    total: int | None
    """Units in its centres and on the way to them."""
    changed_at: datetime | None
    fulfillable: int | None = None
    inbound: int | None = None
    """Announced, on the way, or being received."""
    reserved: int | None = None
    researching: int | None = None
    unfulfillable: int | None = None


class TransactionStatus(StrEnum):
    """Whether the money of a transaction is at the seller's disposal."""

    DEFERRED = "DEFERRED"
    RELEASED = "RELEASED"
    DEFERRED_RELEASED = "DEFERRED_RELEASED"
    """It was deferred and is released now."""
    UNKNOWN = "UNKNOWN"
    """The marketplace did not tell, or has a word for it that we do not know."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A part of an amount, such as the price of the goods or a fee; what is taken from the seller is negative."""

    type: str
    amount: Money | None
    """None where the marketplace's amount is not exact in its currency."""
    parts: tuple["Charge", ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionItem:
    """What a transaction says of one thing sold."""

    description: str
    seller_sku: str | None
    asin: str | None
    quantity: int | None
    total: Money | None
    charges: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """Money that moved between buyer, marketplace and seller."""

    id: str | None
    """None in old ones."""
    type: str
    """The marketplace's word, such as ``Shipment`` or ``Refund``."""
    status: TransactionStatus
    description: str
    posted_at: datetime
    total: Money | None
    """None where it is not exact in its currency."""
    marketplace_id: str | None
    """Where it happened, as far as the marketplace tells."""
    related: Mapping[str, str]
    """Numbers of what it belongs to, by the marketplace's name of their kind, such as ``ORDER_ID``."""
    items: tuple[TransactionItem, ...]
    charges: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """Some transactions; a page may be empty and not be the last."""

    transactions: tuple[Transaction, ...]
    unreadable: int = 0
    """How many came in a form we cannot read; a person should look at them."""


@dataclass(frozen=True, slots=True)
class SettlementLine:
    """One amount of a settlement."""

    transaction_type: str
    order_number: str | None
    amount_type: str
    amount_description: str
    amount: Money
    posted_at: datetime | None
    seller_sku: str | None
    quantity: int | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the marketplace paid out for a span of time, and for what."""

    id: str
    begins_at: datetime | None
    ends_at: datetime | None
    deposited_at: datetime | None
    total: Money
    lines: tuple[SettlementLine, ...]
    unreadable: tuple[int, ...] = ()
    """Numbers of lines that we cannot read."""

    @property
    def balances(self) -> bool:
        """Whether the lines add up to the total; never where one of them could not be read."""
        told = sum(line.amount.minor for line in self.lines)
        return not self.unreadable and told == self.total.minor


class Period(StrEnum):
    """How often a scheduled report is made: those of Amazon's spans that have a use here (ISO 8601)."""

    HOUR = "PT1H"
    HALF_DAY = "PT12H"
    DAY = "P1D"
    WEEK = "P7D"
    FORTNIGHT = "P14D"
    MONTH = "P1M"


@dataclass(frozen=True, slots=True)
class ReportSchedule:
    """That the marketplace makes a report by itself, again and again."""

    id: str
    report_type: str
    period: str
    """The marketplace's word, an ISO 8601 span."""
    next_at: datetime | None


class ConfirmsShipments(Protocol):
    """Tells the marketplace what was shipped, so that buyers are told and the money comes."""

    async def confirm_shipment(self, shipment: Shipment) -> None:
        """Confirm one parcel; confirming the same again changes nothing.

        Raises `Rejected` where the order has no such items, or they are all shipped.
        """


class FeedsOrders(Protocol):
    """Tells of many orders at once. A feed is asked after by `WritesInFeeds.feed`."""

    async def upload_shipments(self, shipments: Sequence[Shipment]) -> str:
        """Upload confirmations, numbered from 1; gives the document's id. Nothing happens yet."""

    async def upload_acknowledgements(self, acknowledgements: Sequence[Acknowledgement]) -> str:
        """Upload acknowledgements and cancellations likewise."""

    async def send_order_feed(self, kind: OrderFeed, document_id: str) -> str:
        """Have an uploaded document worked off; gives the feed's id. Sending twice makes two feeds."""

    async def read_order_feed_report(self, document_id: str) -> FeedReport:
        """What became of each message."""


class CountsStock(Protocol):
    """Counts the stock that the marketplace keeps for the seller."""

    def fulfilment_stock(
        self, seller_skus: Sequence[str] = (), *, changed_since: datetime | None = None
    ) -> AsyncIterator[list[FulfilmentStock]]:
        """Pages of it: of at most 50 seller SKUs, or of those that changed since a moment, or of all.

        The next page has to be asked for within half a minute, or is `Rejected`.
        """


class AccountsForMoney(Protocol):
    """Reads what money moved. What happened within two days may be missing.

    Transactions are those of the whole seller account: see `Transaction.marketplace_id`.
    """

    def transactions(
        self, posted_after: datetime, posted_before: datetime | None = None
    ) -> AsyncIterator[TransactionPage]:
        """Pages of what was posted from one moment up to another, or up to now."""

    def transactions_of_order(self, order_number: str) -> AsyncIterator[TransactionPage]:
        """Pages of what belongs to one order."""

    async def settlements_since(self, moment: datetime) -> list[Task]:
        """The settlement reports that the marketplace made since a moment of the last 90 days, newest first.

        Nobody can ask for one.
        """

    async def read_settlement(self, document_id: str) -> Settlement:
        """What a settlement report says; raises `Unreadable` where its form is another one."""


class SchedulesReports(Protocol):
    """Has reports made again and again."""

    async def schedule_report(
        self, report_type: str, period: Period, *, first_at: datetime | None = None
    ) -> str:
        """Have it made; gives the schedule's id. A type has one schedule: a new one takes the place of the old."""

    async def report_schedules(self, report_types: Sequence[str]) -> list[ReportSchedule]:
        """The schedules of at most ten types."""

    async def report_schedule(self, schedule_id: str) -> ReportSchedule:
        """One schedule; raises `Missing` where there is none."""

    async def cancel_report_schedule(self, schedule_id: str) -> None:
        """End one."""


class BackOffice(
    ConfirmsShipments, FeedsOrders, CountsStock, AccountsForMoney, SchedulesReports, Protocol
):
    """All of it."""
