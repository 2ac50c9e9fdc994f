"""The rule engine: durable_rules, driven through its C module and only in ways that are known to be safe.

Its own `Host` is not used: it runs timer threads, swallows errors and crashes on clean-up. What is kept to here:
batches of at most 500 facts, a sentinel fact that proves that a batch was read to its end, all matches drained
before anything is retracted, no session ids, fixed fact ids, and one finished action before a state is deleted.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from types import TracebackType
from typing import Self

import durable_rules_engine
import orjson

from rules.compiler import compile_document
from rules.encoder import Codes, Encoder
from rules.facts import Facts
from rules.language import RulesetDocument
from rules.shards import Check, Shard

BATCH = 500
"""Facts in one call, which holds the interpreter: about 3 ms at 200 rules."""
_MEMORY = 100_000
"""Answers that are remembered before all are forgotten."""
_CAP = 65535
"""The most facts that one answer can tell; without it the engine tells one at a time."""

_TAKEN = frozenset({0, 1})
"""Facts were stored; 1 says that some matched nothing. 2 would say that some were there already."""

_SENTINEL_RULE, _SENTINEL_ID, _SENTINEL_PROPERTY = "end", "e", "zz"
_IDS = tuple(f"{index:05d}" for index in range(BATCH))


class EngineFailed(RuntimeError):
    """The engine did not do what it must; its matcher is closed. Build a new one."""


class DurableMatcher:
    """The conditions of a document in the rule engine; an implementation of `rules.engine.Matcher`.

    Holds memory outside Python until it is closed, and must be used from one thread of a process.
    """

    def __init__(self, document: RulesetDocument) -> None:
        self._closed = False
        program = compile_document(document)
        self._always = program.always
        self._encoder = Encoder(program.fields)
        self._known: dict[Codes, frozenset[str]] = {}
        self._shards: list[_LoadedShard] = []
        try:
            for shard in program.shards:
                self._shards.append(_LoadedShard(shard, self._encoder))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def match(self, batch: Sequence[Facts]) -> list[frozenset[str]]:
        """For each of the facts the keys of the active rules whose conditions hold.

        Facts that look the same to every rule are asked about once.

        Raises:
            EngineFailed: the engine broke off; nothing is known of the whole batch.
        """
        if self._closed:
            raise ValueError("the matcher is closed")
        rows = [self._encoder.encoded(facts) for facts in batch]
        if len(self._known) > _MEMORY:
            self._known.clear()
        unknown = iter({row: None for row in rows if row not in self._known})
        while chunk := list(islice(unknown, BATCH)):
            self._known.update(zip(chunk, self._ask(chunk), strict=True))
        return [self._known[row] for row in rows]

    def close(self) -> None:
        """Free the engine's memory."""
        while self._shards:
            self._shards.pop().close()
        self._closed = True

    def _ask(self, rows: Sequence[Codes]) -> list[frozenset[str]]:
        matched = [set(self._always) for _ in rows]
        try:
            for shard in self._shards:
                for position, keys in shard.matches(rows):
                    matched[position] |= keys
        except durable_rules_engine.error as error:
            self.close()
            raise EngineFailed(str(error)) from error
        except BaseException:
            self.close()
            raise
        return [frozenset(keys) for keys in matched]


class _LoadedShard:
    """One rule set in the engine."""

    def __init__(self, shard: Shard, encoder: Encoder) -> None:
        names = {field: f"p{index}" for index, field in enumerate(shard.fields)}
        self._properties = [(encoder.positions[field], name) for field, name in names.items()]
        self._keys = {f"r{index}": keys for index, (_, keys) in enumerate(shard.chains)}
        definitions = {
            f"r{index}": _definition(_condition(names[check.field], check) for check in chain)
            for index, (chain, _) in enumerate(shard.chains)
        }
        definitions[_SENTINEL_RULE] = _definition([{_SENTINEL_PROPERTY: 1}])
        check_distinct([*definitions, *names.values(), *_RESERVED, *_IDS])
        self._handle: int = durable_rules_engine.create_ruleset("rules", json.dumps(definitions))
        self._prime()

    def matches(self, rows: Sequence[Codes]) -> Iterator[tuple[int, frozenset[str]]]:
        """Positions in a batch with the keys of rules that match there."""
        facts = [
            {"id": name, **{prop: row[position] for position, prop in self._properties}}
            for name, row in zip(_IDS, rows, strict=False)
        ]
        text = orjson.dumps([*facts, {"id": _SENTINEL_ID, _SENTINEL_PROPERTY: 1}]).decode()
        status, offset = durable_rules_engine.assert_facts(self._handle, text)
        is_complete = False
        for rule, ids in self._drained(offset):
            if rule == _SENTINEL_RULE:
                is_complete = True
                continue
            for name in ids:
                yield int(name), self._keys[rule]
        if status not in _TAKEN or not is_complete:
            raise EngineFailed(f"the engine did not take a whole batch: status {status}")
        used = [{"id": name} for name in (*_IDS[: len(rows)], _SENTINEL_ID)]
        durable_rules_engine.retract_facts(self._handle, orjson.dumps(used).decode())

    def close(self) -> None:
        """Free the engine's memory. The state was primed, without which deleting it would crash."""
        durable_rules_engine.delete_state(self._handle, "0")
        durable_rules_engine.delete_ruleset(self._handle)

    def _prime(self) -> None:
        """Start and finish one action."""
        sentinel = json.dumps({"id": _SENTINEL_ID, _SENTINEL_PROPERTY: 1})
        offset = durable_rules_engine.assert_fact(self._handle, sentinel)[1]
        if [rule for rule, _ in self._drained(offset)] != [_SENTINEL_RULE]:
            raise EngineFailed("the engine did not accept its first fact")
        durable_rules_engine.retract_fact(self._handle, json.dumps({"id": _SENTINEL_ID}))

    def _drained(self, offset: int) -> Iterator[tuple[str, list[str]]]:
        """Every rule that matched, with the ids of the facts that it matched."""
        started = durable_rules_engine.start_action_for_state(self._handle, offset)
        message = started[1] if started else None
        while message:
            for rule, found in orjson.loads(message).items():
                yield rule, [each["m"]["id"] for each in found]
            message = durable_rules_engine.complete_and_start_action(self._handle, offset)


_RESERVED = ("id", "sid", "$s", "$m", "m", _SENTINEL_PROPERTY, _SENTINEL_ID)


def check_distinct(names: Iterable[str]) -> None:
    """The engine compares names by a 32-bit hash alone, so two that share one would be the same to it.

    Raises:
        EngineFailed: two names share a hash.
    """
    found: dict[int, str] = {}
    for name in names:
        other = found.setdefault(fnv1a(name), name)
        if other != name:
            raise EngineFailed(f"the engine cannot tell {name!r} from {other!r}")


def fnv1a(name: str) -> int:
    """The 32-bit hash of a name."""
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def _definition(conditions: Iterable[dict[str, object]]) -> dict[str, object]:
    return {"all": [{"m": {"$and": list(conditions)}}], "cap": _CAP}


def _condition(name: str, check: Check) -> dict[str, object]:
    comparison: dict[str, object] = {name: check.value}
    return {check.operator: comparison} if check.operator else comparison
