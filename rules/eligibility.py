"""Which products are listed: the listing rule, the catalogue's own word, and stock (behaviour 9 and 12)."""

from dataclasses import dataclass

from domain.decision import RuleOutcome
from domain.listing import Fulfilment, ListingReason
from domain.product import Product
from domain.store import Store
from rules.language import ListingAction, Rule, RulesetDocument
from rules.quantity import is_below_threshold


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether a product may be on offer; where not, the first reason why."""

    eligible: bool
    reason: ListingReason | None
    rules: tuple[RuleOutcome, ...]
    """The rules of the listing document that match, in its order."""


def judge(
    document: RulesetDocument | None,
    product: Product,
    store: Store,
    matched: frozenset[str],
    fulfilment: Fulfilment | None = None,
) -> Eligibility:
    """Whether a product may be listed in a store.

    `matched` are the keys of the listing rules whose conditions hold for `facts_of(product, store)`.
    `fulfilment` is the listing's, or the store's setting while there is no listing: where Amazon fulfils,
    the catalogue's stock does not count. Without a document everything is eligible.
    """
    rules = () if document is None else document.rules
    outcomes = tuple(_outcome(rule) for rule in rules if rule.active and rule.key in matched)
    reason = _reason(rules, product, store, matched, fulfilment or store.settings.fulfilled_by)
    return Eligibility(reason is None, reason, outcomes)


def _reason(
    rules: tuple[Rule, ...],
    product: Product,
    store: Store,
    matched: frozenset[str],
    fulfilment: Fulfilment,
) -> ListingReason | None:
    if not product.is_enabled:
        return ListingReason.PRODUCT_DISABLED
    if not product.type.can_be_listed:
        return ListingReason.PRODUCT_TYPE
    if not _rules_list_it(rules, matched):
        return ListingReason.RULE
    if fulfilment is Fulfilment.MERCHANT and is_below_threshold(store.settings.stock, product):
        return ListingReason.STOCK
    return None


def _rules_list_it(rules: tuple[Rule, ...], matched: frozenset[str]) -> bool:
    """No rule keeps it out, and one lists it where the document has rules that list.

    A rule that is switched off lists nothing, but does not open the store to everything else either.
    """
    applied = [rule.action for rule in rules if rule.active and rule.key in matched]
    if ListingAction.KEEP_OUT in applied:
        return False
    lists_some = any(rule.action is ListingAction.LIST for rule in rules)
    return ListingAction.LIST in applied or not lists_some


def _outcome(rule: Rule) -> RuleOutcome:
    lists = rule.action is ListingAction.LIST
    note = "It lists the product" if lists else "It keeps the product out"
    return RuleOutcome(rule.key, rule.priority, applied=True, note=note)
