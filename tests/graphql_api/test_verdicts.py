from hypothesis import given
from hypothesis import strategies as st

from domain.decision import ConditionVerdict, RuleVerdict
from graphql_api.verdicts import verdict_of

_LEAVES = st.booleans().map(lambda holds: ConditionVerdict("eq", holds, "sku", "A", "B"))


def _group(children: list[ConditionVerdict], operator: str) -> ConditionVerdict:
    results = [child.holds for child in children]
    holds = {
        "ALL": all(results),
        "ANY": any(results),
        "NONE": not any(results),
        "NOT_ALL": not all(results),
    }[operator]
    return ConditionVerdict(operator, holds, children=tuple(children))


_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.builds(
        _group,
        st.lists(inner, min_size=1, max_size=3),
        st.sampled_from(["ALL", "ANY", "NONE", "NOT_ALL"]),
    ),
    max_leaves=12,
)


def _flipped(tree: ConditionVerdict, paths: set[str], path: str = "") -> ConditionVerdict:
    """The tree with the comparisons at some places the other way round."""
    if not tree.children:
        return ConditionVerdict("eq", tree.holds is not (path in paths), tree.fact)
    children = [
        _flipped(child, paths, f"{path}.{position}" if path else str(position))
        for position, child in enumerate(tree.children)
    ]
    return _group(children, tree.operator)


@given(_TREES)
def test_a_rule_would_match_if_its_failed_conditions_were_otherwise(tree: ConditionVerdict) -> None:
    verdict = verdict_of(RuleVerdict("key", 1, tree.holds, "note", tree))
    places = {condition.path for condition in verdict.failed_conditions}
    assert verdict.is_matched is tree.holds
    assert bool(places) is not tree.holds
    assert _flipped(tree, places).holds
    assert all(not condition.children for condition in verdict.failed_conditions)


@given(_TREES)
def test_the_flat_list_holds_the_whole_tree_in_its_places(tree: ConditionVerdict) -> None:
    verdict = verdict_of(RuleVerdict("key", None, False, "note", tree))
    for condition in verdict.conditions:
        found = verdict.condition_tree
        for position in condition.path.split(".") if condition.path else []:
            assert found is not None
            found = found.children[int(position)]
        assert found is condition
        assert condition.depth == len(condition.path.split(".")) * bool(condition.path)


def test_a_rule_without_conditions_matches_everything() -> None:
    verdict = verdict_of(RuleVerdict("key", None, True, "It applied", None))
    assert (verdict.is_matched, verdict.condition_tree, verdict.conditions) == (True, None, [])
