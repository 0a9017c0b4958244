"""Every reason that `decide` can give, reached by the plainest question that gives it."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import pytest

from scanner.core.answer import Decision
from scanner.core.calendar import Unit
from scanner.core.clock import ClockReading
from scanner.core.credential import CredentialKind
from scanner.core.decision import decide
from scanner.core.grants import EventException, EventStatus, GrantFlag, GrantState
from scanner.core.question import Facts, GrantFacts, Presented, Scan
from scanner.core.reasons import DENY_REASONS, OUTCOMES_OF, Outcome, Reason
from scanner.core.rules import GraceOutcome, HardAgePolicy, Policy, ReentryMode, SitePolicy
from scanner.core.units import (
    Direction,
    EventNo,
    LaneReadiness,
    ScopeNo,
    SnapshotSeq,
    TypeNo,
)
from scanner.core.validity import Anchor, Offset, ValidityRule
from scanner.core.windows import parse_window
from support.rights import (
    ENTER,
    EXPO,
    KEY,
    LEAVE,
    at,
    entry,
    event,
    facts,
    gate,
    grant,
    opaque,
    policy,
    reading,
    right,
    rule,
    scope,
    seat_taken,
    signed,
    snapshot,
    unlisted,
    untrusted,
)


class Row(NamedTuple):
    """One question and the answer it must get."""

    outcome: Outcome
    reason: Reason
    known: Facts
    flags: tuple[str, ...] = ()
    scan: Scan = ENTER
    settings: SitePolicy = policy()
    clock: ClockReading = reading()


def answer(row: Row) -> Decision:
    return decide(row.scan, row.known, row.settings, row.clock)


def of(given: GrantFacts | None = None, **fields: Any) -> Facts:
    return facts(given or right(), **fields)


SUCCESS, SHOWN, ACTION = Outcome.SUCCESS, Outcome.HIGHLIGHTED, Outcome.ACTION
REPEATED, DECLINED = Outcome.REPEATED, Outcome.DECLINED
SCOPED = grant(scope_no=ScopeNo(1))
MINE = scope(1)
YEAR = {"valid_from": "2025-03-20 00:00", "valid_until": "2026-03-20 00:00"}
STALE = {"snapshot": snapshot("2026-03-01 12:00")}
RENEWED = {"claims": {"issued_seq": SnapshotSeq(101), "not_after": at("2027-03-01 00:00")}}

ACCEPTED = {
    "nothing against it": Row(SUCCESS, Reason.OK, of()),
    "free within the re-entry window": Row(
        SUCCESS,
        Reason.REENTRY_FREE,
        of(right(limits=rule(reentry_window_s=3600), history=[entry("2026-03-10 11:30")])),
    ),
    "genuine, of a known type, without a row": Row(
        SUCCESS, Reason.UNLISTED, facts(presented=signed(), unlisted=unlisted())
    ),
    "lives on grace": Row(
        SHOWN,
        Reason.GRACE,
        of(right(grant(valid_until="2026-03-09 00:00", grace_until="2026-03-16 00:00"))),
    ),
    "old snapshot, the site goes on": Row(SHOWN, Reason.STALE, of(**STALE)),
    "clock untrusted, the site accepts": Row(
        SHOWN, Reason.CLOCK_UNTRUSTED, of(), clock=untrusted()
    ),
    "renewed by a token": Row(
        SHOWN,
        Reason.RENEWAL_TOKEN,
        of(right(grant(valid_until="2026-03-01 00:00")), presented=signed(**RENEWED)),
    ),
    "the last of several": Row(
        SHOWN,
        Reason.LAST_ENTRY,
        of(right(limits=rule(max_total=2), history=[entry("2026-03-01 10:00")])),
    ),
    "proof of identity": Row(
        SHOWN, Reason.ID_CHECK, of(right(grant(flags=frozenset({GrantFlag.ID_CHECK}))))
    ),
    "reduced price": Row(
        SHOWN, Reason.CONCESSION, of(right(grant(flags=frozenset({GrantFlag.CONCESSION}))))
    ),
    "marked for attention": Row(
        SHOWN, Reason.ATTENTION, of(right(grant(flags=frozenset({GrantFlag.HIGHLIGHT}))))
    ),
    "a long term near its end": Row(SHOWN, Reason.EXPIRES_SOON, of(right(grant(**YEAR)))),
    "leaves": Row(Outcome.CHECKED_OUT, Reason.EXIT, of(), scan=LEAVE),
}

ASKED = {
    "names are missing": Row(
        ACTION,
        Reason.DETAILS_REQUIRED,
        of(right(grant(flags=frozenset({GrantFlag.DETAILS_REQUIRED})))),
    ),
    "the seat is taken": Row(
        ACTION,
        Reason.SEAT_CONFLICT,
        of(right(grant(seat="A-12")), events=(event(),), seat_entries=(seat_taken(),)),
    ),
    "too many for one code": Row(
        ACTION, Reason.PARTY_SIZE, of(right(limits=rule(party_max=4))), scan=Scan(party=5)
    ),
    "grace, where the site asks": Row(
        ACTION,
        Reason.GRACE,
        of(right(grant(valid_until="2026-03-09 00:00", grace_until="2026-03-16 00:00"))),
        settings=policy(grace_outcome=GraceOutcome.ACTION),
    ),
    "without a row, where the rule asks": Row(
        ACTION,
        Reason.UNLISTED,
        facts(presented=signed(), unlisted=unlisted(rule(unlisted=Policy.ACTION))),
    ),
    "clock untrusted, where the site asks": Row(
        ACTION,
        Reason.CLOCK_UNTRUSTED,
        of(),
        settings=policy(clock_policy=Policy.ACTION),
        clock=untrusted(),
    ),
}

USED_BEFORE = {
    "inside already": Row(
        REPEATED,
        Reason.ALREADY_IN,
        of(
            right(
                limits=rule(reentry_mode=ReentryMode.AFTER_EXIT),
                history=[entry("2026-03-10 10:00")],
            )
        ),
    ),
    "came in a moment ago": Row(
        REPEATED,
        Reason.TOO_SOON,
        of(right(limits=rule(min_interval_s=900), history=[entry("2026-03-10 11:50")])),
    ),
    "was at this event": Row(
        REPEATED,
        Reason.LIMIT_EVENT,
        of(
            right(limits=rule(max_per_event=1), history=[entry("2026-03-10 11:30", event=1)]),
            events=(event(),),
        ),
    ),
    "the single entry is used": Row(
        REPEATED,
        Reason.USED,
        of(right(limits=rule(max_total=1), history=[entry("2026-03-01 10:00")])),
    ),
    "rotating step used": Row(
        REPEATED,
        Reason.CODE_REUSED,
        of(presented=signed(kind=CredentialKind.ROTATING, step=5), is_step_used=True),
    ),
}


def problem(reason: Reason, kind: CredentialKind = CredentialKind.SIGNED) -> Row:
    return Row(DECLINED, reason, facts(presented=Presented(kind=kind, problem=reason)))


def denied(reason: Reason) -> Row:
    return Row(DECLINED, reason, of(right(grant(state=GrantState.DENY, deny_reason=reason))))


def limited(reason: Reason, walls: tuple[str, ...], **limits: int) -> Row:
    history = [entry(wall) for wall in walls]
    return Row(DECLINED, reason, of(right(limits=rule(**limits), history=history)))


REFUSED = {
    "unknown card": Row(DECLINED, Reason.UNKNOWN, facts()),
    "signed, but nothing is known of it": Row(
        DECLINED, Reason.UNKNOWN, facts(presented=Presented(kind=CredentialKind.SIGNED, key=KEY))
    ),
    "no credential": problem(Reason.UNREADABLE, CredentialKind.UNREADABLE),
    "no credential, and nobody said so": Row(
        DECLINED, Reason.UNREADABLE, of(presented=Presented(kind=CredentialKind.UNREADABLE))
    ),
    "a problem nobody knows": Row(
        DECLINED, Reason.UNREADABLE, of(presented=opaque(problem=Reason.OK))
    ),
    "forged": problem(Reason.BAD_SIGNATURE),
    "key not known": problem(Reason.UNKNOWN_KEY),
    "key withdrawn": problem(Reason.KEY_REVOKED),
    "other site": problem(Reason.WRONG_SITE),
    "screenshot": problem(Reason.CODE_EXPIRED, CredentialKind.ROTATING),
    "code withdrawn": Row(DECLINED, Reason.REVOKED, of(is_revoked=True)),
    "zone": Row(DECLINED, Reason.WRONG_ZONE, of(right(grant(zones=frozenset({EXPO}))))),
    "direction": Row(
        DECLINED,
        Reason.WRONG_ZONE,
        of(gate=gate(direction=Direction.OUT)),
    ),
    "type at this gate": Row(
        DECLINED,
        Reason.WRONG_TYPE,
        of(gate=gate(types=frozenset({TypeNo(3)}))),
    ),
    "type nobody knows": Row(DECLINED, Reason.WRONG_TYPE, facts(presented=signed())),
    "without a row, where the rule declines": Row(
        DECLINED,
        Reason.UNLISTED,
        facts(presented=signed(), unlisted=unlisted(rule(unlisted=Policy.DECLINE))),
    ),
    **{f"denied: {reason}": denied(reason) for reason in DENY_REASONS},
    "denied without a reason": Row(
        DECLINED, Reason.CANCELLED, of(right(grant(state=GrantState.DENY)))
    ),
    "denied with a reason that is no refusal": Row(
        DECLINED,
        Reason.CANCELLED,
        of(right(grant(state=GrantState.DENY, deny_reason=Reason.GRACE))),
    ),
    "grace is over": Row(
        DECLINED,
        Reason.SUSPENDED,
        of(right(grant(valid_until="2026-03-01 00:00", grace_until="2026-03-08 00:00"))),
    ),
    "not begun": Row(
        DECLINED, Reason.NOT_YET_VALID, of(right(grant(valid_from="2026-03-11 00:00")))
    ),
    "over": Row(DECLINED, Reason.EXPIRED, of(right(grant(valid_until="2026-03-10 12:00")))),
    "first-scan term is over": Row(
        DECLINED,
        Reason.EXPIRED,
        of(
            right(
                grant(
                    first_scan=ValidityRule(anchor=Anchor.FIRST_SCAN, offset=Offset(2, Unit.DAYS))
                ),
                history=[entry("2026-03-07 18:00")],
            )
        ),
    ),
    "outside its hours": Row(
        DECLINED,
        Reason.OUT_OF_HOURS,
        of(right(limits=rule(windows=(parse_window(["tue"], "13:00", "16:00"),)))),
    ),
    "blackout": Row(
        DECLINED,
        Reason.BLACKOUT,
        of(right(limits=rule(blackouts=frozenset({date(2026, 3, 10)})))),
    ),
    "another event is on": Row(
        DECLINED, Reason.WRONG_EVENT, of(right(SCOPED, season=MINE), events=(event(2),))
    ),
    "its event is cancelled": Row(
        DECLINED,
        Reason.EVENT_CANCELLED,
        of(right(SCOPED, season=MINE), events=(event(status=EventStatus.CANCELLED),)),
    ),
    "its events are still to come": Row(
        DECLINED,
        Reason.NOT_YET_VALID,
        of(right(SCOPED, season=scope(1, last_doors_from="2026-03-11 18:00"))),
    ),
    "its events are over": Row(DECLINED, Reason.EXPIRED, of(right(SCOPED, season=MINE))),
    "transferred for this event": Row(
        DECLINED,
        Reason.TRANSFERRED,
        of(
            right(
                SCOPED,
                season=MINE,
                exceptions=[EventException(event_no=EventNo(1), deny_reason=Reason.TRANSFERRED)],
            ),
            events=(event(),),
        ),
    ),
    "other zone first": Row(
        DECLINED, Reason.PREREQUISITE_ZONE, of(right(limits=rule(requires_zone=EXPO)))
    ),
    "day": limited(Reason.LIMIT_DAY, ("2026-03-10 09:00",), max_per_day=1),
    "week": limited(Reason.LIMIT_WEEK, ("2026-03-09 09:00",), max_per_week=1),
    "month": limited(Reason.LIMIT_MONTH, ("2026-03-01 09:00",), max_per_month=1),
    "year": limited(Reason.LIMIT_YEAR, ("2026-01-01 09:00",), max_per_year=1),
    "days": limited(Reason.LIMIT_DAYS, ("2026-02-01 09:00",), max_distinct_days=1),
    "total": limited(Reason.LIMIT_TOTAL, ("2026-02-01 09:00", "2026-02-02 09:00"), max_total=2),
    "clock untrusted, where the site declines": Row(
        DECLINED,
        Reason.CLOCK_UNTRUSTED,
        of(),
        settings=policy(clock_policy=Policy.DECLINE),
        clock=untrusted(),
    ),
    "snapshot too old": Row(
        DECLINED,
        Reason.STALE_DECLINED,
        of(**STALE),
        settings=policy(hard_age_policy=HardAgePolicy.DECLINE),
    ),
    "lane closed": Row(DECLINED, Reason.LANE_CLOSED, of(lane=LaneReadiness.CLOSED)),
    "lane busy": Row(DECLINED, Reason.LANE_BUSY, of(lane=LaneReadiness.BUSY)),
    "lane out of order": Row(DECLINED, Reason.LANE_FAULT, of(lane=LaneReadiness.FAULT)),
}

ROWS = ACCEPTED | ASKED | USED_BEFORE | REFUSED


@pytest.mark.parametrize("name", ROWS)
def test_each_question_gets_its_answer(name: str) -> None:
    row = ROWS[name]
    decision = answer(row)
    assert (decision.outcome, decision.reason, decision.flags) == (
        row.outcome,
        row.reason,
        row.flags,
    )


@pytest.mark.parametrize("name", ROWS)
def test_what_opens_counts_and_what_does_not_open_counts_nothing(name: str) -> None:
    row = ROWS[name]
    decision = answer(row)
    moves = {SUCCESS: Direction.IN, SHOWN: Direction.IN, Outcome.CHECKED_OUT: Direction.OUT}
    assert decision.movement == moves.get(row.outcome)
    if row.outcome in {REPEATED, DECLINED, Outcome.CHECKED_OUT}:
        assert decision.charged == 0


def test_the_rows_reach_every_answer_there_is_but_one() -> None:
    reached = {(row.outcome, row.reason) for row in ROWS.values()}
    every = {(outcome, reason) for outcome, reasons in OUTCOMES_OF.items() for reason in reasons}
    assert every - reached == {(DECLINED, Reason.NOT_RECORDED)}, "that one is the ledger's to give"
    assert reached <= every


@pytest.mark.parametrize("name", ROWS)
def test_a_look_gets_the_same_answer_and_moves_nobody(name: str) -> None:
    row = ROWS[name]
    scan = Scan(direction=row.scan.direction, party=row.scan.party, is_inspection=True)
    decision = answer(row._replace(scan=scan))
    assert (decision.outcome, decision.reason, decision.flags) == (
        row.outcome,
        row.reason,
        row.flags,
    )
    assert (decision.movement, decision.charged, decision.is_inspection) == (None, 0, True)
