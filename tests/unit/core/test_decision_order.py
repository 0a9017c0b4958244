"""The order of the rows, proven by pairs: of two things that are wrong, the earlier speaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Any

import pytest

from scanner.core.accept_notes import ACCEPT_NOTES
from scanner.core.answer import Decision, Verdict
from scanner.core.clock import ClockReading
from scanner.core.decision import CODE_ROWS, RIGHT_ROWS, STEPS, decide
from scanner.core.grants import EventException, EventStatus, GrantFlag, GrantState
from scanner.core.question import Scan, Scope
from scanner.core.reasons import Reason
from scanner.core.rules import GraceOutcome, HardAgePolicy, Policy, ReentryMode
from scanner.core.tally import Movement
from scanner.core.units import Direction, EventNo, LaneReadiness, ScopeNo, TypeNo
from scanner.core.windows import parse_window
from support.rights import (
    EXPO,
    GATE,
    MAIN,
    NOON,
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

JUST_NOW = "2026-03-10 11:55"


@dataclass
class World:
    """A question under construction."""

    facts: dict[str, Any] = field(default_factory=dict)
    grant: dict[str, Any] = field(default_factory=dict)
    rule: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    history: list[Movement] = field(default_factory=list)
    exceptions: list[EventException] = field(default_factory=list)
    season: Scope | None = None
    party: int = 1
    clock: ClockReading = field(default_factory=reading)
    is_known: bool = True

    def spoil(self, wrong: Wrong) -> None:
        """Put one more thing wrong."""
        self.facts |= wrong.facts
        self.grant |= wrong.grant
        self.rule |= wrong.rule
        self.settings |= wrong.settings
        self.history += wrong.history
        self.exceptions += wrong.exceptions
        self.season = wrong.season or self.season
        self.party = max(self.party, wrong.party)
        self.clock = wrong.clock or self.clock
        self.is_known = self.is_known and wrong.is_known

    def decide(self) -> Decision:
        """Ask."""
        limits = rule(**self.rule)
        given = right(
            grant(**self.grant),
            limits,
            self.history,
            season=self.season,
            exceptions=self.exceptions,
        )
        known = facts(*([given] if self.is_known else []), **self.facts)
        return decide(Scan(party=self.party), known, policy(**self.settings), self.clock)


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong, and what it gives alone."""

    reason: Reason
    facts: dict[str, Any] = field(default_factory=dict)
    grant: dict[str, Any] = field(default_factory=dict)
    rule: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    history: tuple[Movement, ...] = ()
    exceptions: tuple[EventException, ...] = ()
    season: Scope | None = None
    party: int = 1
    clock: ClockReading | None = None
    is_known: bool = True


def exception(**fields: Any) -> EventException:
    return EventException(event_no=EventNo(1), **fields)


ON = {"events": (event(),)}
SEASON: dict[str, Any] = {"grant": {"scope_no": ScopeNo(1)}, "season": scope(1)}

IN_ORDER = (
    Wrong(Reason.LANE_BUSY, facts={"lane": LaneReadiness.BUSY}),
    Wrong(Reason.UNREADABLE, facts={"presented": opaque(problem=Reason.UNREADABLE)}),
    Wrong(Reason.KEY_REVOKED, facts={"presented": signed(problem=Reason.KEY_REVOKED)}),
    Wrong(Reason.CODE_EXPIRED, facts={"presented": signed(problem=Reason.CODE_EXPIRED)}),
    Wrong(Reason.CODE_REUSED, facts={"is_step_used": True}),
    Wrong(Reason.REVOKED, facts={"is_revoked": True}),
    Wrong(Reason.UNKNOWN, is_known=False),
    Wrong(Reason.WRONG_ZONE, grant={"zones": frozenset({EXPO})}),
    Wrong(
        Reason.WRONG_TYPE,
        grant={"type_no": TypeNo(8)},
        facts={"gate": gate(types=frozenset({TypeNo(7)}))},
    ),
    Wrong(Reason.PAUSED, grant={"state": GrantState.DENY, "deny_reason": Reason.PAUSED}),
    Wrong(Reason.NOT_YET_VALID, grant={"valid_from": "2026-03-10 12:01"}),
    Wrong(Reason.EXPIRED, grant={"valid_until": NOON}),
    Wrong(Reason.OUT_OF_HOURS, rule={"windows": (parse_window(["mon"], "00:00", "24:00"),)}),
    Wrong(Reason.BLACKOUT, rule={"blackouts": frozenset({date(2026, 3, 10)})}),
    Wrong(
        Reason.EVENT_CANCELLED, facts={"events": (event(status=EventStatus.CANCELLED),)}, **SEASON
    ),
    Wrong(
        Reason.TRANSFERRED,
        facts=ON,
        exceptions=(exception(deny_reason=Reason.TRANSFERRED),),
        **SEASON,
    ),
    Wrong(
        Reason.ALREADY_IN,
        rule={"reentry_mode": ReentryMode.AFTER_EXIT},
        history=(entry(JUST_NOW, event=1),),
    ),
    Wrong(Reason.PREREQUISITE_ZONE, rule={"requires_zone": EXPO}),
    Wrong(Reason.TOO_SOON, rule={"min_interval_s": 900}, history=(entry(JUST_NOW, event=1),)),
    Wrong(
        Reason.LIMIT_EVENT, facts=ON, rule={"max_per_event": 1}, history=(entry(JUST_NOW, event=1),)
    ),
    Wrong(Reason.LIMIT_DAY, rule={"max_per_day": 1}, history=(entry(JUST_NOW),)),
    Wrong(Reason.LIMIT_WEEK, rule={"max_per_week": 1}, history=(entry("2026-03-09 10:00"),)),
    Wrong(Reason.LIMIT_MONTH, rule={"max_per_month": 1}, history=(entry("2026-03-02 10:00"),)),
    Wrong(Reason.LIMIT_YEAR, rule={"max_per_year": 1}, history=(entry("2026-01-02 10:00"),)),
    Wrong(
        Reason.LIMIT_DAYS,
        rule={"max_distinct_days": 1, "consecutive_only": True},
        history=(entry("2026-02-02 10:00"),),
    ),
    Wrong(Reason.USED, rule={"max_total": 1}, history=(entry("2026-02-01 10:00"),)),
    Wrong(
        Reason.STALE_DECLINED,
        facts={"snapshot": snapshot("2026-03-01 12:00")},
        settings={"hard_age_policy": HardAgePolicy.DECLINE},
    ),
)

QUESTIONS = (
    Wrong(Reason.DETAILS_REQUIRED, grant={"flags": frozenset({GrantFlag.DETAILS_REQUIRED})}),
    Wrong(
        Reason.GRACE,
        grant={"valid_until": "2026-03-09 00:00", "grace_until": "2026-03-16 00:00"},
        settings={"grace_outcome": GraceOutcome.ACTION},
    ),
    Wrong(
        Reason.SEAT_CONFLICT, facts=ON | {"seat_entries": (seat_taken(),)}, grant={"seat": "A-12"}
    ),
    Wrong(Reason.PARTY_SIZE, party=2),
)


def spoiled(*wrongs: Wrong) -> Decision:
    """Several things wrong at once; where two would set the same thing, the first given has its way."""
    world = World()
    for wrong in reversed(wrongs):
        world.spoil(wrong)
    return world.decide()


@pytest.mark.parametrize("wrong", [*IN_ORDER, *QUESTIONS], ids=lambda wrong: wrong.reason)
def test_alone_each_speaks_for_itself(wrong: Wrong) -> None:
    assert spoiled(wrong).reason is wrong.reason


@pytest.mark.parametrize(
    ("earlier", "later"), list(combinations(IN_ORDER, 2)), ids=lambda wrong: wrong.reason
)
def test_of_two_refusals_the_earlier_speaks(earlier: Wrong, later: Wrong) -> None:
    decision = spoiled(earlier, later)
    assert decision.reason is earlier.reason
    assert decision.flags == ()


@pytest.mark.parametrize(
    ("earlier", "later"), list(combinations(QUESTIONS, 2)), ids=lambda wrong: wrong.reason
)
def test_of_two_questions_the_earlier_is_asked_and_the_later_is_a_flag(
    earlier: Wrong, later: Wrong
) -> None:
    decision = spoiled(earlier, later)
    assert decision.reason is earlier.reason
    assert decision.flags == (later.reason,)


BEFORE_STATE = IN_ORDER.index(next(w for w in IN_ORDER if w.reason is Reason.PAUSED)) + 1


@pytest.mark.parametrize("refusal", IN_ORDER[BEFORE_STATE:], ids=lambda wrong: wrong.reason)
def test_a_refusal_beats_a_question_that_came_first(refusal: Wrong) -> None:
    decision = spoiled(QUESTIONS[0], refusal)
    assert decision.reason is refusal.reason
    assert decision.flags == (Reason.DETAILS_REQUIRED,)


@pytest.mark.parametrize("refusal", IN_ORDER[:BEFORE_STATE], ids=lambda wrong: wrong.reason)
def test_a_question_that_was_never_reached_leaves_no_flag(refusal: Wrong) -> None:
    assert spoiled(refusal, QUESTIONS[0]).flags == ()


def test_without_a_row_the_question_of_the_rule_comes_before_all_others() -> None:
    limits = rule(unlisted=Policy.ACTION)
    known = facts(presented=signed(), unlisted=unlisted(limits))
    decision = decide(Scan(party=2), known, policy(), reading())
    assert decision.reason is Reason.UNLISTED
    assert decision.flags == (Reason.PARTY_SIZE,)


def test_without_a_row_a_declining_rule_speaks_before_the_zone() -> None:
    limits = rule(unlisted=Policy.DECLINE)
    known = facts(presented=signed(), unlisted=unlisted(limits, zones=frozenset({EXPO})))
    assert decide(Scan(), known, policy(), reading()).reason is Reason.UNLISTED


def test_a_gate_of_the_other_direction_speaks_after_the_ticket_type() -> None:
    way_out = gate(direction=Direction.OUT, types=frozenset({TypeNo(8)}))
    known = facts(right(), gate=way_out)
    assert decide(Scan(), known, policy(), reading()).reason is Reason.WRONG_TYPE


def test_a_declining_clock_policy_speaks_last_of_all() -> None:
    stale = IN_ORDER[-1]
    no_clock = Wrong(
        Reason.CLOCK_UNTRUSTED, settings={"clock_policy": Policy.DECLINE}, clock=untrusted()
    )
    assert spoiled(no_clock).reason is Reason.CLOCK_UNTRUSTED
    assert spoiled(stale, no_clock).reason is Reason.STALE_DECLINED


def test_every_number_of_the_design_has_its_step_and_rows_are_in_order() -> None:
    numbers = [row.step for row in (*CODE_ROWS, *RIGHT_ROWS)]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(len(STEPS))) - {STEPS.index("same presentation")}
    names = [row.name for row in (*CODE_ROWS, *RIGHT_ROWS)]
    assert len(names) == len(set(names))


def test_the_rows_and_the_accept_reasons_give_every_reason_there_is() -> None:
    given = {reason for row in (*CODE_ROWS, *RIGHT_ROWS) for reason in row.answers}
    elsewhere = {Reason.EXIT, Reason.OK, Reason.NOT_RECORDED}
    assert given | {reason for reason, _ in ACCEPT_NOTES} | elsewhere == set(Reason)


def test_the_trace_tells_the_walk_in_order_up_to_the_refusal_with_its_values() -> None:
    decision = spoiled(next(w for w in IN_ORDER if w.reason is Reason.LIMIT_DAY))
    steps = [line.step for line in decision.trace]
    assert steps == sorted(steps)
    last = decision.trace[-1]
    assert (last.name, last.verdict, last.reason) == (
        "limit_day",
        Verdict.REFUSE,
        Reason.LIMIT_DAY,
    )
    assert dict(last.values) == {"used": 1, "limit": 1, "persons": 1}
    assert last.grant_no == 1
    assert decision.trace[0].grant_no is None


def test_the_trace_of_an_untrusted_clock_says_what_was_not_judged() -> None:
    decision = decide(Scan(), facts(right()), policy(), untrusted())
    skipped = {line.name for line in decision.trace if line.verdict is Verdict.SKIP}
    assert skipped == {row.name for row in (*CODE_ROWS, *RIGHT_ROWS) if row.needs_clock}


def test_the_gate_of_the_builders_serves_everybody() -> None:
    assert (GATE.zone_no, GATE.direction, GATE.types) == (MAIN, None, frozenset())
