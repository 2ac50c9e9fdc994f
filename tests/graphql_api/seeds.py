"""A small shop in the database: what the API has to show."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain.access import Role
from domain.api_key import ApiKey
from domain.change import Change, ChangeKind
from domain.communication_error import (
    CommunicationError,
    ErrorClass,
    RetryVerdict,
    error_id,
)
from domain.decision import (
    BusinessPrice,
    Decision,
    DecisionOutcome,
    DecisionReason,
    FactValue,
    RuleOutcome,
    TraceStep,
)
from domain.listing import (
    Due,
    Fulfilment,
    HeldPrice,
    Issue,
    Listing,
    OfferTerms,
    PriceOverride,
    listing_id,
)
from domain.money import Money
from domain.offer import OfferSnapshot, snapshot_id
from domain.operation import Operation, OperationKind, OperationStatus
from domain.order import Order, OrderLine, OrderStatus, order_id
from domain.plan import Plan
from domain.ruleset import Ruleset, RulesetKind, RulesetStatus
from domain.run import Run, RunStatus
from domain.submission import Submission, SubmissionKind, SubmissionState
from domain.upload import Upload
from storage import offers
from storage.api_keys import API_KEYS
from storage.changes import CHANGES
from storage.communication_errors import ERRORS
from storage.decisions import DECISIONS
from storage.listings import LISTINGS
from storage.mongo import Scope, to_field
from storage.operations import OPERATIONS
from storage.orders import ORDERS
from storage.plans import PLANS
from storage.products import PRODUCTS
from storage.rulesets import RULESETS
from storage.runs import RUNS
from storage.stores import STORES
from storage.submissions import SUBMISSIONS
from storage.uploads import UPLOADS
from storage.webhook_deliveries import DELIVERIES
from storage.webhooks import WEBHOOKS
from tests.factories import (
    MERCHANT,
    NOW,
    a_delivery,
    a_listing,
    a_product,
    a_store,
    a_webhook,
    an_offer,
    usd,
)

PRICING = """
kind: pricing
name: Win the Buy Box, never below cost
rules:
  - key: pens-only
    type: standard
    priority: 10
    when:
      all:
        - {fact: stock, gte: 1}
        - {fact: sku, contains: PEN}
    adjust: {decrease: 5%}
  - key: buy-box-above-cost
    type: intelligent
    priority: 20
    when:
      all:
        - {fact: price.cost, exists: true}
    competitor: {source: buyBox}
    adjust: {decrease: "0.01"}
    floor: {source: cost, increase: 10%}
    ceiling: {source: price, increase: 15%}
"""


def a_decision(number: int, sku: str = "MUG-1", **changes: Any) -> Decision:
    decision = Decision(
        id=f"decision{number:04}",
        merchant_id=MERCHANT,
        store_id="store1",
        listing_id=listing_id("store1", sku),
        ruleset_id=None,
        trigger="OFFERS_CHANGED",
        outcome=DecisionOutcome.CHANGE,
        reason=DecisionReason.RULES,
        price_before=usd("20.00"),
        price_after=usd("18.99"),
        quantity_after=10,
        floor=usd("8.80"),
        ceiling=None,
        trace=(TraceStep("SOURCE", "price of the product", None, usd("20.00")),),
        rules=(RuleOutcome("buy-box-above-cost", 20, applied=True, note="It applied"),),
        facts=(
            FactValue("sku", sku),
            FactValue("stock", "10"),
            FactValue("price.cost", "8.00"),
        ),
        inputs_hash="0" * 64,
        decided_at=NOW + timedelta(minutes=number),
    )
    return replace(decision, **changes)


def a_ruleset() -> Ruleset:
    """A draft of `PRICING`."""
    kind, source = RulesetKind.PRICING, PRICING
    return Ruleset(
        *("ruleset1", MERCHANT, "store1", kind, 1, "Rules", RulesetStatus.DRAFT, source),
        content_hash=hashlib.sha256(source.encode()).hexdigest(),
        author="me",
        created_at=NOW,
        published_at=None,
    )


def a_submission(decision: Decision, **changes: Any) -> Submission:
    submission = Submission(
        id=f"submission-{decision.id}",
        merchant_id=decision.merchant_id,
        store_id=decision.store_id,
        listing_id=decision.listing_id,
        seller_sku=decision.listing_id.partition("/")[2],
        kind=SubmissionKind.CHANGE,
        decision_id=decision.id,
        price=decision.price_after,
        quantity=decision.quantity_after,
        state=SubmissionState.PENDING,
        attempts=0,
        amazon_submission_id=None,
        issues=(),
        created_at=decision.decided_at,
        accepted_at=None,
        settled_at=None,
    )
    return replace(submission, **changes)


def an_order(number: int, sku: str = "MUG-1", **changes: Any) -> Order:
    marketplace_id = f"111-{number:07}"
    order = Order(
        id=order_id("store1", marketplace_id),
        merchant_id=MERCHANT,
        store_id="store1",
        marketplace_order_id=marketplace_id,
        status=OrderStatus.UNSHIPPED,
        marketplace_status="UNSHIPPED",
        fulfilment=Fulfilment.MERCHANT,
        purchased_at=NOW + timedelta(minutes=number),
        marketplace_updated_at=NOW + timedelta(minutes=number),
        ship_by=None,
        total=usd("20.00"),
        lines=(OrderLine("1", sku, "B000000001", "A mug", 1, 0, usd("20.00")),),
        imported_at=NOW,
        version=1,
    )
    return replace(order, **changes)


def a_change(number: int, sku: str = "MUG-1", **changes: Any) -> Change:
    change = Change(
        id=f"change{number:04}",
        merchant_id=MERCHANT,
        store_id="store1",
        listing_id=listing_id("store1", sku),
        order_id=None,
        kind=ChangeKind.PRICE,
        before="20.00 USD",
        after="18.99 USD",
        actor="Amazon",
        decision_id=None,
        at=NOW,
    )
    return replace(change, **changes)


def a_communication_error(
    operation: str = "patchListingsItem",
    kind: ErrorClass = ErrorClass.THROTTLED,
    code: str | None = "QuotaExceeded",
    **changes: Any,
) -> CommunicationError:
    error = CommunicationError(
        *(error_id("store1", operation, kind, code), MERCHANT, "store1", operation, kind, code),
        message="You exceeded your quota",
        verdict=RetryVerdict.RETRIED,
        status=429,
        request_ids=("req-1", "req-2"),
        count=2,
        first_seen_at=NOW,
        last_seen_at=NOW + timedelta(minutes=1),
        expires_at=NOW.replace(year=2100),
    )
    return replace(error, **changes)


def a_snapshot(asin: str = "B000000001", **changes: Any) -> OfferSnapshot:
    snapshot = OfferSnapshot(
        id=snapshot_id("store1", asin),
        merchant_id=MERCHANT,
        store_id="store1",
        asin=asin,
        offers=(
            an_offer("RIVAL-B", "19.00", is_buy_box_winner=True),
            an_offer("RIVAL-C", "21.50"),
            an_offer("RIVAL-A", "19.00"),
        ),
        observed_at=NOW,
    )
    return replace(snapshot, **changes)


def asin_of(number: int) -> str:
    return f"B{number:09}"


async def stock_shop(scope: Scope, skus: Sequence[str] = ("MUG-1",)) -> None:
    """A store with listings, each with its product, offers, a decision on its way to Amazon, and a change."""
    await STORES.insert(scope, [a_store()])
    await PRODUCTS.insert(scope, [a_product(sku) for sku in skus])
    decisions = [a_decision(number, sku) for number, sku in enumerate(skus)]
    await DECISIONS.insert(scope, decisions)
    await SUBMISSIONS.insert(scope, [a_submission(decision) for decision in decisions])
    await CHANGES.insert(
        scope,
        [a_change(n, sku, decision_id=f"decision{n:04}") for n, sku in enumerate(skus)],
    )
    await LISTINGS.insert(
        scope,
        [
            a_listing(
                sku,
                asin=asin_of(number),
                last_decision_id=f"decision{number:04}",
                updated_at=NOW + timedelta(minutes=number),
            )
            for number, sku in enumerate(skus)
        ],
    )
    await offers.write(scope, [a_snapshot(asin_of(number)) for number in range(len(skus))])


async def stock_everything(scope: Scope) -> None:
    """The shop with one thing of each noun, and every reference between them set."""
    await stock_shop(scope)
    await ORDERS.insert(scope, [an_order(1)])
    await CHANGES.insert(scope, [a_change(1, order_id=order_id("store1", "111-0000001"))])
    await RULESETS.insert(scope, [a_ruleset()])
    await PLANS.insert(
        scope, [Plan("plan1", MERCHANT, "store1", (), "hash", author="me", created_at=NOW)]
    )
    operation = Operation(
        *("plan1", MERCHANT, "store1", OperationKind.SIMULATE, OperationStatus.QUEUED, None, 0),
        *(None, {}, ()),
        cancel_requested=False,
        actor="me",
        created_at=NOW,
        updated_at=NOW,
    )
    await OPERATIONS.insert(scope, [operation])
    run = Run(
        *("run1", MERCHANT, "store1", RunStatus.HELD, (), {}, 0, 1, 0),
        started_at=NOW,
        marked_until=NOW,
        ended_at=NOW,
    )
    await RUNS.insert(scope, [run])
    far = NOW.replace(year=2100)
    await ERRORS.insert(scope, [a_communication_error()])
    await UPLOADS.insert(scope, [Upload("upload1", MERCHANT, 9, "me", NOW, far, "file1", NOW)])
    key = ApiKey("key1", MERCHANT, "Seeded", Role.ANALYST, (), b"digest", "0000", "me", NOW)
    await API_KEYS.insert(scope, [key])
    await WEBHOOKS.insert(scope, [a_webhook()])
    await DELIVERIES.insert(scope, [a_delivery()])
    decided = {"run_id": "run1", "ruleset_id": "ruleset1"}
    held = HeldPrice("run1", usd("10.00"))
    priced = {"price_decision_id": "decision0000", "held": held}
    for name, id_, fields in (
        ("decisions", "decision0000", decided),
        ("submissions", "submission-decision0000", {"price_decision_id": "decision0000"}),
        ("listings", "store1/MUG-1", priced),
        ("changes", "change0000", {"order_id": order_id("store1", "111-0000001")}),
    ):
        set_ = {field: to_field(value) for field, value in fields.items()}
        await scope.update(name, {"_id": id_}, {"$set": set_})


def a_full_listing() -> Listing:
    """A listing that has everything that one may have."""
    return a_listing(
        "FULL",
        issues=(Issue("1", "bad", "ERROR", ("title",)),),
        candidates=("B000000001", "B000000002"),
        override=PriceOverride(Money(1, "USD"), "me", NOW),
        due=Due(NOW, "WHY", 2),
        held=HeldPrice("run1", Money(2, "USD"), Money(3, "USD")),
        business=BusinessPrice(Money(4, "USD"), ()),
        wanted_terms=OfferTerms(list_price=Money(5, "USD")),
        price=Money(2**40, "JPY"),
    )
