"""What the central asks of whoever moves the money: one request, under a key that makes it safe to repeat.

Law: `PaymentProvider.charge` with a key that was used before charges nothing: it tells what became of the first
request, so asking and asking again are the same call. An answer that was not heard is `Answer.UNKNOWN`, never a guess.
A provider is called outside the central's transactions and commits by itself. It sees no name and no address.

Source: docs/model-b.md, "Payments"; docs/membership-rules.md, "Billing".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.rules.billing import Answer


class ProviderName(StrEnum):
    """How a subscription is paid."""

    MANUAL = "manual"
    CARD = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyRequest:
    """One charge.

    Attributes:
        key: of this very request; the same key is the same request.
        subscription_id: None = it is for an order; the till is not asked for one.
        method: what the provider calls the card; None where there is none.
        currency: ISO 4217.
        is_off_session: the customer is not there to confirm it.
    """

    key: str
    subscription_id: str | None
    method: str | None
    amount_minor: int
    currency: str
    is_off_session: bool
    at: Instant


class PaymentProvider(Protocol):
    """Cash desk, bank or card company."""

    def charge(self, request: MoneyRequest) -> Answer:
        """Moves the money once, or says what became of it.

        Raises:
            InputError: ``charge_key_reused``: the key was used for another request.
        """
        ...


Providers: TypeAlias = Mapping[ProviderName, PaymentProvider]


def require_same(key: str, was: tuple[int, str], now: tuple[int, str]) -> None:
    """Raises `InputError` ``charge_key_reused`` where one key stands for two amounts."""
    if was != now:
        raise InputError(
            "charge_key_reused",
            f"charge {key!r} was asked for {was[0]} {was[1]} and now for {now[0]} {now[1]}; nothing was charged",
            "a key belongs to one request for ever; ask under a new one",
        )
