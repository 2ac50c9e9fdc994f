"""The rule engine: durable_rules, driven through its C module and only in ways that are known to be safe.

Its own `Host` is not used: it runs timer threads, swallows errors and crashes on clean-up. What is kept to here:
batches of at most 500 facts, a sentinel fact that proves that a batch was read to its end, all matches drained
before anything is retracted, no session ids, fixed fact ids, and one finished action before a state is deleted.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import repeat
from operator import or_
from types import TracebackType
from typing import Self

import durable_rules_engine

from rules.compiler import compile_document
from rules.encoder import Encoder, Profiles
from rules.facts import Facts
from rules.language import RulesetDocument
from rules.memory import Row, SectionMemory
from rules.sections import Chains
from rules.shards import Check, Shard, sharded

BATCH = 500
"""Facts in one call, which holds the interpreter: about a millisecond."""
MOST_ANSWERS = 100_000
"""Answers that are remembered before all is forgotten and the rules are loaded anew."""
FEW = 16
"""Listings up to which it is faster to look at one after another than at columns."""
_CAP = 65535
"""The most facts that one answer can tell; without it the engine tells one at a time."""

_TAKEN = frozenset({0, 1})
"""Facts were stored; 1 says that some matched nothing. 2 would say that some were there already."""

_SENTINEL_RULE, _SENTINEL_ID, _SENTINEL_PROPERTY = "end", "e", "zz"
_SENTINEL = f'{{"id":"{_SENTINEL_ID}","{_SENTINEL_PROPERTY}":1}}'
_IDS = tuple(f"{index:05d}" for index in range(BATCH))
_HEADS = tuple(f'{{"id":"{name}"' for name in _IDS)
_ID = re.compile(r'"id":"(\w+)"')


class EngineFailed(RuntimeError):
    """The engine did not do what it must; its matcher is closed. Build a new one."""


class DurableMatcher:
    """The conditions of a document in the rule engine; an implementation of `rules.engine.Matcher`.

    Holds memory outside Python until it is closed, and must be used from one thread of a process.
    """

    def __init__(self, document: RulesetDocument) -> None:
        self._program = compile_document(document)
        self._bits = {key: 1 << index for index, key in enumerate(self._program.keys)}
        self._always = reduce(or_, map(self._bits.__getitem__, self._program.always), 0)
        self._loaded: list[_LoadedSection] = []
        self._closed = False
        self._load()

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

        Facts that look the same to a section of the rules are asked about once.

        Raises:
            EngineFailed: the engine broke off; nothing is known of the whole batch.
        """
        if self._closed:
            raise ValueError("the matcher is closed")
        if len(self._answers) + sum(map(len, self._sections)) > MOST_ANSWERS:
            self._unload()
            self._load()
        try:
            masks = self._masks(batch)
        except durable_rules_engine.error as error:
            self.close()
            raise EngineFailed(str(error)) from error
        except BaseException:
            self.close()
            raise
        return list(map(self._answers.__getitem__, masks))

    def close(self) -> None:
        """Free the engine's memory."""
        self._closed = True
        self._unload()

    def _masks(self, batch: Sequence[Facts]) -> Iterable[int]:
        """The rules that match each listing, as bit masks; the engine is asked what no section remembers."""
        columns = self._encoder.columns(batch)
        if len(batch) <= FEW:
            rows = zip(*columns, strict=True) if columns else repeat((), len(batch))
            return [
                reduce(or_, [section.answer(row) for section in self._sections], self._always)
                for row in rows
            ]
        masks: Iterable[int] = repeat(self._always, len(batch))
        for section in self._sections:
            masks = map(or_, masks, section.answers(columns))
        return masks

    def _load(self) -> None:
        """Load the rules into the engine, with nothing remembered from before."""
        self._encoder = Encoder(self._program.fields)
        self._answers = _Answers(self._program.keys)
        self._sections: list[SectionMemory] = []
        profiles = self._encoder.profiles
        try:
            for section in self._program.sections:
                loaded = _LoadedSection(
                    section, [profiles[fact] for fact in section.checks], self._bits
                )
                self._loaded.append(loaded)
                self._sections.append(SectionMemory(section.checks, profiles, loaded.ask))
        except BaseException:
            self.close()
            raise

    def _unload(self) -> None:
        while self._loaded:
            self._loaded.pop().close()


class _Answers(dict[int, frozenset[str]]):
    """Keys of rules by bit mask; asking for a new one adds it."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__()
        self._keys = keys

    def __missing__(self, mask: int) -> frozenset[str]:
        rest, found = mask, []
        while rest:
            index = rest.bit_length() - 1
            found.append(self._keys[index])
            rest ^= 1 << index
        answer = self[mask] = frozenset(found)
        return answer


class _LoadedSection:
    """One section in the engine."""

    def __init__(
        self, section: Chains, profiles: Sequence[Profiles], bits: Mapping[str, int]
    ) -> None:
        self._shards: list[_LoadedShard] = []
        try:
            for shard in sharded(section.members):
                self._shards.append(_LoadedShard(shard, profiles, bits))
        except BaseException:
            self.close()
            raise

    def ask(self, rows: Sequence[Row]) -> list[int]:
        """For rows of the section's facts the rules that match, as bit masks."""
        masks = [0] * len(rows)
        for start in range(0, len(rows), BATCH):
            for shard in self._shards:
                for position, mask in shard.matches(rows[start : start + BATCH]):
                    masks[start + position] |= mask
        return masks

    def close(self) -> None:
        """Free the engine's memory."""
        while self._shards:
            self._shards.pop().close()


class _LoadedShard:
    """One rule set in the engine."""

    def __init__(self, shard: Shard, profiles: Sequence[Profiles], bits: Mapping[str, int]) -> None:
        names = {field: f"p{index}" for index, field in enumerate(shard.fields)}
        self._texts = [_Texts(each, names, shard.checks) for each in profiles]
        self._masks = {
            f"r{index}": reduce(or_, map(bits.__getitem__, keys))
            for index, (_, keys) in enumerate(shard.chains)
        }
        definitions = {
            f"r{index}": _definition(_condition(names[check.field], check) for check in chain)
            for index, (chain, _) in enumerate(shard.chains)
        }
        definitions[_SENTINEL_RULE] = _definition([{_SENTINEL_PROPERTY: 1}])
        check_distinct([*definitions, *names.values(), *_RESERVED, *_IDS])
        self._handle: int = durable_rules_engine.create_ruleset("rules", json.dumps(definitions))
        self._prime()

    def matches(self, rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
        """Positions in a batch with rules that match there, as bit masks."""
        properties = (
            map(texts.__getitem__, column)
            for texts, column in zip(self._texts, zip(*rows, strict=True), strict=True)
        )
        facts = map("".join, zip(_HEADS, *properties, strict=False))
        status, offset = durable_rules_engine.assert_facts(
            self._handle, f"[{'},'.join(facts)}}},{_SENTINEL}]"
        )
        is_complete = False
        for rule, ids in self._drained(offset):
            if rule == _SENTINEL_RULE:
                is_complete = True
                continue
            mask = self._masks[rule]
            for name in ids:
                yield int(name), mask
        if status not in _TAKEN or not is_complete:
            raise EngineFailed(f"the engine did not take a whole batch: status {status}")
        used = "},".join(_HEADS[: len(rows)])
        durable_rules_engine.retract_facts(self._handle, f'[{used}}},{{"id":"{_SENTINEL_ID}"}}]')

    def close(self) -> None:
        """Free the engine's memory. The state was primed, without which deleting it would crash."""
        durable_rules_engine.delete_state(self._handle, "0")
        durable_rules_engine.delete_ruleset(self._handle)

    def _prime(self) -> None:
        """Start and finish one action."""
        offset = durable_rules_engine.assert_fact(self._handle, _SENTINEL)[1]
        if [rule for rule, _ in self._drained(offset)] != [_SENTINEL_RULE]:
            raise EngineFailed("the engine did not accept its first fact")
        durable_rules_engine.retract_fact(self._handle, json.dumps({"id": _SENTINEL_ID}))

    def _drained(self, offset: int) -> Iterator[tuple[str, list[str]]]:
        """Every rule that matched, with the ids of the facts that it matched.

        A message is ``{"r7":[{"m":{"id":"00002","p0":3}},…]}``.
        """
        started = durable_rules_engine.start_action_for_state(self._handle, offset)
        message = started[1] if started else None
        while message:
            yield message[2 : message.index('"', 2)], _ID.findall(message)
            message = durable_rules_engine.complete_and_start_action(self._handle, offset)


class _Texts(dict[int, str]):
    """The JSON properties of each of a fact's profiles; asking for a new profile adds it.

    Zero says that something is unknown or false. The engine takes an absent property for that, so it is told
    only where a check could be true of it.
    """

    def __init__(
        self, profiles: Profiles, names: Mapping[int, str], checks: Iterable[Check]
    ) -> None:
        super().__init__()
        self._codes = profiles.codes
        self._names = names
        self._told_zeros = {check.field for check in checks if check.holds(0)}

    def __missing__(self, profile: int) -> str:
        told = (
            f',"{self._names[field]}":{code}'
            for field, code in self._codes[profile].items()
            if field in self._names and (code or field in self._told_zeros)
        )
        text = self[profile] = "".join(told)
        return text


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
