"""A season and its seats: who has a seat, who may have it next season, and that nobody else can buy it.

Law: at most one customer owns or holds a seat of a season at any instant. A hold ends by the clock alone. The owner
keeps the season to its end, whatever becomes of the renewal: what a renewal decides is the seat's claim on the next
season, which follows from this holding's state by `CLAIMS`, in the same transaction.

    available ◀──▶ held ─▶ owned ─▶ renewal_open ─▶ renewed
        ▲───────────────────┘            └─▶ lapsed ─▶ released

Source: docs/decisions.md, "Central: state machines"; docs/membership-rules.md, "Seasons and seats".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from scanner.core.units import EventNo, Instant, ScopeNo
from server_stub.rules.machine import Row, Table, next_state
from server_stub.rules.refusals import Refusal


class HoldingState(StrEnum):
    """Where a seat of a season stands."""

    AVAILABLE = "available"
    HELD = "held"
    OWNED = "owned"
    RENEWAL_OPEN = "renewal_open"
    RENEWED = "renewed"
    LAPSED = "lapsed"
    RELEASED = "released"


class HoldingEvent(StrEnum):
    """What can happen to a seat. ``taken_back``: its order was refunded or cancelled."""

    HELD = "held"
    LET_GO = "let_go"
    BOUGHT = "bought"
    TAKEN_BACK = "taken_back"
    RENEWAL_OPENED = "renewal_opened"
    RENEWED = "renewed"
    PRIORITY_ENDED = "priority_ended"
    RELEASED = "released"


_S, _E = HoldingState, HoldingEvent

HOLDING_TABLE: Table[HoldingState, HoldingEvent] = {
    _S.AVAILABLE: Row({_E.HELD: _S.HELD, _E.BOUGHT: _S.OWNED}, Refusal.SEAT_FREE),
    _S.HELD: Row(
        {_E.HELD: _S.HELD, _E.LET_GO: _S.AVAILABLE, _E.BOUGHT: _S.OWNED}, Refusal.SEAT_TAKEN
    ),
    _S.OWNED: Row(
        {
            _E.TAKEN_BACK: _S.AVAILABLE,
            _E.RENEWAL_OPENED: _S.RENEWAL_OPEN,
            _E.RENEWED: Refusal.CAMPAIGN_NOT_READY,
            _E.PRIORITY_ENDED: Refusal.CAMPAIGN_NOT_READY,
            _E.RELEASED: Refusal.CAMPAIGN_NOT_READY,
        },
        Refusal.SEAT_TAKEN,
    ),
    _S.RENEWAL_OPEN: Row(
        {
            _E.RENEWED: _S.RENEWED,
            _E.PRIORITY_ENDED: _S.LAPSED,
            _E.TAKEN_BACK: _S.AVAILABLE,
            _E.RELEASED: Refusal.RENEWAL_OPEN,
        },
        Refusal.SEAT_TAKEN,
    ),
    _S.RENEWED: Row(
        {
            _E.TAKEN_BACK: _S.AVAILABLE,
            _E.RENEWED: Refusal.ALREADY_RENEWED,
            _E.PRIORITY_ENDED: Refusal.ALREADY_RENEWED,
            _E.RELEASED: Refusal.ALREADY_RENEWED,
        },
        Refusal.SEAT_TAKEN,
    ),
    _S.LAPSED: Row(
        {
            _E.RELEASED: _S.RELEASED,
            _E.TAKEN_BACK: _S.AVAILABLE,
            _E.RENEWED: Refusal.RENEWAL_CLOSED,
        },
        Refusal.SEAT_TAKEN,
    ),
    _S.RELEASED: Row(
        {_E.TAKEN_BACK: _S.AVAILABLE, _E.RENEWED: Refusal.RENEWAL_CLOSED}, Refusal.SEAT_TAKEN
    ),
}
"""What each event does in each state, for a customer who may cause it (`hold`, `buy` ask who)."""

OWNED_STATES = frozenset({_S.OWNED, _S.RENEWAL_OPEN, _S.RENEWED, _S.LAPSED, _S.RELEASED})
"""The states in which the season belongs to the owner."""

CLAIMS: dict[HoldingState, HoldingState] = {
    _S.AVAILABLE: _S.AVAILABLE,
    _S.HELD: _S.AVAILABLE,
    _S.OWNED: _S.AVAILABLE,
    _S.RENEWAL_OPEN: _S.HELD,
    _S.RENEWED: _S.OWNED,
    _S.LAPSED: _S.HELD,
    _S.RELEASED: _S.AVAILABLE,
}
"""What a seat's state in one season makes of the same seat in the next, by renewal alone: held until it is released."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One seat of one season. ``held_until``: the end of a hold; None = until somebody ends it."""

    seat: str
    state: HoldingState = HoldingState.AVAILABLE
    customer_id: str | None = None
    held_until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Season:
    """A list of events sold together."""

    scope_no: ScopeNo
    events: frozenset[EventNo]

    def scope_events(self) -> tuple[tuple[ScopeNo, EventNo], ...]:
        """The rows that tell gates which events a season card is for: all holders at once."""
        return tuple((self.scope_no, event_no) for event_no in sorted(self.events))


def holding_at(holding: Holding, now: Instant) -> Holding:
    """The holding as it stands now: a hold that has run out is none, whether or not anybody swept."""
    if holding.state is not HoldingState.HELD or holding.held_until is None:
        return holding
    return holding if now < holding.held_until else Holding(seat=holding.seat)


def hold(
    holding: Holding, customer_id: str, now: Instant, until: Instant | None
) -> Holding | Refusal:
    """Reserves a seat for a cart or a renewal; one's own hold may be prolonged."""
    return _take(holding, HoldingEvent.HELD, customer_id, now, until)


def buy(holding: Holding, customer_id: str, now: Instant) -> Holding | Refusal:
    """Sells a seat for the season."""
    return _take(holding, HoldingEvent.BOUGHT, customer_id, now, None)


def change(holding: Holding, event: HoldingEvent) -> Holding | Refusal:
    """Every event that is nobody's choice of a seat; one that frees it forgets whose it was."""
    if event in {HoldingEvent.HELD, HoldingEvent.BOUGHT}:
        raise RuntimeError(f"{event.value} needs a customer: see hold, buy")
    state = next_state(HOLDING_TABLE, holding.state, event)
    if isinstance(state, Refusal):
        return state
    if state is HoldingState.AVAILABLE:
        return Holding(seat=holding.seat)
    return replace(holding, state=state)


def season_seat_is_sellable(holding: Holding, sold_at: Mapping[EventNo, str]) -> Refusal | None:
    """A seat is sold for a season only while no event of it has a single ticket on that seat.

    Args:
        holding: the seat, as it stands now.
        sold_at: the events of the season at which the seat was sold by itself, and to whom.
    """
    if sold_at:
        return Refusal.SEAT_TAKEN
    return (
        None if holding.state in {HoldingState.AVAILABLE, HoldingState.HELD} else Refusal.SEAT_TAKEN
    )


def event_seat_is_sellable(holdings: tuple[Holding, ...], now: Instant) -> Refusal | None:
    """A single ticket for an event is sold only while no season with that event has the seat owned or held.

    Args:
        holdings: of this seat, in every season that has the event.
        now: when it is asked.
    """
    is_free = all(holding_at(h, now).state is HoldingState.AVAILABLE for h in holdings)
    return None if is_free else Refusal.SEAT_TAKEN


def claimed(holding: Holding, now: Instant) -> Holding:
    """The same seat in the next season, as far as this one's holder has a claim on it."""
    state = CLAIMS[holding_at(holding, now).state]
    if state is HoldingState.AVAILABLE:
        return Holding(seat=holding.seat)
    return Holding(seat=holding.seat, state=state, customer_id=holding.customer_id)


def _take(
    holding: Holding, event: HoldingEvent, customer_id: str, now: Instant, until: Instant | None
) -> Holding | Refusal:
    current = holding_at(holding, now)
    if current.state is HoldingState.HELD and current.customer_id != customer_id:
        return Refusal.SEAT_TAKEN
    state = next_state(HOLDING_TABLE, current.state, event)
    if isinstance(state, Refusal):
        return state
    return Holding(seat=holding.seat, state=state, customer_id=customer_id, held_until=until)
