"""The difference between two sets of rules: nothing where they agree, every listing counted once where not."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.decision import Decision, DecisionOutcome, DecisionReason
from domain.listing import ListingReason
from domain.money import Money
from domain.plan import Effect
from rules.eligibility import Eligibility
from rules.simulate import Comparison, Drift, Said, drift
from tests.factories import MERCHANT, NOW, a_listing, a_product, a_store, usd


def said(
    price: Money | None,
    *,
    held: DecisionReason | None = None,
    eligible: bool = True,
    quantity: int | None = 10,
) -> Said:
    decision = Decision(
        id="d",
        merchant_id=MERCHANT,
        store_id="store1",
        listing_id="store1/MUG-1",
        ruleset_id=None,
        trigger="ASKED",
        outcome=DecisionOutcome.HOLD if held else DecisionOutcome.CHANGE,
        reason=held or DecisionReason.RULES,
        price_before=None,
        price_after=price,
        quantity_after=quantity if eligible else 0,
        floor=None,
        ceiling=None,
        trace=(),
        rules=(),
        facts=(),
        inputs_hash="",
        decided_at=NOW,
    )
    reason = None if eligible else ListingReason.RULE
    return Said(Eligibility(eligible, reason, ()), decision)


SAID = st.builds(
    said,
    st.one_of(st.none(), st.integers(1, 5000).map(lambda minor: Money(minor, "USD"))),
    held=st.sampled_from([None, DecisionReason.STEP_TOO_LARGE, DecisionReason.BELOW_MINIMUM]),
    eligible=st.booleans(),
    quantity=st.sampled_from([None, 0, 5]),
)
STORE, PRODUCT = a_store(), a_product()


def compared(pairs: list[tuple[Said, Said]]) -> Comparison:
    comparison = Comparison(STORE)
    for number, (before, after) in enumerate(pairs):
        comparison.listing(a_listing(f"S{number}"), PRODUCT, before, after)
    return comparison


def effect_of(before: Said, after: Said) -> Effect:
    return compared([(before, after)]).effect()


@given(st.lists(SAID))
def test_equal_sides_make_no_difference(sides: list[Said]) -> None:
    comparison = compared([(side, side) for side in sides])
    effect = comparison.effect()
    assert effect.is_empty
    assert comparison.digests() == b""
    assert (effect.unchanged, effect.price_difference) == (len(sides), usd("0.00"))
    assert effect.below_cost_before == effect.below_cost_after
    assert effect.held_before == effect.held_after
    assert effect.examples == ()
    assert effect.largest_up == ()
    assert effect.largest_down == ()


@given(st.lists(st.tuples(SAID, SAID)))
def test_every_listing_is_counted_once(pairs: list[tuple[Said, Said]]) -> None:
    effect = compared(pairs).effect()
    held = sum(effect.held.values())
    assert effect.up + effect.down + effect.first_priced + held + effect.unchanged == len(pairs)


@given(st.lists(st.tuples(SAID, SAID), max_size=20))
def test_the_way_back_is_the_opposite(pairs: list[tuple[Said, Said]]) -> None:
    forth = compared(pairs).effect()
    back = compared([(after, before) for before, after in pairs]).effect()
    assert forth.changed == back.changed
    assert forth.newly_ineligible == back.back_to_eligible
    assert forth.price_difference.minor == -back.price_difference.minor
    assert forth.below_cost_before == back.below_cost_after


@given(st.lists(st.tuples(SAID, SAID), min_size=1, max_size=20))
def test_digests_are_near_only_to_themselves(pairs: list[tuple[Said, Said]]) -> None:
    digests = compared(pairs).digests()
    changed = len(digests) // 12
    assert drift(digests, digests) == Drift(0, changed)
    assert drift(digests, b"") == drift(b"", digests) == Drift(changed, changed)


def test_a_listing_that_changes_otherwise_differs_and_the_others_do_not() -> None:
    twenty, ten, five = (said(usd(amount)) for amount in ("20.00", "10.00", "5.00"))
    planned = compared([(twenty, ten), (twenty, ten), (twenty, twenty)])
    now = compared([(twenty, ten), (twenty, five), (twenty, ten)])
    assert drift(planned.digests(), now.digests()) == Drift(2, 3)


def test_a_held_price_stays_where_it_was() -> None:
    held = said(usd("1.00"), held=DecisionReason.STEP_TOO_LARGE)
    effect = effect_of(said(usd("20.00")), held)
    assert (effect.held, effect.down, effect.price_difference) == (
        {"STEP_TOO_LARGE": 1},
        0,
        usd("0.00"),
    )
    assert effect_of(held, said(usd("1.00"), held=DecisionReason.BELOW_MINIMUM)).held == {
        "BELOW_MINIMUM": 1
    }


def test_money_counts_only_what_is_on_sale_both_before_and_after() -> None:
    cheap, dear = said(usd("7.00")), said(usd("9.00"))
    out, gone = said(usd("7.00"), quantity=0), said(usd("7.00"), eligible=False)
    assert effect_of(dear, cheap).price_difference == usd("-2.00")
    for side in (out, gone):
        effect = effect_of(dear, side)
        assert (effect.with_stock, effect.price_difference) == (0, usd("0.00"))
    # It costs 8.00.
    below = effect_of(cheap, dear)
    assert (below.below_cost_before.listings, below.below_cost_before.amount) == (1, usd("1.00"))
    assert below.below_cost_after.listings == 0


def test_the_ten_largest_moves_are_kept_in_order() -> None:
    pairs = [(said(usd("20.00")), said(Money(2000 + 10 * n, "USD"))) for n in range(1, 31)]
    moves = compared(pairs).effect().largest_up
    assert [move.after.minor for move in moves] == list(range(2300, 2200, -10))


def test_a_listing_that_was_never_on_offer_gets_its_first_price_or_none() -> None:
    comparison = Comparison(STORE)
    never = replace(a_listing(), price=None, wanted_price=None)
    keeps_out = said(usd("9.00"), eligible=False)
    comparison.listing(never, PRODUCT, keeps_out, said(usd("9.00")))
    comparison.listing(never, PRODUCT, said(usd("9.00")), keeps_out)
    effect = comparison.effect()
    assert (effect.first_priced, effect.back_to_eligible) == (1, 1)
    assert (effect.unchanged, effect.newly_ineligible) == (1, 1)


def test_products_without_a_listing_are_told_by_sku() -> None:
    comparison = Comparison(STORE)
    for sku, before, after in (("A", False, True), ("B", True, False), ("C", True, True)):
        comparison.product(a_product(sku), eligible_before=before, eligible_after=after)
    effect = comparison.effect()
    assert (effect.unlisted, effect.changed) == (3, 2)
    assert (effect.newly_listed_skus, effect.no_longer_listed) == (("A",), 1)
