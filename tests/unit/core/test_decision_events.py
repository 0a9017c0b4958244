"""Which event a scan is for, and whose seat it is."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from scanner.core.answer import Decision
from scanner.core.decision import decide
from scanner.core.grants import Event, EventException, EventStatus
from scanner.core.question import Scope, SeatEntry
from scanner.core.reasons import Outcome, Reason
from scanner.core.units import EventNo, ScopeNo
from support.rights import (
    ENTER,
    EXPO,
    KEY,
    MAIN,
    event,
    facts,
    grant,
    opaque,
    policy,
    reading,
    right,
    rule,
    scope,
    seat_taken,
    signed,
    unlisted,
)

SEASON = ScopeNo(1)
CANCELLED = {"status": EventStatus.CANCELLED}
EVENING = ("2026-03-10 18:00", "2026-03-10 23:00")
MORNING = ("2026-03-10 08:00", "2026-03-10 12:00")


class Row(NamedTuple):
    """A season, the events at the gate, and what comes of it."""

    season: Scope | None
    events: tuple[Event, ...]
    reason: Reason
    event_no: int | None = None


LATER = scope(1, last_doors_from="2026-03-20 18:00")
SCOPED = {
    "its event is on": Row(scope(1), (event(1),), Reason.OK, 1),
    "its event among others": Row(scope(2), (event(1), event(2)), Reason.OK, 2),
    "the one that starts first": Row(
        scope(1, 2), (event(1, "2026-03-10 14:00"), event(2, "2026-03-10 13:30")), Reason.OK, 2
    ),
    "of two that start at once the lowest number": Row(
        scope(1, 2), (event(2), event(1)), Reason.OK, 1
    ),
    "a cancelled one is passed over": Row(
        scope(1, 2),
        (event(1, "2026-03-10 12:30", **CANCELLED), event(2)),
        Reason.OK,
        2,
    ),
    "all of its own are cancelled": Row(
        scope(1), (event(1, **CANCELLED), event(2)), Reason.EVENT_CANCELLED, 1
    ),
    "another is on": Row(LATER, (event(2),), Reason.WRONG_EVENT),
    "another's is cancelled, its own is to come": Row(
        LATER, (event(2, **CANCELLED),), Reason.NOT_YET_VALID
    ),
    "nothing is on, its own is to come": Row(LATER, (), Reason.NOT_YET_VALID),
    "nothing is on, its last doors have opened": Row(
        scope(1, last_doors_from="2026-03-10 12:00"), (), Reason.EXPIRED
    ),
    "nothing is on, nothing is to come": Row(scope(1), (), Reason.EXPIRED),
    "doors open later today": Row(scope(1), (event(1, doors=EVENING),), Reason.NOT_YET_VALID),
    "doors open later today, cancelled": Row(
        scope(1), (event(1, doors=EVENING, **CANCELLED),), Reason.EXPIRED
    ),
    "doors have just closed": Row(scope(1), (event(1, doors=MORNING),), Reason.EXPIRED),
    "its event is in another zone": Row(
        scope(1), (event(1, zones=frozenset({EXPO})),), Reason.EXPIRED
    ),
    "its event is in this zone": Row(scope(1), (event(1, zones=frozenset({MAIN})),), Reason.OK, 1),
    "a scope without a list is of every event": Row(Scope(), (event(7),), Reason.OK, 7),
    "a scope nobody looked up is of every event": Row(None, (event(7),), Reason.OK, 7),
    "a scope without a list, one to come": Row(
        Scope(), (event(7, doors=EVENING),), Reason.NOT_YET_VALID
    ),
}


@pytest.mark.parametrize("name", SCOPED)
def test_a_right_with_a_scope_needs_one_of_its_events(name: str) -> None:
    row = SCOPED[name]
    given = right(grant(scope_no=SEASON), season=row.season)
    decision = decide(ENTER, facts(given, events=row.events), policy(), reading())
    assert (decision.reason, decision.event_no) == (row.reason, row.event_no)


UNSCOPED = {
    "nothing is on": ((), None),
    "something is on": ((event(3),), 3),
    "the one that starts first": ((event(3), event(4, "2026-03-10 12:30")), 4),
    "only something cancelled": ((event(3, **CANCELLED),), None),
    "only in another zone": ((event(3, zones=frozenset({EXPO})),), None),
    "only in the evening": ((event(3, doors=EVENING),), None),
}


@pytest.mark.parametrize("name", UNSCOPED)
def test_a_right_without_a_scope_is_never_asked_for_an_event(name: str) -> None:
    events, event_no = UNSCOPED[name]
    decision = decide(ENTER, facts(right(), events=events), policy(), reading())
    assert (decision.reason, decision.event_no) == (Reason.OK, event_no)


def sit(entries: tuple[SeatEntry, ...], **known: Any) -> Decision:
    fields: dict[str, Any] = {"events": (event(),), "seat_entries": entries}
    return decide(ENTER, facts(right(grant(seat="A-12")), **(fields | known)), policy(), reading())


OTHER_KEY = bytes(16)
SEATS = {
    "nobody sits there": ((), Reason.OK),
    "another right": ((seat_taken(),), Reason.SEAT_CONFLICT),
    "this right, before": ((seat_taken(grant_no=1),), Reason.OK),
    "this code, before its row came": ((seat_taken(grant_no=None, key=KEY),), Reason.OK),
    "another code without a row": (
        (seat_taken(grant_no=None, key=OTHER_KEY),),
        Reason.SEAT_CONFLICT,
    ),
    "nobody knows who": ((seat_taken(grant_no=None),), Reason.SEAT_CONFLICT),
    "this right and another": ((seat_taken(grant_no=1), seat_taken()), Reason.SEAT_CONFLICT),
    "another seat": ((seat_taken("A-13"),), Reason.OK),
    "another event": ((seat_taken(event_no=2),), Reason.OK),
}


@pytest.mark.parametrize("name", SEATS)
def test_a_seat_that_somebody_else_has_entered_on_is_a_question(name: str) -> None:
    entries, reason = SEATS[name]
    assert sit(entries).reason is reason


def test_a_code_without_a_key_owns_no_seat() -> None:
    taken = (seat_taken(grant_no=None, key=OTHER_KEY),)
    assert sit(taken, presented=opaque(key=None)).reason is Reason.SEAT_CONFLICT


def test_without_an_event_no_seat_is_taken() -> None:
    assert sit((seat_taken(),), events=()).reason is Reason.OK


def test_the_recipient_of_a_transfer_without_a_row_finds_the_seat_taken() -> None:
    known = facts(
        presented=signed(claims={"seat": "A-12"}),
        unlisted=unlisted(scope_no=SEASON),
        events=(event(),),
        seat_entries=(seat_taken(),),
    )
    decision = decide(ENTER, known, policy(), reading())
    assert (decision.outcome, decision.reason) == (Outcome.ACTION, Reason.SEAT_CONFLICT)
    assert decision.flags == (Reason.UNLISTED,)


@pytest.mark.parametrize("reason", [Reason.TRANSFERRED, Reason.RESALE, Reason.BLOCKED])
def test_an_exception_refuses_this_event_and_no_other(reason: Reason) -> None:
    gone = EventException(event_no=EventNo(1), deny_reason=reason)
    given = right(grant(scope_no=SEASON), season=scope(1, 2), exceptions=[gone])
    assert decide(ENTER, facts(given, events=(event(1),)), policy(), reading()).reason is reason
    assert decide(ENTER, facts(given, events=(event(2),)), policy(), reading()).reason is Reason.OK


def test_an_exception_also_holds_for_a_right_without_a_scope() -> None:
    gone = EventException(event_no=EventNo(1), deny_reason=Reason.TRANSFERRED)
    given = right(exceptions=[gone])
    decision = decide(ENTER, facts(given, events=(event(1),)), policy(), reading())
    assert decision.reason is Reason.TRANSFERRED


def test_a_cancelled_event_tells_its_number_and_counts_nothing() -> None:
    given = right(grant(scope_no=SEASON), rule(max_per_event=1), season=scope(1))
    decision = decide(ENTER, facts(given, events=(event(1, **CANCELLED),)), policy(), reading())
    assert (decision.reason, decision.event_no, decision.charged) == (Reason.EVENT_CANCELLED, 1, 0)
