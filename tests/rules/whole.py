"""Hypothesis strategies for whole rule documents that use every key of the language."""

import json
from typing import Any

from hypothesis import strategies as st

from domain.listing import Condition
from tests.rules.written import groups, words

percents = st.decimals("0.01", "90", places=2).map(lambda value: f"{value}%")
amounts = st.decimals("0.01", "500", places=2).map(str)
durations = st.builds(lambda n, unit: f"{n}{unit}", st.integers(1, 80), st.sampled_from("mhd"))
sellers = st.lists(
    st.sampled_from(["A1", "A2FIQ4", "ATVPDKIKX0DER"]).map(lambda s: s + "X"),
    min_size=1,
    unique=True,
)
changes = st.dictionaries(
    st.sampled_from(["increase", "decrease"]), percents | amounts, min_size=1, max_size=1
)
fallbacks = st.sampled_from(["price", "keep", "floor", "ceiling", "hold"])

shapes: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={"maxStep": percents | amounts, "cooldown": durations},
).flatmap(
    lambda shape: st.one_of(
        st.just(shape),
        st.sampled_from([".99", "9.95", ".5", "0.00"]).map(
            lambda ending: {**shape, "ending": ending}
        ),
        st.fixed_dictionaries(
            {"to": amounts}, optional={"direction": st.sampled_from(["up", "down", "nearest"])}
        ).map(lambda rounding: {**shape, "round": rounding}),
    )
)
seasons: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "from": st.dates().filter(lambda d: 1970 <= d.year <= 2030).map(str),
        "weekdays": st.lists(st.sampled_from(["mon", "wed", "sun"]), min_size=1, unique=True),
        "hours": st.sampled_from(["08:00-18:00", "22:00-06:00"]),
        "priority": st.integers(1, 1000),
        "description": words,
        "active": st.booleans(),
        "when": groups(2),
    },
)
_conditions = st.one_of(
    st.sampled_from(["all", "matchingOnly"]).map(lambda mode: {"mode": mode}),
    st.dictionaries(
        st.sampled_from([c.value for c in Condition if c is not Condition.NEW]), st.integers(1, 100)
    ).map(lambda worth: {"mode": "variance", "percents": worth}),
)
_filters = {
    "conditions": _conditions,
    "fulfilment": st.sampled_from(["merchant", "amazon"]),
    "excludeSellers": sellers,
    "excludeAmazon": st.booleans(),
    "maxAge": durations,
}
competitors = st.one_of(
    st.fixed_dictionaries({"source": st.just("buyBox")}, optional=_filters),
    st.fixed_dictionaries(
        {"source": st.just("lowest")},
        optional={
            **_filters,
            "minFeedbackRating": st.integers(0, 100),
            "minFeedbackCount": st.integers(0, 9999),
        },
    ),
    st.fixed_dictionaries({"source": st.just("buyBox"), "onlySellers": sellers}),
)
floors = st.one_of(
    st.fixed_dictionaries({"source": st.just("cost")}, optional={"increase": percents}),
    st.fixed_dictionaries(
        {
            "source": st.just("cost"),
            "fees": st.fixed_dictionaries(
                {"referral": st.just("15%")}, optional={"fixed": amounts}
            ),
        },
        optional={"margin": st.sampled_from(["10%", "2.00"])},
    ),
)
ceilings = st.fixed_dictionaries({"source": st.just("msrp")}, optional={"decrease": percents})


@st.composite
def _intelligent(draw: st.DrawFn) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "type": "intelligent",
        "competitor": draw(competitors),
        "adjust": draw(st.just("match") | changes),
        "floor": draw(floors),
        "ceiling": draw(ceilings),
        "cooldown": "30m",
    }
    cases: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(
        ("noCompetitor", "belowFloor", "aboveCeiling"), fallbacks
    )
    if rule["competitor"]["source"] == "buyBox":
        cases["buyBoxOwned"] = fallbacks | st.just({"increase": "1%"})
    otherwise = draw(st.fixed_dictionaries({}, optional=cases))
    return {**rule, "otherwise": otherwise} if otherwise else rule


_standard: st.SearchStrategy[dict[str, Any]] = changes.map(
    lambda adjust: {"type": "standard", "adjust": adjust}
)
_limits = st.fixed_dictionaries(
    {"totalFall": st.just("10%")},
    optional={
        "minimumPrice": amounts,
        "largestStep": percents,
        "changedShare": percents,
        "medianFall": percents,
        "belowCost": st.integers(0, 50),
        "fromListings": st.integers(1, 50),
    },
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document of any kind, with every key of the language in some of them."""
    name = draw(words)
    kind = draw(st.sampled_from(["pricing", "pricing", "pricing", "listing", "guardrails"]))
    if kind == "guardrails":
        return {"kind": kind, "name": name, "limits": draw(_limits)}
    if kind == "listing":
        then = st.fixed_dictionaries({"then": st.sampled_from(["list", "keepOut"])})
        rules = draw(st.lists(then, max_size=4))
        return {"kind": kind, "name": name, "rules": _named(rules)}
    rules = [
        {**draw(seasons), **draw(shapes), **draw(st.one_of(_standard, _intelligent()))}
        for _ in range(draw(st.integers(0, 4)))
    ]
    return {"kind": kind, "name": name, **draw(shapes), "rules": _named(rules)}


def _named(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"key": f"r{index}", **rule} for index, rule in enumerate(rules)]


texts = documents().map(lambda document: json.dumps(document, ensure_ascii=False, indent=1))
