import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import ids

moments = st.integers(0, 2**48 - 1)


def made_at(milliseconds: int, chance: bytes) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("domain.ids.time.time_ns", lambda: milliseconds * 1_000_000)
        patch.setattr("domain.ids.secrets.token_bytes", lambda _: chance)
        return ids.new_id()


@given(moments, moments, st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_an_id_sorts_by_the_time_of_its_making(
    one: int, other: int, chance: bytes, luck: bytes
) -> None:
    first, second = made_at(one, chance), made_at(other, luck)
    assert len(first) == len(second) == 26
    assert (first < second) is ((one, chance) < (other, luck))
    assert (first == second) is ((one, chance) == (other, luck))


def test_an_id_is_written_as_a_ulid_is() -> None:
    """The time of the example in ULID's specification, in lower case."""
    assert made_at(1469918176385, b"\0" * 10) == "01aryz6s41" + "0" * 16
    assert made_at(0, bytes([255] * 10)) == "0" * 10 + "z" * 16
