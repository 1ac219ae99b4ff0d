from datetime import UTC, datetime
from typing import Any

import msgspec

from callboard.api.paging import Page
from callboard.api.shapes import Items
from callboard.api.wire import encode
from kernel.money import Money


class Plain(msgspec.Struct):
    at: datetime
    payload: dict[str, Any]


class Paid(msgspec.Struct):
    price: Money | None
    parts: list[Money] = []
    inner: Plain | None = None


def test_money_is_sent_as_text_wherever_it_stands() -> None:
    money, sent = Money(13_500, "USD"), '{"amount":"0.013500","currency":"USD"}'
    paid = Paid(money, [money])
    expected = f'{{"price":{sent},"parts":[{sent}],"inner":null}}'
    assert encode(paid).decode() == expected
    assert encode(Items([paid])).decode() == f'{{"items":[{expected}]}}'
    assert encode(Page([paid], None)).decode() == f'{{"items":[{expected}],"next_cursor":null}}'
    assert encode([{"price": money}]).decode() == f'[{{"price":{sent}}}]'


def test_what_holds_no_money_is_passed_on_as_it_is() -> None:
    plain = Plain(datetime(2026, 11, 22, 8, 0, tzinfo=UTC), {"micros": 1, "currency": "USD"})
    assert encode(plain) == b'{"at":"2026-11-22T08:00:00Z","payload":{"micros":1,"currency":"USD"}}'
