"""What is shown beside an acceptance, and which of several reasons speaks."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from scanner.core.answer import Decision
from scanner.core.calendar import Unit
from scanner.core.decision import decide
from scanner.core.grants import EventException, GrantFlag, GrantState
from scanner.core.question import Scan
from scanner.core.reasons import ACCEPT_ORDER, Outcome, Reason, outcome_of_acceptance
from scanner.core.rules import GraceOutcome
from scanner.core.units import EventNo, SnapshotSeq
from scanner.core.validity import Anchor, Offset, ValidityRule
from support.rights import (
    ENTER,
    NOON,
    at,
    entry,
    event,
    facts,
    grant,
    policy,
    reading,
    right,
    rule,
    signed,
    snapshot,
    unlisted,
)

GRACE = {"valid_until": "2026-03-09 00:00", "grace_until": "2026-03-16 00:00"}
LONG = {"valid_from": "2025-03-20 00:00", "valid_until": "2026-03-20 00:00"}


def enter(given: dict[str, Any], limits: dict[str, Any] | None = None, **known: Any) -> Decision:
    history = known.pop("history", ())
    settings = known.pop("settings", {})
    right_ = right(grant(**given), rule(**(limits or {})), history)
    return decide(ENTER, facts(right_, **known), policy(**settings), reading())


def flags(*names: GrantFlag) -> dict[str, Any]:
    return {"flags": frozenset(names)}


def test_every_accept_reason_that_holds_is_told_in_the_order_of_the_list() -> None:
    decision = enter(
        GRACE | flags(GrantFlag.HIGHLIGHT, GrantFlag.CONCESSION, GrantFlag.ID_CHECK),
        {"max_total": 2},
        history=[entry("2026-03-01 10:00")],
        snapshot=snapshot("2026-03-01 12:00"),
    )
    assert decision.outcome is Outcome.HIGHLIGHTED
    told = (decision.reason, *decision.flags)
    assert told == ("GRACE", "STALE", "LAST_ENTRY", "ID_CHECK", "CONCESSION", "ATTENTION")


SHOWN: dict[Reason, dict[str, Any]] = {
    Reason.ID_CHECK: flags(GrantFlag.ID_CHECK),
    Reason.CONCESSION: flags(GrantFlag.CONCESSION),
    Reason.ATTENTION: flags(GrantFlag.HIGHLIGHT),
    Reason.EXPIRES_SOON: LONG,
}


@pytest.mark.parametrize(("first", "second"), list(combinations(SHOWN, 2)))
def test_the_first_of_the_list_is_the_reason_and_the_other_a_flag(
    first: Reason, second: Reason
) -> None:
    given = SHOWN[first] | SHOWN[second]
    both = SHOWN[first].get("flags", frozenset()) | SHOWN[second].get("flags", frozenset())
    decision = enter(given | {"flags": both})
    assert (decision.reason, decision.flags) == (first, (second,))
    assert ACCEPT_ORDER.index(first) < ACCEPT_ORDER.index(second)


def test_a_banner_beats_plain_green() -> None:
    decision = enter(
        flags(GrantFlag.CONCESSION),
        {"reentry_window_s": 3600},
        history=[entry("2026-03-10 11:30")],
    )
    assert decision.outcome is Outcome.HIGHLIGHTED
    assert (decision.reason, decision.flags) == (Reason.CONCESSION, (Reason.REENTRY_FREE,))


@pytest.mark.parametrize("reason", ACCEPT_ORDER)
def test_green_without_a_banner_is_for_three_reasons_only(reason: Reason) -> None:
    is_plain = reason in {Reason.OK, Reason.REENTRY_FREE, Reason.UNLISTED}
    assert (outcome_of_acceptance(reason) is Outcome.SUCCESS) is is_plain


def test_a_question_tells_staff_what_would_be_shown() -> None:
    decision = enter(
        flags(GrantFlag.DETAILS_REQUIRED, GrantFlag.CONCESSION),
        {"max_total": 1},
    )
    assert decision.outcome is Outcome.ACTION
    assert (decision.reason, decision.flags) == (Reason.DETAILS_REQUIRED, (Reason.CONCESSION,))
    assert (decision.charged, decision.movement, decision.remaining) == (1, None, 0)


def test_a_refusal_does_not_tell_what_would_have_been_shown() -> None:
    decision = enter(
        flags(GrantFlag.CONCESSION), {"max_per_day": 1}, history=[entry("2026-03-10 10:00")]
    )
    assert (decision.reason, decision.flags) == (Reason.LIMIT_DAY, ())


LAST = {
    "one of one is no last entry": ({"max_total": 1}, [], 1, Reason.OK),
    "unlimited has no last entry": ({"max_total": None}, [], 1, Reason.OK),
    "two of two": ({"max_total": 2}, [entry("2026-03-01 10:00")], 1, Reason.LAST_ENTRY),
    "one of two": ({"max_total": 2}, [], 1, Reason.OK),
    "a party takes the last two": ({"max_total": 2, "party_max": 2}, [], 2, Reason.LAST_ENTRY),
    "a free entry is never the last": (
        {"max_total": 2, "reentry_window_s": 3600},
        [entry("2026-03-01 10:00"), entry("2026-03-10 11:30")],
        1,
        Reason.REENTRY_FREE,
    ),
}


@pytest.mark.parametrize("name", LAST)
def test_the_last_of_several_is_told(name: str) -> None:
    limits, history, party, reason = LAST[name]
    given = right(limits=rule(**limits), history=history)
    assert decide(Scan(party=party), facts(given), policy(), reading()).reason is reason


TERM = ValidityRule(anchor=Anchor.FIRST_SCAN, offset=Offset(40, Unit.DAYS))
SHORT_TERM = ValidityRule(anchor=Anchor.FIRST_SCAN, offset=Offset(72, Unit.HOURS))
SOON = {
    "within the days of notice": (LONG, 14, Reason.EXPIRES_SOON),
    "exactly the days of notice": (
        {"valid_from": "2025-01-01 00:00", "valid_until": "2026-03-24 12:00"},
        14,
        Reason.EXPIRES_SOON,
    ),
    "a moment more than the days of notice": (
        {"valid_from": "2025-01-01 00:00", "valid_until": "2026-03-24 12:00:01"},
        14,
        Reason.OK,
    ),
    "notice is off": (LONG, 0, Reason.OK),
    "more days of notice": (
        {"valid_from": "2025-01-01 00:00", "valid_until": "2026-04-20 00:00"},
        60,
        Reason.EXPIRES_SOON,
    ),
    "an open start counts as long": ({"valid_until": "2026-03-20 00:00"}, 14, Reason.EXPIRES_SOON),
    "an open end never comes": ({"valid_from": "2025-01-01 00:00"}, 14, Reason.OK),
    "thirty days are not long": (
        {"valid_from": "2026-02-10 00:00", "valid_until": "2026-03-12 00:00"},
        14,
        Reason.OK,
    ),
    "a moment more than thirty days is long": (
        {"valid_from": "2026-02-09 23:59:59", "valid_until": "2026-03-12 00:00"},
        14,
        Reason.EXPIRES_SOON,
    ),
    "in grace the end is past": (GRACE, 14, Reason.GRACE),
}


@pytest.mark.parametrize("name", SOON)
def test_a_long_term_warns_before_it_ends(name: str) -> None:
    given, days, reason = SOON[name]
    assert enter(given, settings={"expires_soon_days": days}).reason is reason


@pytest.mark.parametrize(
    ("term", "first", "reason"),
    [
        (TERM, "2026-02-05 10:00", Reason.EXPIRES_SOON),
        (TERM, "2026-03-09 10:00", Reason.OK),
        (TERM, None, Reason.OK),
        (SHORT_TERM, "2026-03-09 10:00", Reason.OK),
    ],
)
def test_a_first_scan_ticket_warns_by_its_activated_term(
    term: ValidityRule, first: str | None, reason: Reason
) -> None:
    history = [] if first is None else [entry(first)]
    assert enter({"first_scan": term}, history=history).reason is reason


def test_grace_ends_at_its_instant() -> None:
    given = {"valid_until": "2026-03-01 00:00", "grace_until": NOON}
    assert enter(given).reason is Reason.SUSPENDED
    assert enter(given | {"grace_until": "2026-03-10 12:00:01"}).reason is Reason.GRACE


def test_grace_that_asks_shows_the_rest_as_flags() -> None:
    decision = enter(
        GRACE | flags(GrantFlag.ID_CHECK), settings={"grace_outcome": GraceOutcome.ACTION}
    )
    assert (decision.outcome, decision.reason) == (Outcome.ACTION, Reason.GRACE)
    assert decision.flags == (Reason.ID_CHECK,)


RENEWALS = {
    "newer than our snapshot": (101, {}, Reason.RENEWAL_TOKEN),
    "as old as our snapshot": (100, {}, Reason.EXPIRED),
    "the row is denied": (
        101,
        {"state": GrantState.DENY, "deny_reason": Reason.UNPAID},
        Reason.UNPAID,
    ),
    "over as well": (101, {"until": "2026-03-10 00:00"}, Reason.EXPIRED),
    "the row's grace is not asked": (
        101,
        {"until": "2026-03-10 00:00", "grace_until": "2026-03-16 00:00"},
        Reason.EXPIRED,
    ),
    "the row is still good": (101, {"valid_until": "2026-04-30 00:00"}, Reason.RENEWAL_TOKEN),
}


@pytest.mark.parametrize("name", RENEWALS)
def test_a_renewal_token_is_believed_when_it_is_newer_than_the_snapshot(name: str) -> None:
    seq, fields, reason = RENEWALS[name]
    given = {"valid_until": "2026-03-01 00:00"} | fields
    until = given.pop("until", "2027-03-01 00:00")
    shown = signed(claims={"issued_seq": SnapshotSeq(seq), "not_after": at(until)})
    assert enter(given, presented=shown).reason is reason


def test_without_any_snapshot_a_renewal_token_is_newer() -> None:
    shown = signed(claims={"issued_seq": SnapshotSeq(1), "not_after": at("2027-03-01 00:00")})
    decision = enter({"valid_until": "2026-03-01 00:00"}, presented=shown, snapshot=None)
    assert decision.reason is Reason.RENEWAL_TOKEN
    assert decision.valid_until == at("2027-03-01 00:00")
    assert decision.snapshot_age_s is None


def test_a_row_is_believed_before_the_dates_of_a_plain_ticket() -> None:
    shown = signed(claims={"not_after": at("2026-03-01 00:00"), "max_total": 1})
    assert enter({"valid_until": "2026-12-31 00:00"}, presented=shown).reason is Reason.OK


def test_a_ticket_without_a_row_goes_by_its_own_words() -> None:
    said = {"not_before": at("2026-03-11 00:00"), "seat": "B-3", "max_total": 5}
    known = facts(presented=signed(claims=said), unlisted=unlisted(rule(max_total=1)))
    early = decide(ENTER, known, policy(), reading())
    assert (early.reason, early.grant_no, early.type_no) == (Reason.NOT_YET_VALID, None, 7)
    later = decide(ENTER, known, policy(), reading("2026-03-11 10:00"))
    assert (later.reason, later.seat, later.remaining) == (Reason.UNLISTED, "B-3", 4)


def test_a_ticket_without_a_row_is_counted_by_its_key() -> None:
    known = facts(
        presented=signed(), unlisted=unlisted(rule(max_total=1), [entry("2026-03-10 10:00")])
    )
    assert decide(ENTER, known, policy(), reading()).reason is Reason.USED


def test_at_an_event_the_seat_and_the_marks_may_be_others() -> None:
    moved = EventException(event_no=EventNo(1), seat="C-1", flags=frozenset())
    other = EventException(event_no=EventNo(2))
    given = right(
        grant(seat="A-12", flags=frozenset({GrantFlag.CONCESSION})), exceptions=[moved, other]
    )
    at_first = decide(ENTER, facts(given, events=(event(1),)), policy(), reading())
    assert (at_first.reason, at_first.seat) == (Reason.OK, "C-1")
    at_second = decide(ENTER, facts(given, events=(event(2),)), policy(), reading())
    assert (at_second.reason, at_second.seat) == (Reason.CONCESSION, "A-12")
