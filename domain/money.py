"""Money as a whole number of a currency's smallest unit. No float ever comes near it."""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

# ISO 4217 currencies in circulation whose smallest unit is not a hundredth.
_OTHER_DIGITS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
_HUNDREDTHS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD
HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK
MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD
RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS
UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
""".split()

CURRENCY_DIGITS: dict[str, int] = {**dict.fromkeys(_HUNDREDTHS, 2), **_OTHER_DIGITS}
"""Decimal digits of each ISO 4217 currency's smallest unit."""

_AMOUNT = re.compile(r"-?\d{1,15}(\.\d+)?", re.ASCII)


def half_up(value: Fraction) -> int:
    """The nearest whole number; a half goes away from zero, as shops round (behaviour 14.8)."""
    return _half_up(value.numerator, value.denominator)


def _half_up(numerator: int, denominator: int) -> int:
    """The same of a quotient, reduced or not, whose denominator is above zero."""
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency: `minor` counts its smallest unit, such as cents."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, amount: str | Decimal, currency: str) -> "Money":
        """Read a decimal such as ``12.50``.

        Raises:
            ValueError: not a plain decimal, an unknown currency, or more digits than the currency has.
        """
        digits = CURRENCY_DIGITS.get(currency)
        if digits is None:
            raise ValueError(f"{currency!r} is not an ISO 4217 currency code such as USD")
        text = format(amount, "f") if isinstance(amount, Decimal) else amount.strip()
        if not _AMOUNT.fullmatch(text):
            raise ValueError(f"{text!r} is not an amount such as 12.50")
        whole, _, decimals = text.partition(".")
        decimals = decimals.rstrip("0")
        if len(decimals) > digits:
            raise ValueError(f"{text!r} has more than the {digits} decimals of {currency}")
        sign = -1 if whole.startswith("-") else 1
        return cls(sign * int(whole.lstrip("-") + decimals.ljust(digits, "0")), currency)

    @property
    def amount(self) -> str:
        """The decimal with all of the currency's digits, such as ``12.50``."""
        digits = CURRENCY_DIGITS[self.currency]
        if not digits:
            return str(self.minor)
        sign = "-" if self.minor < 0 else ""
        text = str(abs(self.minor)).rjust(digits + 1, "0")
        return f"{sign}{text[:-digits]}.{text[-digits:]}"

    def times(self, factor: Fraction) -> "Money":
        """Scale exactly, then round half up to the smallest unit."""
        return Money(_half_up(self.minor * factor.numerator, factor.denominator), self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other.minor


def convert(money: Money, rate: Fraction, currency: str) -> Money:
    """Exchange at `rate` units of `currency` for one of the money's own, rounded half up."""
    shift = Fraction(10) ** (CURRENCY_DIGITS[currency] - CURRENCY_DIGITS[money.currency])
    return Money(half_up(money.minor * rate * shift), currency)
