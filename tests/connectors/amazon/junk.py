"""Answers in the shape of an example, of which any part may be anything."""

from typing import Any

from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


def like(example: Any) -> st.SearchStrategy[Any]:
    """Values in the shape of an example, of which any part may be missing or anything else."""
    if isinstance(example, dict):
        whole = st.fixed_dictionaries(
            {}, optional={key: like(part) for key, part in example.items()}
        )
        return whole | JSON
    if isinstance(example, list):
        return st.lists(st.one_of([like(part) for part in example]), max_size=3) | JSON
    return st.just(example) | JSON
