"""Amounts as people write them: 80.00 is 8000 minor units of a currency with two decimals.

Law: exact, no float; what has more decimals than the currency is refused, never rounded.

Source: ISO 4217, minor units.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from server_stub.api.forms import MINOR_MOST
from server_stub.faults import FieldError

DECIMALS = {
    "BHD": 3,
    "JOD": 3,
    "KWD": 3,
    "OMR": 3,
    "TND": 3,
    "JPY": 0,
    "KRW": 0,
    "XAF": 0,
    "XOF": 0,
    "XPF": 0,
}
"""Currencies that do not have two."""
DECIMALS_USUAL = 2
PERCENT_BP = 100


def parse_minor(text: str, currency: str) -> int:
    """An amount in minor units.

    Raises:
        InputError: ``amount_bad``.
    """
    decimals = DECIMALS.get(currency, DECIMALS_USUAL)
    return _whole(text, 10**decimals, f"an amount in {currency} with at most {decimals} decimals")


def parse_percent(text: str) -> int:
    """A percentage in basis points.

    Raises:
        InputError: ``amount_bad``.
    """
    return _whole(text.removesuffix("%"), PERCENT_BP, "a percentage with at most 2 decimals")


def format_minor(minor: int, currency: str) -> str:
    """``75.00 EUR``."""
    decimals = DECIMALS.get(currency, DECIMALS_USUAL)
    return f"{Decimal(minor).scaleb(-decimals):.{decimals}f} {currency}"


def _whole(text: str, times: int, what: str) -> int:
    try:
        exact = Decimal(text.strip()) * times
        if exact.is_finite() and exact == exact.to_integral_value() and 0 <= exact <= MINOR_MOST:
            return int(exact)
    except InvalidOperation:
        pass
    raise FieldError(
        "amount_bad",
        f"{text[:40]!r} is not {what}; nothing was changed",
        "write it as 80.00",
        field="amount",
    )
