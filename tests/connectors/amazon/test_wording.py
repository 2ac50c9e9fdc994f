"""What of Amazon's words may be kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.amazon.wording import CUT, KNOWN, LONGEST, code_of, cut


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Access to requested resource is denied.", "Access to requested resource is denied."),
        ("Invalid value 'Ada Lovelace' for buyer name", "Invalid value … for … name"),
        ("Amazon cannot be reached: ConnectError", "Amazon cannot be reached: ConnectError"),
        ("Ship to 12 Main Street", "… to …"),
    ],
)
def test_words_that_are_not_known_are_cut(told: str, kept: str) -> None:
    assert cut(told) == kept


@given(st.text() | st.lists(st.sampled_from([*sorted(KNOWN), "Ada", "Atza|x"])).map(" ".join))
def test_nothing_but_known_words_is_left(text: str) -> None:
    kept = cut(text)
    assert len(kept) <= LONGEST
    whole = kept.split()[:-1] if len(kept) == LONGEST else kept.split()
    assert {word.strip(".,:;()'\"`").lower() for word in whole} <= {CUT, *KNOWN}
    assert cut(kept) == kept or len(kept) == LONGEST


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        *((each, each) for each in ("InvalidInput", "90220", "AWS.Simple.Gone", "invalid_grant")),
        *((each, None) for each in ("Atza|secret", "Ada Lovelace", "", None, "a@b", "1234567")),
    ],
)
def test_codes_have_amazons_form(code: str | None, kept: str | None) -> None:
    assert code_of(code) == kept
