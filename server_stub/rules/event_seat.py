"""One seat at one event: the holder's own, offered to somebody, given away, put up for sale, sold, used.

Law: at most one admitting right per (event, seat): the holder's until a transfer is accepted, from that instant the
recipient's, and after a recall the holder's again; nobody's while it is for sale, then the buyer's. An entry that
happened is never refused here: it is a fact. A card row stays as it is; what differs at one event is an exception of
that event.

    own ◀──────▶ transfer_pending ──accepted──▶ transferred ──recalled──▶ own
    own ◀──────▶ listed ◀──────▶ sold
     └──entered──▶ used ──given back──▶ own

What reads this table asks `ADMITS` and `SAID_AT_THE_GATE`.

Source: docs/decisions.md, "Central: state machines"; docs/membership-rules.md, "Transfers".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from scanner.core.calendar import HOUR_MS
from scanner.core.grants import EventException, GrantFlag
from scanner.core.reasons import Reason
from scanner.core.units import EventNo, Instant
from server_stub.rules.machine import Row, Table, next_state
from server_stub.rules.refusals import Refusal

CUT_OFF_HOURS = 3
"""How long before an event a transfer can no longer change hands, unless the site says otherwise."""


class SeatState(StrEnum):
    """Where the right to one event on one seat stands."""

    OWN = "own"
    TRANSFER_PENDING = "transfer_pending"
    TRANSFERRED = "transferred"
    LISTED = "listed"
    SOLD = "sold"
    USED = "used"


class SeatEvent(StrEnum):
    """What can happen to it.

    ``expired``: nobody answered in time. ``returned``: the buyer was refunded. ``given_back``: the arm did not turn.
    """

    OFFERED = "offered"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    RECALLED = "recalled"
    LISTED = "listed"
    UNLISTED = "unlisted"
    SOLD = "sold"
    RETURNED = "returned"
    ENTERED = "entered"
    GIVEN_BACK = "given_back"


_S, _E = SeatState, SeatEvent

SEAT_TABLE: Table[SeatState, SeatEvent] = {
    _S.OWN: Row(
        {
            _E.OFFERED: _S.TRANSFER_PENDING,
            _E.LISTED: _S.LISTED,
            _E.ENTERED: _S.USED,
            _E.GIVEN_BACK: _S.OWN,
        },
        Refusal.NO_OFFER,
    ),
    _S.TRANSFER_PENDING: Row(
        {
            _E.ACCEPTED: _S.TRANSFERRED,
            _E.REJECTED: _S.OWN,
            _E.EXPIRED: _S.OWN,
            _E.RECALLED: _S.OWN,
            _E.ENTERED: _S.USED,
            _E.GIVEN_BACK: _S.TRANSFER_PENDING,
        },
        Refusal.OFFER_OPEN,
    ),
    _S.TRANSFERRED: Row(
        {_E.RECALLED: _S.OWN, _E.ENTERED: _S.TRANSFERRED, _E.GIVEN_BACK: _S.TRANSFERRED},
        Refusal.GIVEN_AWAY,
    ),
    _S.LISTED: Row(
        {
            _E.UNLISTED: _S.OWN,
            _E.SOLD: _S.SOLD,
            _E.ENTERED: _S.LISTED,
            _E.GIVEN_BACK: _S.LISTED,
        },
        Refusal.SEAT_LISTED,
    ),
    _S.SOLD: Row(
        {_E.RETURNED: _S.LISTED, _E.ENTERED: _S.SOLD, _E.GIVEN_BACK: _S.SOLD},
        Refusal.SEAT_SOLD,
    ),
    _S.USED: Row({_E.ENTERED: _S.USED, _E.GIVEN_BACK: _S.OWN}, Refusal.ALREADY_ENTERED),
}
"""What each event does in each state. An entry on what is another's changes nothing: the central lists a conflict."""

ADMITS = frozenset({_S.OWN, _S.TRANSFER_PENDING, _S.USED})
"""The states in which the card itself is the right."""

SAID_AT_THE_GATE: dict[SeatState, Reason] = {
    _S.TRANSFERRED: Reason.TRANSFERRED,
    _S.LISTED: Reason.RESALE,
    _S.SOLD: Reason.RESALE,
}
"""What a gate answers to the card at this event in the other states."""

_CHANGES_HANDS = frozenset({_E.OFFERED, _E.ACCEPTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSeat:
    """A holder's right to one event.

    Attributes:
        seat, flags: where they differ from the card's at this event only (another seat, an upgrade that was paid).
        was_received: it came by a transfer itself.
        passed_on: the recipient of this one has used it or given it away.
    """

    event_no: EventNo
    starts_at: Instant
    state: SeatState = SeatState.OWN
    seat: str | None = None
    flags: frozenset[GrantFlag] | None = None
    was_received: bool = False
    passed_on: bool = False


@dataclass(frozen=True, slots=True)
class TransferPolicy:
    """What a site allows."""

    cut_off_hours: int = CUT_OFF_HOURS
    allows_retransfer: bool = False


def seat_after(
    right: EventSeat, event: SeatEvent, now: Instant, policy: TransferPolicy
) -> SeatState | Refusal:
    """The state after an event, or why it cannot happen.

    Args:
        right: as it stands; ``used`` = there is an accepted entry that was not given back.
        event: what is asked or happened.
        now: when.
        policy: of the site.
    """
    state = next_state(SEAT_TABLE, right.state, event)
    if isinstance(state, Refusal):
        return state
    if event is SeatEvent.OFFERED and right.was_received and not policy.allows_retransfer:
        return Refusal.RETRANSFER_NOT_ALLOWED
    takes_back = event is SeatEvent.RECALLED and right.state is SeatState.TRANSFERRED
    if takes_back and right.passed_on:
        return Refusal.PASSED_ON
    closes_at = right.starts_at - policy.cut_off_hours * HOUR_MS
    if (takes_back or event in _CHANGES_HANDS) and now >= closes_at:
        return Refusal.CUT_OFF_PASSED
    return state


def upgraded(right: EventSeat, own_flags: frozenset[GrantFlag]) -> EventSeat | Refusal:
    """A concession that was paid up for one match: the flag is gone there, and only there.

    Args:
        right: as it stands.
        own_flags: of the ticket, at all its events.
    """
    if right.state not in ADMITS:
        return SEAT_TABLE[right.state].otherwise
    flags = own_flags if right.flags is None else right.flags
    if GrantFlag.CONCESSION not in flags:
        return Refusal.NO_CONCESSION
    return replace(right, flags=flags - {GrantFlag.CONCESSION})


def downgraded(right: EventSeat, own_flags: frozenset[GrantFlag]) -> EventSeat | Refusal:
    """The money was given back: the match is a concession's again. Not after an entry at the full price.

    Args:
        right: as it stands; ``used`` = there is an accepted entry that was not given back.
        own_flags: of the ticket, at all its events.
    """
    if right.state is SeatState.USED:
        return Refusal.ALREADY_ENTERED
    is_paid_up = right.flags is not None and GrantFlag.CONCESSION not in right.flags
    if not is_paid_up or GrantFlag.CONCESSION not in own_flags:
        return Refusal.NOT_PAID_UP
    flags = (right.flags or frozenset()) | {GrantFlag.CONCESSION}
    return replace(right, flags=None if flags == own_flags else flags)


def exceptions_of(rights: Iterable[EventSeat]) -> tuple[EventException, ...]:
    """What gates must know of a card's events, as far as it differs from the card's row."""
    exceptions = (
        EventException(
            event_no=right.event_no,
            seat=right.seat,
            deny_reason=SAID_AT_THE_GATE.get(right.state),
            flags=right.flags,
        )
        for right in sorted(rights, key=lambda right: right.event_no)
    )
    return tuple(e for e in exceptions if e != EventException(event_no=e.event_no))
