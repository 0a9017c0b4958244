"""Transfer of one match (S71, S72, S73, S82)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.core.grants import EventException, GrantFlag
from scanner.core.reasons import Reason
from scanner.core.units import EventNo
from server_stub.rules.event_seat import (
    ADMITS,
    SAID_AT_THE_GATE,
    EventSeat,
    SeatEvent,
    SeatState,
    TransferPolicy,
    exceptions_of,
    seat_after,
    upgraded,
)
from server_stub.rules.refusals import Refusal
from support.instants import wall

S, E = SeatState, SeatEvent
MATCH = EventSeat(event_no=EventNo(3), starts_at=wall("2026-05-10T20:00"))
EARLY, LAST, CUT_OFF = (
    wall("2026-05-01T12:00"),
    wall("2026-05-10T16:59:59"),
    wall("2026-05-10T17:00"),
)
POLICY = TransferPolicy()


@pytest.mark.parametrize(
    ("state", "event", "answer"),
    [
        (S.OWN, E.OFFERED, S.TRANSFER_PENDING),
        (S.OWN, E.ACCEPTED, Refusal.NO_OFFER),
        (S.OWN, E.RECALLED, Refusal.NO_OFFER),
        (S.OWN, E.ENTERED, S.USED),
        (S.TRANSFER_PENDING, E.OFFERED, Refusal.OFFER_OPEN),
        (S.TRANSFER_PENDING, E.ACCEPTED, S.TRANSFERRED),
        (S.TRANSFER_PENDING, E.REJECTED, S.OWN),
        (S.TRANSFER_PENDING, E.EXPIRED, S.OWN),
        (S.TRANSFER_PENDING, E.RECALLED, S.OWN),
        (S.TRANSFER_PENDING, E.ENTERED, S.USED),
        (S.TRANSFERRED, E.OFFERED, Refusal.GIVEN_AWAY),
        (S.TRANSFERRED, E.RECALLED, S.OWN),
        (S.OWN, E.LISTED, S.LISTED),
        (S.TRANSFER_PENDING, E.LISTED, Refusal.OFFER_OPEN),
        (S.LISTED, E.OFFERED, Refusal.SEAT_LISTED),
        (S.LISTED, E.UNLISTED, S.OWN),
        (S.LISTED, E.SOLD, S.SOLD),
        (S.SOLD, E.UNLISTED, Refusal.SEAT_SOLD),
        (S.SOLD, E.RETURNED, S.LISTED),
        (S.USED, E.LISTED, Refusal.ALREADY_ENTERED),
        (S.USED, E.OFFERED, Refusal.ALREADY_ENTERED),
        (S.USED, E.ACCEPTED, Refusal.ALREADY_ENTERED),
        (S.USED, E.GIVEN_BACK, S.OWN),
    ],
)
def test_s73_what_each_event_makes_of_the_seat(state: S, event: E, answer: S | Refusal) -> None:
    assert seat_after(replace(MATCH, state=state), event, EARLY, POLICY) == answer


def test_s73_while_it_is_offered_the_card_is_still_the_right() -> None:
    pending = replace(MATCH, state=S.TRANSFER_PENDING)

    assert S.TRANSFER_PENDING in ADMITS
    assert exceptions_of([pending]) == ()


@pytest.mark.parametrize(
    ("state", "event"),
    [(S.OWN, E.OFFERED), (S.TRANSFER_PENDING, E.ACCEPTED), (S.TRANSFERRED, E.RECALLED)],
)
def test_s73_from_the_cut_off_on_nothing_changes_hands(state: S, event: E) -> None:
    right = replace(MATCH, state=state)

    assert isinstance(seat_after(right, event, LAST, POLICY), SeatState)
    assert seat_after(right, event, CUT_OFF, POLICY) is Refusal.CUT_OFF_PASSED
    assert isinstance(seat_after(right, event, CUT_OFF, TransferPolicy(cut_off_hours=0)), SeatState)


@pytest.mark.parametrize("event", [E.REJECTED, E.EXPIRED, E.RECALLED])
def test_s73_an_offer_can_be_undone_after_the_cut_off(event: E) -> None:
    pending = replace(MATCH, state=S.TRANSFER_PENDING)

    assert seat_after(pending, event, CUT_OFF, POLICY) is S.OWN


def test_s73_what_was_received_is_passed_on_only_where_the_site_allows_it() -> None:
    received = replace(MATCH, was_received=True)
    generous = TransferPolicy(allows_retransfer=True)

    assert seat_after(received, E.OFFERED, EARLY, POLICY) is Refusal.RETRANSFER_NOT_ALLOWED
    assert seat_after(received, E.OFFERED, EARLY, generous) is S.TRANSFER_PENDING


def test_s73_what_the_recipient_used_or_passed_on_is_not_recalled() -> None:
    gone = replace(MATCH, state=S.TRANSFERRED, passed_on=True)

    assert seat_after(gone, E.RECALLED, EARLY, POLICY) is Refusal.PASSED_ON


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("event", [E.ENTERED, E.GIVEN_BACK])
def test_s72_an_entry_that_happened_is_never_refused(state: S, event: E) -> None:
    after = seat_after(replace(MATCH, state=state), event, CUT_OFF, POLICY)

    assert isinstance(after, SeatState)
    assert (after is S.TRANSFERRED) == (state is S.TRANSFERRED)


def test_s71_the_card_is_refused_at_the_match_that_was_given_away_and_only_there() -> None:
    other = replace(MATCH, event_no=EventNo(4))

    assert exceptions_of([other, replace(MATCH, state=S.TRANSFERRED)]) == (
        EventException(event_no=EventNo(3), deny_reason=Reason.TRANSFERRED),
    )


def test_s82_an_upgrade_for_one_match_clears_the_flag_for_that_match_only() -> None:
    paid_up = replace(MATCH, flags=frozenset())
    reduced = replace(MATCH, event_no=EventNo(2), flags=frozenset({GrantFlag.CONCESSION}))

    assert exceptions_of([paid_up, reduced]) == (
        EventException(event_no=EventNo(2), flags=frozenset({GrantFlag.CONCESSION})),
        EventException(event_no=EventNo(3), flags=frozenset()),
    )


@pytest.mark.parametrize(
    ("state", "own", "here", "answer"),
    [
        (S.OWN, {GrantFlag.CONCESSION, GrantFlag.HIGHLIGHT}, None, {GrantFlag.HIGHLIGHT}),
        (S.TRANSFER_PENDING, {GrantFlag.CONCESSION}, None, set()),
        (S.OWN, set(), None, Refusal.NO_CONCESSION),
        (S.OWN, {GrantFlag.CONCESSION}, set(), Refusal.NO_CONCESSION),
        (S.TRANSFERRED, {GrantFlag.CONCESSION}, None, Refusal.GIVEN_AWAY),
        (S.LISTED, {GrantFlag.CONCESSION}, None, Refusal.SEAT_LISTED),
        (S.SOLD, {GrantFlag.CONCESSION}, None, Refusal.SEAT_SOLD),
    ],
)
def test_s82_what_paying_up_makes_of_one_match(
    state: S, own: set[GrantFlag], here: set[GrantFlag] | None, answer: set[GrantFlag] | Refusal
) -> None:
    right = replace(MATCH, state=state, flags=None if here is None else frozenset(here))
    after = upgraded(right, frozenset(own))

    assert (after if isinstance(after, Refusal) else after.flags) == answer


def test_another_seat_at_one_match_is_an_exception_of_that_match() -> None:
    assert exceptions_of([replace(MATCH, seat="B-3")]) == (
        EventException(event_no=EventNo(3), seat="B-3"),
    )


@pytest.mark.parametrize("state", S)
def test_the_card_admits_or_the_gate_says_why_not(state: S) -> None:
    assert (state in ADMITS) is (state not in SAID_AT_THE_GATE)
