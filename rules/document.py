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
from rules.language import Intelligent, ListingAction, Rule, RulesetDocument, Standard
from rules.reader import (
    MAX_ERRORS,
    At,
    Wrong,
    choice,
    day,
    flag,
    integer,
    listed,
    text,
)
from rules.source import DocumentError, DocumentInvalid, read

__all__ = ["DocumentError", "DocumentInvalid", "Rule", "RulesetDocument", "parse"]

_T = TypeVar("_T")

MAX_RULES = 2000
MAX_DESCRIPTION = 1000
MAX_PRIORITY = 1_000_000

_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_STANDARD, _INTELLIGENT = "standard", "intelligent"
_PRICING_FIELDS = (
    "key description type priority stop active from to when adjust competitor floor ceiling".split()
)
_ANY_SCOPE = frozenset(FactScope)
_PRODUCT_SCOPE = frozenset({FactScope.PRODUCT})
_INTELLIGENT_ONLY = ("competitor", "floor", "ceiling")
_LISTING_FIELDS = "key description active when then".split()


def parse(source: str, kind: RulesetKind | None = None) -> RulesetDocument:
    """Read a rule document, YAML or JSON. With `kind`, only a document of that kind will do.

    Raises:
        DocumentInvalid: with all mistakes of the document, in the order of its text.
    """
    errors: list[DocumentError] = []
    root = At(read(source), "", errors)
    document = root.attempt(partial(_document, source=source, kind=kind))
    if document is None or errors:
        ordered = sorted(errors, key=lambda error: (error.line, error.column))
        raise DocumentInvalid(tuple(ordered[:MAX_ERRORS]))
    return document


def _document(at: At, source: str, kind: RulesetKind | None) -> RulesetDocument | None:
    fields = at.fields(["kind", "name", "rules"], "A rule document")
    found = at.required(fields, "kind", partial(_kind, wanted=kind), "pricing")
    name = at.required(fields, "name", text, "Shoes and jackets")
    if found is None:
        return None
    read_rule = _pricing_rule if found is RulesetKind.PRICING else _listing_rule
    rules = at.required(fields, "rules", partial(_rules, read_rule=read_rule), "[]")
    if name is None or rules is None:
        return None
    content_hash = hashlib.sha256(source.encode()).hexdigest()
    return RulesetDocument(found, name, rules, content_hash)


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
    fields = at.fields(_PRICING_FIELDS, "A pricing rule")
    key, description, active = _head(at, fields)
    kind = at.required(fields, "type", _type, _STANDARD)
    priority = _optional(fields, "priority", partial(integer, least=1, most=MAX_PRIORITY))
    stop = _optional(fields, "stop", flag) or False
    if stop and "priority" not in fields:
        fields["stop"].report(
            "`stop` needs a `priority`: without one it is not clear what comes after"
        )
    starts, ends = _optional(fields, "from", day), _optional(fields, "to", day)
    if starts and ends and ends < starts:
        fields["to"].report(f"The rule ends before it starts on {starts}")
    when = _optional(fields, "when", lambda each: read_when(each, _ANY_SCOPE))
    action = _action(at, fields, kind)
    if key is None or action is None:
        return None
    return Rule(key, description, active, when, action, priority, stop, starts, ends)


def _action(at: At, fields: dict[str, At], kind: str | None) -> Standard | Intelligent | None:
    if kind == _INTELLIGENT:
        return read_intelligent(at, fields)
    if kind == _STANDARD:
        for name in _INTELLIGENT_ONLY:
            if name in fields:
                fields[name].report(f"Only a rule with `type: intelligent` has a {name}")
        return read_standard(at, fields)
    return None


def _listing_rule(at: At) -> Rule | None:
    fields = at.fields(_LISTING_FIELDS, "A listing rule")
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
    if not _KEY.fullmatch(key):
        raise Wrong(at, "A key has small letters, digits and single hyphens, such as summer-sale")
    return key


def _type(at: At) -> str:
    word = text(at)
    if word not in {_STANDARD, _INTELLIGENT}:
        raise Wrong(at, f"Expected {_STANDARD} or {_INTELLIGENT}, not {word!r}")
    return word


def _optional(fields: dict[str, At], key: str, read: Callable[[At], _T]) -> _T | None:
    return fields[key].attempt(read) if key in fields else None
