"""Rule documents: text in, checked rules out, or every mistake with its line."""

import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from domain.ruleset import RulesetKind
from rules.action_reader import read_intelligent, read_standard
from rules.condition_reader import read_when
from rules.facts import FactScope
from rules.guardrail_reader import read_guardrails
from rules.language import Intelligent, ListingAction, Rule, RulesetDocument, Shape, Standard
from rules.reader import MAX_ERRORS, At, Wrong, choice, flag, integer, listed, text
from rules.schedule_reader import SCHEDULE_FIELDS, read_schedule
from rules.shape_reader import SHAPE_FIELDS, read_shape
from rules.source import DocumentError, DocumentInvalid, read, split

__all__ = ["DocumentError", "DocumentInvalid", "Rule", "RulesetDocument", "parse", "parse_all"]

_T = TypeVar("_T")

MAX_RULES = 2000
MAX_DESCRIPTION = 1000
MAX_PRIORITY = 1_000_000

KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
STANDARD, INTELLIGENT = "standard", "intelligent"
_ANY_SCOPE = frozenset(FactScope)
_PRODUCT_SCOPE = frozenset({FactScope.PRODUCT})
INTELLIGENT_FIELDS = ("competitor", "floor", "ceiling", "otherwise")
HEAD_FIELDS = ("key", "description", "active")
PRICING_FIELDS = (
    *HEAD_FIELDS,
    "type",
    "priority",
    "stop",
    *SCHEDULE_FIELDS,
    "when",
    "adjust",
    *INTELLIGENT_FIELDS,
    *SHAPE_FIELDS,
)
LISTING_FIELDS = (*HEAD_FIELDS, "when", "then")
DOCUMENT_FIELDS: dict[RulesetKind, tuple[str, ...]] = {
    RulesetKind.LISTING: ("kind", "name", "rules"),
    RulesetKind.PRICING: ("kind", "name", *SHAPE_FIELDS, "rules"),
    RulesetKind.GUARDRAILS: ("kind", "name", "limits"),
}
"""What a document of each kind holds."""


def parse(
    source: str, kind: RulesetKind | None = None, currency: str | None = None
) -> RulesetDocument:
    """Read a rule document, YAML or JSON.

    With `kind`, only a document of that kind will do; with `currency`, that of the store that it is for,
    only amounts and price endings that the currency has.

    Raises:
        DocumentInvalid: with all mistakes of the document, in the order of its text.
    """
    errors: list[DocumentError] = []
    root = At(read(source), "", errors, currency)
    document = root.attempt(partial(_document, source=source, kind=kind))
    if document is None or errors:
        ordered = sorted(errors, key=lambda error: (error.line, error.column))
        raise DocumentInvalid(tuple(ordered[:MAX_ERRORS]))
    return document


def parse_all(source: str, currency: str | None = None) -> tuple[RulesetDocument, ...]:
    """Read a file of one or more documents, divided by lines of ``---``.

    Each one's `content_hash` is that of its own text, which `rules.source.split` gives.

    Raises:
        DocumentInvalid: with the mistakes of all of them, by the lines of the whole file.
    """
    documents: list[RulesetDocument] = []
    errors: list[DocumentError] = []
    for part in split(source):
        try:
            documents.append(parse(part.text, currency=currency))
        except DocumentInvalid as invalid:
            errors += [error.moved(part.first_line - 1) for error in invalid.errors]
    if errors:
        raise DocumentInvalid(tuple(errors[:MAX_ERRORS]))
    return tuple(documents)


def _document(at: At, source: str, kind: RulesetKind | None) -> RulesetDocument | None:
    found = _kind_of(at, kind)
    allowed = DOCUMENT_FIELDS[found or RulesetKind.PRICING]
    if found is None:
        allowed = (*allowed, "limits")
    fields = at.fields(allowed, "A rule document")
    at.required(fields, "kind", partial(_kind, wanted=kind), "pricing")
    name = at.required(fields, "name", text, "Shoes and jackets")
    if found is None:
        return None
    content_hash = hashlib.sha256(source.encode()).hexdigest()
    if found is RulesetKind.GUARDRAILS:
        limits = at.required(fields, "limits", read_guardrails, "{totalFall: 10%}")
        if name is None or limits is None:
            return None
        return RulesetDocument(found, name, (), content_hash, guardrails=limits)
    read_rule = _pricing_rule if found is RulesetKind.PRICING else _listing_rule
    rules = at.required(fields, "rules", partial(_rules, read_rule=read_rule), "[]")
    shape = read_shape(fields) if found is RulesetKind.PRICING else Shape()
    if name is None or rules is None:
        return None
    return RulesetDocument(found, name, rules, content_hash, shape)


def _kind_of(at: At, wanted: RulesetKind | None) -> RulesetKind | None:
    """The kind of a document, to know what else it may hold; None where it tells none that is wanted."""
    if not at.has("kind"):
        return None
    try:
        return _kind(at.inner("kind"), wanted)
    except Wrong:
        return None


def _kind(at: At, wanted: RulesetKind | None) -> RulesetKind:
    words = {kind.lower(): kind for kind in RulesetKind}
    kind = words.get(text(at))
    if kind is None:
        raise Wrong(at, f"Expected {listed(words)}")
    if wanted not in {None, kind}:
        raise Wrong(at, f"These are {kind.lower()} rules; {wanted.lower()} rules are wanted here")
    return kind


def _rules(at: At, read_rule: Callable[[At], Rule | None]) -> tuple[Rule, ...]:
    items = at.items("`rules`")
    if len(items) > MAX_RULES:
        raise Wrong(at, f"A document can have {MAX_RULES} rules, not {len(items)}")
    rules: dict[str, Rule] = {}
    for item in items:
        if len(at.errors) >= MAX_ERRORS:
            break
        rule = item.attempt(read_rule)
        if rule is None:
            continue
        if rule.key in rules:
            item.report(f"An earlier rule has the key {rule.key!r}; every rule needs its own")
        rules[rule.key] = rule
    return tuple(rules.values())


def _pricing_rule(at: At) -> Rule | None:
    fields = at.fields(PRICING_FIELDS, "A pricing rule")
    key, description, active = _head(at, fields)
    kind = at.required(fields, "type", _type, STANDARD)
    priority = _optional(fields, "priority", partial(integer, least=1, most=MAX_PRIORITY))
    stop = _optional(fields, "stop", flag) or False
    if stop and "priority" not in fields:
        fields["stop"].report(
            "`stop` needs a `priority`: without one it is not clear what comes after"
        )
    schedule = read_schedule(fields)
    shape = read_shape(fields)
    when = _optional(fields, "when", lambda each: read_when(each, _ANY_SCOPE))
    action = _action(at, fields, kind)
    if key is None or action is None:
        return None
    return Rule(key, description, active, when, action, priority, stop, schedule, shape)


def _action(at: At, fields: dict[str, At], kind: str | None) -> Standard | Intelligent | None:
    if kind == INTELLIGENT:
        return read_intelligent(at, fields)
    if kind == STANDARD:
        for name in INTELLIGENT_FIELDS:
            if name in fields:
                fields[name].report(f"Only a rule with `type: intelligent` has a {name}")
        return read_standard(at, fields)
    return None


def _listing_rule(at: At) -> Rule | None:
    fields = at.fields(LISTING_FIELDS, "A listing rule")
    key, description, active = _head(at, fields)
    action = at.required(fields, "then", partial(choice, choices=ListingAction), "list")
    when = _optional(fields, "when", lambda each: read_when(each, _PRODUCT_SCOPE))
    if key is None or action is None:
        return None
    return Rule(key, description, active, when, action)


def _head(at: At, fields: dict[str, At]) -> tuple[str | None, str | None, bool]:
    """What all rules have: key, description, and whether they are switched on."""
    key = at.required(fields, "key", _key, "summer-sale")
    description = _optional(fields, "description", partial(text, longest=MAX_DESCRIPTION))
    active = _optional(fields, "active", flag)
    return key, description, active is not False


def _key(at: At) -> str:
    key = text(at)
    if not KEY.fullmatch(key):
        raise Wrong(at, "A key has small letters, digits and single hyphens, such as summer-sale")
    return key


def _type(at: At) -> str:
    word = text(at)
    if word not in {STANDARD, INTELLIGENT}:
        raise Wrong(at, f"Expected {STANDARD} or {INTELLIGENT}, not {word!r}")
    return word


def _optional(fields: dict[str, At], key: str, read: Callable[[At], _T]) -> _T | None:
    return fields[key].attempt(read) if key in fields else None
