"""Evaluates a file of pricing vectors: given facts and rules, the documented outcome. `python -m rules.vectors FILE`.

A vector passes the same way as a listing in the workers: a document's text is parsed, the engine matches, and the
public functions decide. Nothing here knows a vector by its id.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.decision import DecisionOutcome
from rules.business import saving
from rules.document import parse
from rules.durable_engine import DurableMatcher
from rules.facts import facts_of
from rules.pricing import PricingInputs, PricingVerdict, decide
from rules.vector_documents import document_of
from rules.vector_facts import listing_of, market_of, product_of, store_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a vector."""

    id: str
    expected: str
    actual: str

    @property
    def passed(self) -> bool:
        """Whether it came out as documented."""
        return self.actual == self.expected

    def __str__(self) -> str:
        return f"{self.id} {self.expected} {self.actual} {'PASS' if self.passed else 'FAIL'}"


def run(vectors: Iterable[dict[str, Any]]) -> Iterator[Outcome]:
    """Evaluate vectors, in their order."""
    for vector in vectors:
        yield Outcome(vector["id"], _told(vector["expected"]), _told(evaluate(vector)))


def evaluate(vector: dict[str, Any]) -> object:
    """What our rules make of what is given in a vector, in the form in which vectors expect it."""
    given = vector["given"]
    inputs = _inputs(given, document_of(vector))
    return _asked(vector["kind"], given, inputs, decide(inputs))


def _inputs(given: dict[str, Any], source: str | None) -> PricingInputs:
    store, product, listing = store_of(given), product_of(given), listing_of(given)
    market = market_of(given)
    document, matched = None, frozenset[str]()
    if source is not None:
        document = parse(source, currency=store.currency)
        with DurableMatcher(document) as matcher:
            (matched,) = matcher.match([facts_of(product, store, listing, market)])
    today = datetime.fromisoformat(given.get("now", "2020-01-15"))
    eligible = given.get("listing", {}).get("eligible", True)
    now = today.replace(hour=12, tzinfo=UTC)
    return PricingInputs(store, product, listing, market, document, matched, eligible, now)


def _asked(
    kind: str, given: dict[str, Any], inputs: PricingInputs, verdict: PricingVerdict
) -> object:
    """The part of a verdict that a kind of vector is about."""
    match kind:
        case "quantity":
            return verdict.quantity_after
        case "listing_price" if verdict.outcome is DecisionOutcome.HOLD:
            price = verdict.price_after
            is_positive = price is not None and price.minor > 0
            return verdict.reason.lower() if is_positive else "error:non_positive_price"
        case "you_save":
            return _saving(inputs, verdict)
        case "landed_price":
            money = inputs.offers.offers[0].landed_price if inputs.offers else None
        case "business_price":
            quantity = int(given.get("purchase_quantity", 1))
            money = verdict.business.of(quantity) if verdict.business else None
        case "floor":
            money = verdict.floor
        case "ceiling":
            money = verdict.ceiling
        case "price_source" | "variance_base":
            wanted = {"price_source": "SOURCE", "variance_base": "COMPETITOR"}[kind]
            money = next((step.after for step in verdict.trace if step.step == wanted), None)
        case "listing_price":
            money = verdict.price_after
        case _:
            raise ValueError(f"no kind {kind!r} of vector is known")
    return money and money.amount


def _saving(inputs: PricingInputs, verdict: PricingVerdict) -> dict[str, str] | None:
    if verdict.price_after is None:
        return None
    owned = inputs.listing.owns_buy_box
    found = saving(verdict.price_after, verdict.list_price, owns_buy_box=owned)
    if found is None:
        return None
    return {
        "strike_through": found.list_price.amount,
        "you_save": found.amount.amount,
        "you_save_percent": str(found.percent),
    }


def _told(value: object) -> str:
    """A value without blanks, so that a line has four words."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def main(arguments: list[str]) -> int:
    """Evaluate a file and tell of each vector; 1 where any failed."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m rules.vectors FILE\n")
        return 2
    with open(arguments[0], encoding="utf-8") as file:  # noqa: PTH123 - rules know no paths
        content = json.load(file)
    failed = passed = 0
    for outcome in run(content["vectors"]):
        sys.stdout.write(f"{outcome}\n")
        passed += outcome.passed
        failed += not outcome.passed
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
