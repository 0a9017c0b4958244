"""What an organiser sends about seasons, seats and campaigns: one definition for the API and the command line.

Law: as `server_stub.api.forms`.

Source: docs/model-c.md.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from server_stub.api.forms import NUMBER_MOST, Minor, PaidBy, Strict, TagForm
from server_stub.rules.campaign import CampaignMode, Choice
from server_stub.rules.event_seat import CUT_OFF_HOURS

EventNumber = Annotated[int, msgspec.Meta(ge=1, le=NUMBER_MOST)]
CutOff = Annotated[int, msgspec.Meta(ge=0, le=1_000)]
CSV_CHARACTERS_MOST = 4_000_000


class SeasonForm(Strict, frozen=True):
    """A season: from its first to its last day.

    ``price_minor``: of a card for all its matches, ``match_price_minor``: of a ticket for one. ``zones`` empty =
    everywhere. ``follows``: the season whose holders may renew into this one. ``cut_off_hours``: so long before a match
    a transfer is closed. ``allows_retransfer``: what was received may be passed on. ``tags``: of who buys a card.
    """

    name: str
    first_day: date
    last_day: date
    price_minor: Minor = 0
    match_price_minor: Minor = 0
    zones: list[str] = msgspec.field(default_factory=list)
    follows: str | None = None
    cut_off_hours: CutOff = CUT_OFF_HOURS
    allows_retransfer: bool = False
    tags: list[TagForm] = msgspec.field(default_factory=list)


class TimesForm(Strict, frozen=True):
    """When an event is. Local times: ``2026-05-01T20:00``; doors open an hour before unless said otherwise."""

    starts_at: str
    ends_at: str
    doors_from: str | None = None
    doors_until: str | None = None


class MatchForm(Strict, frozen=True):
    """A match of a season, for all its holders."""

    name: str
    starts_at: str
    ends_at: str
    doors_from: str | None = None
    doors_until: str | None = None


class SeatMapForm(Strict, frozen=True):
    """A seat map as CSV: a first line ``seat``, then one seat a line; or a JSON array of objects."""

    csv: Annotated[str, msgspec.Meta(max_length=CSV_CHARACTERS_MOST)]


class SeatForm(Strict, frozen=True):
    """A seat at a match."""

    event: EventNumber
    seat: str


class OfferForm(Strict, frozen=True):
    """A match that is offered to somebody."""

    event: EventNumber
    seat: str
    email: str


class ChangeSeatForm(Strict, frozen=True):
    """Another seat at one match."""

    event: EventNumber
    seat: str
    to_seat: str


class UpgradeSeatForm(Strict, frozen=True):
    """What a concession is paid up with for one match: 5.00 is 500."""

    event: EventNumber
    seat: str
    price_minor: Minor
    paid_by: PaidBy = PaidBy.CASH


class SeatCardForm(Strict, frozen=True):
    """The card that a seat's renewal is charged to: the number of a test card."""

    season: str
    seat: str
    card: str


class CampaignForm(Strict, frozen=True):
    """A renewal campaign for a season that follows another.

    ``price_minor`` null = that of a season card. ``charge_at``: local time from which a run charges; null = by hand, as
    soon as it is run. ``priority_ends_on``: the last day on which the seats are their holders' to take.
    ``keeps_codes``: the old card opens in the new season too.
    """

    name: str
    season: str
    mode: CampaignMode
    priority_ends_on: date
    price_minor: Minor | None = None
    charge_at: str | None = None
    keeps_codes: bool = True


class ChoiceForm(Strict, frozen=True):
    """What a holder said about a renewal: ``in``, ``out``, or ``none`` to take it back."""

    seat: str
    choice: Choice


class RenewForm(Strict, frozen=True):
    """A holder pays for a renewal: at the desk, or (null) with the card that is known."""

    seat: str
    paid_by: PaidBy | None = None


class LinkForm(Strict, frozen=True):
    """A holder pays behind a link: with the number of a test card."""

    card: str
