"""Money as whole micros (10⁻⁶ of a currency unit) with a currency code: piece rates go below a cent, sums stay exact.

There is no float anywhere. Factors are `Decimal`; a product rounds half to even at the micro, once, where it is made.
"""

import re
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

import msgspec
from babel.core import get_global
from babel.numbers import format_currency

from kernel.errors import Invalid

MICROS = 1_000_000
LARGEST_MICROS = 9 * 10**18  # fits BIGINT with room for the sign
_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


class Money(msgspec.Struct, frozen=True, order=True):
    micros: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(self.micros + self._same(other).micros, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.micros - self._same(other).micros, self.currency)

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise Invalid(f"{self.currency} and {other.currency} cannot be added; convert first.")
        return other

    def multiply(self, factor: Decimal) -> "Money":
        """Rounded half to even at the micro, so that a million products carry no bias."""
        with localcontext() as context:
            context.prec = 60  # the product is exact; it is rounded once, below
            product = Decimal(self.micros) * factor
        return Money(round_half_even(product), self.currency)

    def to_json(self) -> dict[str, str]:
        return {"amount": amount_text(self.micros), "currency": self.currency}

    def round_to_exponent(self) -> tuple["Money", "Money"]:
        """The amount in payable units of its currency (cent, yen, fils) and the remainder to carry forward.

        Rounded towards zero: nobody is paid what was not earned yet, and the remainder is never lost.
        """
        unit = 10 ** (6 - exponent(self.currency))
        payable = (abs(self.micros) // unit) * unit * (1 if self.micros >= 0 else -1)
        return Money(payable, self.currency), Money(self.micros - payable, self.currency)

    def format(self, locale: str) -> str:
        """As a person reads it, with as many decimals as the amount has, at least the currency's own."""
        digits = max(exponent(self.currency), len(amount_text(self.micros).rstrip("0").split(".")[1]))
        value = Decimal(self.micros) / MICROS
        with localcontext() as context:
            context.prec = 30
            return format_currency(
                value, self.currency, format=f"¤#,##0.{'0' * digits}" if digits else "¤#,##0",
                locale=locale, currency_digits=False,
            )  # fmt: skip


def exponent(currency: str) -> int:
    """Decimals of the currency's smallest payable unit, by ISO 4217: USD 2, JPY 0, KWD 3."""
    fractions: dict[str, tuple[int, ...]] = get_global("currency_fractions")  # type: ignore[assignment]
    return int(fractions.get(currency, fractions["DEFAULT"])[0])


def round_half_even(value: Decimal) -> int:
    with localcontext() as context:
        context.prec = 60
        return int(value.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def amount_text(micros: int) -> str:
    """Six decimals, always: `0.013500`."""
    whole, fraction = divmod(abs(micros), MICROS)
    return f"{'-' if micros < 0 else ''}{whole}.{fraction:06d}"


def parse_currency(code: str) -> str:
    if not _CURRENCY.fullmatch(code) or code not in get_global("all_currencies"):
        raise Invalid(f"{code!r} is no ISO 4217 currency code; send for example USD, CNY or EUR.")
    return code


def parse_amount(amount: str, currency: str) -> Money:
    """Exact: more than six decimals are refused, not rounded. Raises `Invalid`."""
    if not _AMOUNT.fullmatch(amount):
        raise Invalid(f'{amount!r} is no amount; send a decimal string with at most 6 decimals, for example "0.0135".')
    micros = int(Decimal(amount) * MICROS)
    return Money(micros, parse_currency(currency))


def from_json(value: Any) -> Money:
    """Of `{"amount": "0.0135", "currency": "USD"}`. Raises `Invalid`."""
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("amount"), str)
        or not isinstance(value.get("currency"), str)
    ):
        raise Invalid('Money is sent as {"amount": "0.0135", "currency": "USD"}, both as strings.')
    return parse_amount(value["amount"], value["currency"])
