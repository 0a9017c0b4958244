"""What is sent and answered about subscriptions over HTTP.

Law: pure types. Amounts are minor units, instants ms. Nothing of a card but what its provider calls it is kept, and
that is never answered.

Source: docs/model-b.md, "Over HTTP".
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from server_stub.api.forms import Strict
from server_stub.rules.subscription import SubscriptionState
from server_stub.selling.till import REFERENCE_CHARACTERS, Means

CARD_CHARACTERS = 40
CardNumber = Annotated[str, msgspec.Meta(max_length=CARD_CHARACTERS)]


class SettleForm(Strict, frozen=True):
    """How what is open is paid.

    ``means``: what staff were handed; null = the card that is known. ``in_advance``: for the next cycle, by hand only.
    """

    means: Means | None = None
    reference: Annotated[str, msgspec.Meta(max_length=REFERENCE_CHARACTERS)] | None = None
    in_advance: bool = False


class CardForm(Strict, frozen=True):
    """The number of a test card."""

    card: CardNumber


class MyPaymentForm(Strict, frozen=True):
    """The number of a test card, from now on; null = the card that is known."""

    card: CardNumber | None = None


class UpgradeForm(Strict, frozen=True):
    """A dearer plan with the same rhythm."""

    plan: str


class CardCodeForm(Strict, frozen=True):
    """The number that is printed on a card already; null = a signed ticket is made."""

    code: str | None = None
    symbology: str | None = None


class ReplaceForm(Strict, frozen=True):
    """The number that is printed on the new card; null = of the same kind as the old one."""

    code: str | None = None


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One charge, or one thing that the customer is to be told or given back.

    ``answer``: of a charge. ``sent_at``: when the letter of a notice went.
    """

    happened_at: int
    what: str
    amount_minor: int | None
    answer: str | None
    sent_at: int | None
    key: str


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription as it stands. ``due_minor``: what would be paid now; null = nothing is open."""

    subscription_id: str
    plan: str
    email: str | None
    state: SubscriptionState
    paid_by: str
    paid_until: int | None
    grace_until: int | None
    benefit_until: int | None
    ends_at: int | None
    credit_minor: int
    due_minor: int | None
    currency: str


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription with everything that was charged and told."""

    subscription: Seen
    happened: list[Happened]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription that staff have ended, and what is to be given back."""

    subscription: Seen
    refund_minor: int


class UpgradePrice(msgspec.Struct, frozen=True, kw_only=True):
    """What a dearer plan costs now: the rest of the cycle at its price less the rest at the old one."""

    plan: str
    new_minor: int
    credit_minor: int
    charge_minor: int
    currency: str
    paid_until: int


class Token(msgspec.Struct, frozen=True):
    """What a renewal token says, as a QR code shows it."""

    payload: str
