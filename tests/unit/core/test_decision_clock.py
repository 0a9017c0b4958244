"""A gate that does not know the time for certain: only certain refusals stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from scanner.core.answer import Decision
from scanner.core.calendar import Unit
from scanner.core.clock import ClockState
from scanner.core.credential import CredentialKind
from scanner.core.decision import decide
from scanner.core.freshness import AgeMark
from scanner.core.grants import EventStatus, GrantState
from scanner.core.question import GrantFacts
from scanner.core.reasons import Outcome, Reason
from scanner.core.rules import GraceOutcome, HardAgePolicy, Policy, ReentryMode
from scanner.core.tally import Movement
from scanner.core.units import MonoMs, ScopeNo, TypeNo
from scanner.core.validity import Anchor, Offset, ValidityRule
from scanner.core.windows import parse_window
from support.rights import (
    ENTER,
    EXPO,
    LEAVE,
    NOON,
    THIS_BOOT,
    at,
    entry,
    event,
    facts,
    gate,
    grant,
    leave,
    policy,
    reading,
    right,
    rule,
    scope,
    signed,
    snapshot,
    untrusted,
)

FLOOR = "2026-03-10 08:00"
MINUTE_MS = 60_000


def ask(given: GrantFacts, clock_policy: Policy = Policy.ACCEPT, **known: Any) -> Decision:
    settings = policy(clock_policy=clock_policy, **known.pop("settings", {}))
    clock = untrusted(NOON, FLOOR, mono=known.pop("mono", 600 * MINUTE_MS))
    return decide(ENTER, facts(given, **known), settings, clock)


def now(minute: int, *, charged: int = 1) -> Movement:
    """An entry of this boot, by the minute of its monotonic clock."""
    return entry(NOON, charged=charged, boot=THIS_BOOT, mono=minute * MINUTE_MS)


@dataclass(frozen=True)
class Row:
    """A right, and what is certain about it."""

    given: GrantFacts
    refusal: Reason | None
    known: dict[str, Any] = field(default_factory=dict)


AFTER_EXIT = rule(reentry_mode=ReentryMode.AFTER_EXIT)
TERM = ValidityRule(anchor=Anchor.FIRST_SCAN, offset=Offset(24, Unit.HOURS))

CERTAIN = {
    "ended at the floor": Row(right(grant(valid_until=FLOOR)), Reason.EXPIRED),
    "activated term ended before the floor": Row(
        right(grant(first_scan=TERM), history=[entry("2026-03-09 07:00")]), Reason.EXPIRED
    ),
    "grace ended at the floor": Row(
        right(grant(valid_until="2026-03-01 00:00", grace_until=FLOOR)), Reason.SUSPENDED
    ),
    "denied": Row(right(grant(state=GrantState.DENY, deny_reason=Reason.ENDED)), Reason.ENDED),
    "zone": Row(right(grant(zones=frozenset({EXPO}))), Reason.WRONG_ZONE),
    "type": Row(right(), Reason.WRONG_TYPE, {"gate": gate(types=frozenset({TypeNo(9)}))}),
    "revoked": Row(right(), Reason.REVOKED, {"is_revoked": True}),
    "total": Row(right(limits=rule(max_total=1), history=[entry("2026-03-01 10:00")]), Reason.USED),
    "rotating step used": Row(right(), Reason.CODE_REUSED, {"is_step_used": True}),
    "inside since this boot": Row(right(limits=AFTER_EXIT, history=[now(500)]), Reason.ALREADY_IN),
    "came in ten minutes ago": Row(
        right(limits=rule(min_interval_s=900), history=[now(590)]), Reason.TOO_SOON
    ),
    "snapshot certainly too old": Row(
        right(),
        Reason.STALE_DECLINED,
        {
            "snapshot": snapshot("2026-03-01 08:00"),
            "settings": {"hard_age_policy": HardAgePolicy.DECLINE},
        },
    ),
    "snapshot too old by the hours this boot has counted": Row(
        right(),
        Reason.STALE_DECLINED,
        {
            "snapshot": snapshot(FLOOR),
            "age_mark": AgeMark(at(FLOOR), THIS_BOOT, MonoMs(0), 63 * 3_600_000),
            "settings": {"hard_age_policy": HardAgePolicy.DECLINE},
        },
    ),
}

UNCERTAIN = {
    "ends between the floor and what the clock shows": Row(
        right(grant(valid_until="2026-03-10 10:00")), None
    ),
    "begins later than the clock shows": Row(right(grant(valid_from="2026-03-11 00:00")), None),
    "window": Row(right(limits=rule(windows=(parse_window(["mon"], "00:00", "24:00"),))), None),
    "blackout": Row(right(limits=rule(blackouts=frozenset({date(2026, 3, 10)}))), None),
    "event": Row(
        right(grant(scope_no=ScopeNo(1)), season=scope(1)),
        None,
        {"events": (event(status=EventStatus.CANCELLED),)},
    ),
    "prerequisite zone": Row(right(limits=rule(requires_zone=EXPO)), None),
    "day, week, month, year": Row(
        right(
            limits=rule(max_per_day=1, max_per_week=1, max_per_month=1, max_per_year=1),
            history=[entry("2026-03-10 09:00")],
        ),
        None,
    ),
    "distinct days": Row(
        right(limits=rule(max_distinct_days=1), history=[entry("2026-03-01 09:00")]), None
    ),
    "rotating window": Row(
        right(),
        None,
        {"presented": signed(kind=CredentialKind.ROTATING, step=5, problem=Reason.CODE_EXPIRED)},
    ),
    "inside since an earlier boot": Row(
        right(limits=AFTER_EXIT, history=[entry("2026-03-10 09:00")]), None
    ),
    "came in ten minutes ago by another boot's time": Row(
        right(limits=rule(min_interval_s=900), history=[entry("2026-03-10 11:50")]), None
    ),
    "inside for a day of this boot": Row(
        right(limits=AFTER_EXIT, history=[now(0)]), None, {"mono": 24 * 60 * MINUTE_MS}
    ),
    "went out since": Row(
        right(limits=AFTER_EXIT, history=[now(500), leave("2026-03-10 12:01", boot=THIS_BOOT)]),
        None,
    ),
    "snapshot that only seems too old": Row(
        right(),
        None,
        {
            "snapshot": snapshot("2026-03-07 11:00"),
            "settings": {"hard_age_policy": HardAgePolicy.DECLINE},
        },
    ),
}


@pytest.mark.parametrize("clock_policy", list(Policy))
@pytest.mark.parametrize("name", CERTAIN)
def test_a_certain_refusal_stands_whatever_the_policy(name: str, clock_policy: Policy) -> None:
    row = CERTAIN[name]
    decision = ask(row.given, clock_policy, **row.known)
    assert decision.reason is row.refusal
    assert decision.clock is ClockState.UNTRUSTED


@pytest.mark.parametrize(
    ("clock_policy", "outcome"),
    [
        (Policy.ACCEPT, Outcome.HIGHLIGHTED),
        (Policy.ACTION, Outcome.ACTION),
        (Policy.DECLINE, Outcome.DECLINED),
    ],
)
@pytest.mark.parametrize("name", UNCERTAIN)
def test_where_nothing_is_certain_the_policy_answers(
    name: str, clock_policy: Policy, outcome: Outcome
) -> None:
    row = UNCERTAIN[name]
    decision = ask(row.given, clock_policy, **row.known)
    assert (decision.outcome, decision.reason) == (outcome, Reason.CLOCK_UNTRUSTED)


def test_a_certain_refusal_after_the_question_carries_it_as_a_flag() -> None:
    row = CERTAIN["total"]
    assert ask(row.given, Policy.ACTION).flags == (Reason.CLOCK_UNTRUSTED,)
    assert ask(row.given, Policy.ACCEPT).flags == ()
    assert ask(row.given, Policy.DECLINE).flags == ()


def test_grace_runs_until_the_floor_is_past_its_end() -> None:
    given = right(grant(valid_until="2026-03-01 00:00", grace_until="2026-03-10 09:00"))
    assert ask(given).reason is Reason.GRACE
    assert ask(given).flags == (Reason.CLOCK_UNTRUSTED,)


def test_grace_that_asks_is_asked_before_the_clock() -> None:
    given = right(grant(valid_until="2026-03-01 00:00", grace_until="2026-03-10 09:00"))
    decision = ask(given, Policy.ACTION, settings={"grace_outcome": GraceOutcome.ACTION})
    assert (decision.reason, decision.flags) == (Reason.GRACE, (Reason.CLOCK_UNTRUSTED,))


@pytest.mark.parametrize(
    "limits",
    [
        rule(reentry_mode=ReentryMode.FREE),
        rule(reentry_window_s=3600),
        rule(reentry_mode=ReentryMode.AFTER_EXIT),
    ],
)
def test_no_entry_is_free(limits: Any) -> None:
    history = [now(580), leave("2026-03-10 12:01", boot=THIS_BOOT)]
    assert ask(right(limits=limits, history=history)).charged == 1


def test_the_end_that_is_near_is_told_by_what_is_certain() -> None:
    given = right(grant(valid_until="2026-03-24 08:00"))
    assert ask(given).flags == (Reason.EXPIRES_SOON,)
    assert ask(right(grant(valid_until="2026-03-24 08:01"))).flags == ()


def test_no_event_is_entered() -> None:
    assert ask(right(), events=(event(),)).event_no is None


def test_an_exit_opens() -> None:
    decision = decide(LEAVE, facts(right()), policy(clock_policy=Policy.DECLINE), untrusted())
    assert (decision.outcome, decision.reason) == (Outcome.CHECKED_OUT, Reason.EXIT)


@pytest.mark.parametrize("state", [ClockState.TRUSTED, ClockState.HOLDOVER])
def test_a_clock_in_holdover_is_as_good_as_a_trusted_one(state: ClockState) -> None:
    given = right(grant(valid_until="2026-03-10 11:59"))
    decision = decide(ENTER, facts(given), policy(), reading(state=state))
    assert (decision.reason, decision.clock) == (Reason.EXPIRED, state)
