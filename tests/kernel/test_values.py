"""Money, ids and settings as values."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ConfigurationError, Invalid
from kernel.ids import uuid7
from kernel.money import Money, amount_text, from_json, parse_amount
from kernel.settings import load_settings

micros = st.integers(-(10**15), 10**15)


@given(micros)
def test_amounts_survive_their_text(value: int) -> None:
    assert parse_amount(amount_text(value), "USD") == Money(value, "USD")


@given(st.lists(micros, max_size=50), st.sampled_from(["USD", "JPY", "KWD", "CNY"]))
def test_rounding_carries_the_remainder_and_loses_nothing(values: list[int], currency: str) -> None:
    paid, carried = 0, 0
    for value in values:
        payable, rest = Money(value + carried, currency).round_to_exponent()
        paid, carried = paid + payable.micros, rest.micros
    assert paid + carried == sum(values)
    assert abs(carried) < {"USD": 10_000, "CNY": 10_000, "JPY": 1_000_000, "KWD": 1_000}[currency]


def test_products_round_half_to_even_at_the_micro() -> None:
    assert [Money(n, "USD").multiply(Decimal("0.5")).micros for n in (1, 3, 5, 7)] == [0, 2, 2, 4]
    assert Money(13_500, "USD").multiply(Decimal("1.15")).micros == 15_525


@pytest.mark.parametrize("amount", ["1.2345678", "1e3", "NaN", "", "١٢", "1,5", "--1", "9" * 13])
def test_inexact_amounts_are_refused(amount: str) -> None:
    with pytest.raises(Invalid):
        parse_amount(amount, "USD")


def test_money_has_one_form() -> None:
    assert from_json({"amount": "0.0135", "currency": "USD"}).to_json() == {"amount": "0.013500", "currency": "USD"}
    for wrong in (
        {"amount": 1.5, "currency": "USD"},
        {"amount": "1", "currency": "usd"},
        {"amount": "1", "currency": "XQX"},
        "1 USD",
    ):
        with pytest.raises(Invalid):
            from_json(wrong)
    with pytest.raises(Invalid):
        Money(1, "USD") + Money(1, "EUR")
    assert Money(1_234_500_000, "JPY").format("en") == "¥1,234.5"
    assert Money(13_500, "USD").format("zh_Hans_CN") == "US$0.0135"


def test_ids_rise_and_are_version_7() -> None:
    ids = [uuid7() for _ in range(10_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {item.version for item in ids} == {7}


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="port"):
        load_settings(tmp_path, environ={"CALLBOARD_PORT": "many"})
    (tmp_path / "callboard.toml").write_text("prot = 1")
    with pytest.raises(ConfigurationError, match="prot"):
        load_settings(tmp_path, environ={})
    (tmp_path / "callboard.toml").write_text("port = 1234")
    assert load_settings(tmp_path, environ={}).port == 1234
    assert load_settings(tmp_path, environ={"CALLBOARD_PORT": "99"}).port == 99
    assert load_settings(tmp_path, environ={"DATABASE_URL": "postgresql://x/y"}).database_url == "postgresql://x/y"
