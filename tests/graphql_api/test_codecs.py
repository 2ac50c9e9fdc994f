from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import moment
from domain.errors import InvalidInput
from graphql_api.connections import Paging, _write_cursor
from graphql_api.ids import Kind, split, to_id, to_key
from graphql_api.money import MoneyInput
from graphql_api.scalars import SCALARS, CurrencyCode, read_moment
from storage.keyset import Sort


@given(st.sampled_from(Kind), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_an_id_leads_back_to_its_key(kind: Kind, key: str) -> None:
    assert split(to_id(kind, key)) == (kind, key)


@given(st.text())
def test_whatever_is_sent_as_an_id_is_one_or_is_none(text: str) -> None:
    found = split(text)
    assert found is None or to_id(*found) is not None


def test_an_id_of_another_type_is_none() -> None:
    assert to_key(Kind.LISTING, to_id(Kind.STORE, "1")) is None


def test_ids_are_base64_of_type_and_key() -> None:
    assert to_id(Kind.LISTING, "0") == "TGlzdGluZzow"


@given(
    st.datetimes(timezones=st.just(UTC)).map(
        lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
    ),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_a_cursor_leads_back_to_its_place(at: datetime, key: str) -> None:
    sort = Sort("updated_at")
    assert Paging(after=_write_cursor(at, key)).request(sort).after == (at, key)
    assert Paging(before=_write_cursor(key, key)).request(Sort("_id")).before == (key, key)


@pytest.mark.parametrize("cursor", ["", "x", "e30=", "WzFd", _write_cursor("a", "b"), "bnVsbA=="])
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        Paging(after=cursor).request(Sort("updated_at"))


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=5, minutes=30)))))
def test_a_moment_is_written_in_utc_and_read_back(at: datetime) -> None:
    written = moment(at)
    assert written.endswith("Z")
    assert abs(read_moment(written) - at) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T09:30:00",
        "2026-01-31",
        "2026-02-30T00:00:00Z",
        "20260131T093000Z",
        "",
        1767607200,
    ],
)
def test_a_moment_without_zone_or_of_another_form_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"zone|day|range"):
        read_moment(text)


@pytest.mark.parametrize("value", [12.5, 12, "1e3", "", " 1", "1,5", "NaN", None, True])
def test_a_decimal_is_a_plain_decimal_in_a_string(value: object) -> None:
    parse = SCALARS[Decimal].parse_value
    assert parse is not None
    with pytest.raises(ValueError, match="string"):
        parse(value)


@pytest.mark.parametrize(
    ("amount", "currency", "field"),
    [
        ("12.345", "USD", ("input", "price", "amount")),
        ("1.5", "JPY", ("input", "price", "amount")),
        ("1", "XXX", ("input", "price", "currencyCode")),
    ],
)
def test_money_is_refused_and_never_rounded(
    amount: str, currency: str, field: tuple[str, ...]
) -> None:
    given_ = MoneyInput(amount=Decimal(amount), currency_code=CurrencyCode(currency))
    with pytest.raises(InvalidInput) as refusal:
        given_.money(("input", "price"))
    assert refusal.value.field == field
