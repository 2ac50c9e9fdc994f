"""Listings to try a document on, and what the engine and the pricing pipeline say of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import islice

from domain.ruleset import RulesetKind
from rules.eligibility import Eligibility, judge
from rules.engine import Matcher
from rules.inputs import PricingInputs
from rules.language import Intelligent, Rule, RulesetDocument, leaves
from rules.lint.case import Case
from rules.lint.construct import Template, constructed
from rules.lint.domains import Domain, Domains, Raw
from rules.lint.effort import Effort
from rules.lint.finding import Witness
from rules.lint.outline import Outline, may_meet
from rules.lint.search import Search
from rules.lint.seasons import meeting
from rules.lint.trees import Tree
from rules.pricing import PricingVerdict, decide
from rules.schedule import Schedule

_MOST_SAMPLED = 5
"""Real listings that are tried for a finding."""
_MOST_SOLUTIONS = 3
"""Ways to fulfil conditions that are tried for a finding."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How a constructed listing should be, beyond what conditions ask."""

    low: frozenset[str] = frozenset()
    """Variables that should be as low as can be."""
    high: frozenset[str] = frozenset()
    prices: tuple[tuple[str, Decimal | None], ...] = ()
    """Price attributes of which nothing is asked; None leaves one out."""
    has_market: bool = True


ORDINARY = (Wish(),)


@dataclass(slots=True)
class Examiner:
    """One examination of a document."""

    document: RulesetDocument
    sample: Sequence[Case]
    template: Template
    now: datetime | None
    matcher: Matcher
    effort: Effort
    domains: Domains = field(init=False)
    rules: list[Rule] = field(init=False)
    """The active rules in the order in which they run."""
    dead: set[str] = field(default_factory=set)
    """Keys of rules that were found never to run, of which nothing else need be said."""
    _sizes: dict[str, int] = field(init=False)
    """How many comparisons each rule has."""
    _always: frozenset[str] = field(init=False)
    _outlines: dict[str, Outline] = field(init=False)
    _meetings: dict[tuple[str, str], bool] = field(default_factory=dict)
    _sampled: list[frozenset[str]] = field(init=False)
    _by_rule: dict[str, list[int]] = field(init=False)
    """The places in the sample of what each rule matches."""

    def __post_init__(self) -> None:
        self.domains = Domains(self.effort)
        self.rules = [rule for rule in self.document.in_order if rule.active]
        self._sizes = {rule.key: sum(1 for _ in leaves(rule.when)) for rule in self.rules}
        self._always = frozenset(rule.key for rule in self.rules if rule.schedule == Schedule())
        self._outlines = {rule.key: Outline.of(rule, self.domains) for rule in self.rules}
        self._sampled = self.matcher.match([each.facts(self.document.kind) for each in self.sample])
        self._by_rule = {}
        for place, matched in enumerate(self._sampled):
            for key in matched:
                self._by_rule.setdefault(key, []).append(place)

    @property
    def live(self) -> list[Rule]:
        """The rules that may run, in the order in which they do."""
        return [rule for rule in self.rules if rule.key not in self.dead]

    @property
    def since(self) -> date | None:
        """The day from which on rules matter, in UTC the day before for stores west of it."""
        return None if self.now is None else date.fromordinal(self.now.date().toordinal() - 1)

    def may_meet(self, one: Rule, other: Rule) -> bool:
        """Whether two rules may match the same listing at the same time; False is certain."""
        self.effort.spend(2)
        pair = (one.key, other.key)
        if pair not in self._meetings:
            self._meetings[pair] = self._may_meet(one, other)
        return self._meetings[pair]

    def _may_meet(self, one: Rule, other: Rule) -> bool:
        self.effort.spend(3)
        if not may_meet(self._outlines[one.key], self._outlines[other.key], self.domains):
            return False
        if one.key in self._always and other.key in self._always:
            return True
        return meeting((one.schedule, other.schedule), self.since) is not None

    def is_impossible(self, true: Sequence[Rule], false: Sequence[Rule] = ()) -> bool:
        """Whether it is shown that no listing meets the conditions of some rules and not those of others."""
        if any(rule.when is None for rule in false):
            return True
        return Search(self.domains, self._trees(true, false)).shows_impossible()

    def is_possible(self, true: Sequence[Rule], false: Sequence[Rule] = ()) -> bool:
        """Whether facts were found that meet the conditions of some rules and not those of others."""
        return next(Search(self.domains, self._trees(true, false)).solutions(), None) is not None

    def matching_sample(self, rules: Sequence[Rule]) -> Iterator[Case]:
        """Real listings that rules match, whenever they run."""
        keys = frozenset(rule.key for rule in rules)
        rarest = min((self._by_rule.get(key, ()) for key in keys), key=len, default=())
        return (self.sample[place] for place in rarest if keys <= self._sampled[place])

    def cases(
        self, true: Sequence[Rule], false: Sequence[Rule] = (), wishes: Sequence[Wish] = ORDINARY
    ) -> Iterator[tuple[Case, bool]]:
        """Listings that some rules match, at a moment at which they run, and others do not match.

        Real ones come first; the flag says that one was constructed.
        """
        local = meeting([rule.schedule for rule in true], self.since)
        if local is None or any(rule.when is None for rule in false):
            return
        for case in islice(self.matching_sample(true), _MOST_SAMPLED):
            yield self._in_season(case, true, local), False
        yield from self._made(true, false, wishes, local)
        before = [rule for rule in self._in_the_way(true) if rule not in false]
        if before and all(rule.when is not None for rule in before):
            yield from self._made(true, [*false, *before], wishes, local)

    def _made(
        self, true: Sequence[Rule], false: Sequence[Rule], wishes: Sequence[Wish], local: datetime
    ) -> Iterator[tuple[Case, bool]]:
        solutions = Search(self.domains, self._trees(true, false)).solutions()
        for solution in islice(solutions, _MOST_SOLUTIONS):
            for wish in wishes:
                made = self._constructed(solution, wish)
                if made is not None:
                    yield self._in_season(made, true, local), True

    def _in_the_way(self, rules: Sequence[Rule]) -> list[Rule]:
        """Other rules that can keep some from running, and that must not match for those to run."""
        last = max(self.rules.index(rule) for rule in rules)
        follows = any(isinstance(rule.action, Intelligent) for rule in rules)
        return [
            rule
            for rule in self.rules[:last]
            if rule not in rules
            and (rule.stop or (follows and isinstance(rule.action, Intelligent)))
            and all(self.may_meet(rule, each) for each in rules)
        ]

    def witness(
        self,
        cases: Iterator[tuple[Case, bool]],
        may_show: Callable[[frozenset[str]], bool],
        shows: Callable[[PricingVerdict], bool],
    ) -> Witness | None:
        """The first listing whose verdict shows what is looked for; `may_show` judges by the rules that should run."""
        for case, is_constructed in cases:
            matched = self.matched(case)
            if may_show(self.running(case, matched)):
                verdict = self.decide(case, self.matching(matched), matched)
                if shows(verdict):
                    return Witness(case, is_constructed, verdict)
        return None

    def running(self, case: Case, matched: frozenset[str]) -> frozenset[str]:
        """The keys of the rules that should run, told without pricing: a verdict may still say otherwise."""
        local, keys, has_followed = case.now.astimezone(case.zone), set(), False
        self.effort.spend(5 + len(self.rules) // 10)
        for rule in self.rules:
            follows = isinstance(rule.action, Intelligent)
            if rule.key not in matched or (follows and has_followed):
                continue
            if rule.key not in self._always and rule.schedule.obstacle(local) is not None:
                continue
            keys.add(rule.key)
            has_followed = has_followed or follows
            if rule.stop:
                break
        return frozenset(keys)

    def matching(self, matched: frozenset[str]) -> RulesetDocument:
        """The document without the rules that do not match, which change no price and take time."""
        rules = tuple(rule for rule in self.document.rules if rule.key in matched)
        return replace(self.document, rules=rules)

    def matched(self, case: Case) -> frozenset[str]:
        """The keys of the rules that the engine says match."""
        self.effort.spend(200)
        (matched,) = self.matcher.match([case.facts(self.document.kind)])
        return matched

    def decide(
        self, case: Case, document: RulesetDocument, matched: frozenset[str]
    ) -> PricingVerdict:
        """The verdict on a listing under a document that has the rules of this one."""
        sizes = (self._sizes.get(rule.key, 0) for rule in document.rules)
        self.effort.spend(200 + sum(20 + 5 * size for size in sizes))
        inputs = PricingInputs(
            store=case.store,
            product=case.product,
            listing=case.listing,
            offers=case.offers,
            document=document,
            matched=matched,
            eligible=True,
            now=case.now,
        )
        return decide(inputs)

    def judge(self, case: Case) -> Eligibility:
        """Whether listing rules list a product."""
        self.effort.spend(10 * len(self.document.rules))
        fulfilment = case.listing.fulfilment
        return judge(self.document, case.product, case.store, self.matched(case), fulfilment)

    def _trees(self, true: Sequence[Rule], false: Sequence[Rule]) -> list[Tree]:
        forest = self.domains.forest
        trees = [forest.tree(rule.when) for rule in true if rule.when is not None]
        return trees + [
            forest.tree(rule.when, is_negated=True) for rule in false if rule.when is not None
        ]

    def _constructed(self, solution: dict[str, Domain], wish: Wish) -> Case | None:
        self.effort.spend(50)
        prices = dict(self.template.prices)
        for code, amount in wish.prices:
            prices.pop(code, None)
            if amount is not None:
                prices[code] = amount
        wanted = {name: _picked(name, domain, wish) for name, domain in solution.items()}
        template = replace(self.template, prices=prices)
        has_market = wish.has_market and self.document.kind is not RulesetKind.LISTING
        return constructed(template, wanted, has_market=has_market)

    def _in_season(self, case: Case, rules: Sequence[Rule], local: datetime) -> Case:
        """A case at its own time where rules run then, else when they do."""
        own = case.now.astimezone(case.zone)
        if all(rule.schedule.obstacle(own) is None for rule in rules):
            return case
        return case.at(local)


def _picked(name: str, domain: Domain, wish: Wish) -> Raw:
    amounts = [value for value in domain.values if isinstance(value, Decimal) and value > 0]
    if amounts and name in wish.low:
        return min(amounts)
    if amounts and name in wish.high:
        return max(amounts)
    return domain.values[0]


def applies(verdict: PricingVerdict, *keys: str) -> bool:
    """Whether rules, all of them, took part in a decision."""
    return frozenset(keys) <= {each.rule_key for each in verdict.rules if each.applied}


def is_passed_over(verdict: PricingVerdict, key: str) -> bool:
    """Whether the conditions of a rule held in a decision and it took no part."""
    return any(each.rule_key == key and not each.applied for each in verdict.rules)
