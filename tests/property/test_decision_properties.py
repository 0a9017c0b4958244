"""What holds of every decision, whatever is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from scanner.core.answer import Decision, TraceLine, Verdict
from scanner.core.clock import ClockReading, ClockState
from scanner.core.decision import CODE_ROWS, RIGHT_ROWS, decide
from scanner.core.grants import GrantState
from scanner.core.question import Facts, GrantFacts, Scan
from scanner.core.reasons import OUTCOMES_OF, Outcome, Reason
from scanner.core.rules import ScanRule, SitePolicy
from scanner.core.tally import Movement
from scanner.core.units import Direction, LaneReadiness
from support.rights import LEAVE, event, facts, policy, reading, right
from support.scan_strategies import (
    all_facts,
    entries_lately,
    limits_alone,
    policies,
    readings,
    rights,
    scans,
)

ADMITTED = {Outcome.SUCCESS, Outcome.HIGHLIGHTED}
CERTAIN = {
    *(Reason(name) for name in ("EXPIRED", "SUSPENDED", "USED", "LIMIT_TOTAL")),
    *(Reason(name) for name in ("ALREADY_IN", "TOO_SOON", "STALE_DECLINED", "CLOCK_UNTRUSTED")),
    *(Reason(name) for name in ("WRONG_ZONE", "WRONG_TYPE", "REVOKED", "CODE_REUSED", "UNLISTED")),
    *(Reason(name) for name in ("UNKNOWN", "UNREADABLE", "BAD_SIGNATURE", "KEY_REVOKED")),
    *(Reason(name) for name in ("LANE_CLOSED", "LANE_BUSY", "LANE_FAULT")),
}
BY_STATE = {
    *(Reason(name) for name in ("CANCELLED", "UNPAID", "SUSPENDED", "PAUSED", "ENDED")),
    *(Reason(name) for name in ("BLOCKED", "TRANSFERRED", "RESALE")),
}
"""What the central may give for a denied grant."""


@given(scans, all_facts, policies, readings())
def test_every_question_has_one_answer_of_the_vocabulary(
    scan: Scan, known: Facts, settings: SitePolicy, clock: ClockReading
) -> None:
    decision = decide(scan, known, settings, clock)
    assert decision.reason in OUTCOMES_OF[decision.outcome]
    assert {Reason(flag) for flag in decision.flags} <= set(Reason) - {Reason.OK}
    assert len(set(decision.flags) | {decision.reason}) == len(decision.flags) + 1
    assert decision == decide(scan, known, settings, clock)


@given(scans, all_facts, policies, readings())
def test_what_moves_and_what_it_costs_follow_from_the_outcome(
    scan: Scan, known: Facts, settings: SitePolicy, clock: ClockReading
) -> None:
    decision = decide(scan, known, settings, clock)
    moves = not scan.is_inspection
    enters = moves and decision.outcome in ADMITTED
    leaves = moves and decision.outcome is Outcome.CHECKED_OUT
    expected = Direction.IN if enters else Direction.OUT if leaves else None
    assert decision.movement == expected
    assert decision.charged in {0, scan.party}
    if not enters and decision.outcome is not Outcome.ACTION:
        assert decision.charged == 0
    assert decision.remaining is None or decision.remaining >= 0
    assert (decision.wait_s is not None) is (decision.reason is Reason.TOO_SOON)


@given(all_facts, policies, readings())
def test_an_exit_is_never_refused_but_by_a_blocked_lane(
    known: Facts, settings: SitePolicy, clock: ClockReading
) -> None:
    decision = decide(LEAVE, known, settings, clock)
    is_blocked = known.lane in {LaneReadiness.BUSY, LaneReadiness.FAULT}
    assert (decision.outcome is Outcome.CHECKED_OUT) is not is_blocked


@given(scans, all_facts, policies, readings(), st.randoms(use_true_random=False))
def test_the_order_in_which_rights_events_and_seats_were_found_is_nothing(
    scan: Scan,
    known: Facts,
    settings: SitePolicy,
    clock: ClockReading,
    chance: Random,
) -> None:
    def shuffled(found: Sequence[object]) -> tuple[object, ...]:
        mixed = list(found)
        chance.shuffle(mixed)
        return tuple(mixed)

    other = replace(
        known,
        grants=shuffled(known.grants),
        events=shuffled(known.events),
        seat_entries=shuffled(known.seat_entries),
    )
    one, two = (decide(scan, facts, settings, clock) for facts in (known, other))
    assert replace(one, trace=()) == replace(two, trace=())


@given(all_facts, policies, readings())
def test_a_look_is_answered_as_an_entry_would_be(
    known: Facts, settings: SitePolicy, clock: ClockReading
) -> None:
    entry = decide(Scan(), known, settings, clock)
    look = decide(Scan(is_inspection=True), known, settings, clock)
    assert (look.outcome, look.reason, look.flags) == (entry.outcome, entry.reason, entry.flags)
    assert (look.movement, look.charged) == (None, 0)


@given(scans, all_facts, policies, readings((ClockState.UNTRUSTED,)))
def test_an_untrusted_clock_refuses_only_what_is_certain(
    scan: Scan, known: Facts, settings: SitePolicy, clock: ClockReading
) -> None:
    decision = decide(scan, known, settings, clock)
    if decision.outcome in {Outcome.REPEATED, Outcome.DECLINED}:
        assert decision.reason in CERTAIN | BY_STATE
    if decision.outcome in ADMITTED:
        assert "CLOCK_UNTRUSTED" in {decision.reason, *decision.flags}


@given(scans, all_facts, policies, readings((ClockState.TRUSTED,)))
def test_holdover_decides_as_a_trusted_clock_does(
    scan: Scan, known: Facts, settings: SitePolicy, clock: ClockReading
) -> None:
    held = replace(clock, state=ClockState.HOLDOVER)
    one, two = decide(scan, known, settings, clock), decide(scan, known, settings, held)
    plain = {"trace": (), "clock": ClockState.TRUSTED}
    assert replace(one, **plain) == replace(two, **plain)


ANSWERS = {row.name: set(row.answers) for row in (*CODE_ROWS, *RIGHT_ROWS)}


@given(scans, all_facts, policies, readings())
def test_a_row_gives_no_reason_but_those_it_is_listed_with(
    scan: Scan, known: Facts, settings: SitePolicy, clock: ClockReading
) -> None:
    for line in decide(scan, known, settings, clock).trace:
        assert line.reason is None or line.reason in ANSWERS[line.name]


def _walks(decision: Decision) -> dict[object, list[TraceLine]]:
    walks: dict[object, list[TraceLine]] = {}
    for line in decision.trace:
        walks.setdefault(line.grant_no, []).append(line)
    return walks


@given(all_facts, policies, readings())
def test_a_trace_walks_in_order_and_nothing_follows_a_refusal(
    known: Facts, settings: SitePolicy, clock: ClockReading
) -> None:
    decision = decide(Scan(), known, settings, clock)
    for lines in _walks(decision).values():
        assert [line.step for line in lines] == sorted(line.step for line in lines)
        assert Verdict.REFUSE not in {line.verdict for line in lines[:-1]}
    if decision.outcome in {Outcome.REPEATED, Outcome.DECLINED}:
        reasons = {line.reason for line in decision.trace if line.verdict is Verdict.REFUSE}
        assert decision.reason in reasons


@given(all_facts, policies, readings((ClockState.TRUSTED,)))
def test_an_admitted_entry_keeps_within_the_total(
    known: Facts, settings: SitePolicy, clock: ClockReading
) -> None:
    decision = decide(Scan(), known, settings, clock)
    chosen = next((g for g in known.grants if g.grant.grant_no == decision.grant_no), None)
    if decision.outcome in ADMITTED and decision.charged and chosen is not None:
        limit = chosen.rule.max_total
        assert limit is None or decision.remaining is not None
        assert limit is None or decision.remaining <= limit - 1


@given(limits_alone, st.lists(entries_lately, max_size=4), entries_lately)
def test_more_entries_never_open_what_was_shut(
    limited: ScanRule, history: list[Movement], more: Movement
) -> None:
    def opens(entered: list[Movement]) -> bool:
        known = facts(right(limits=limited, history=entered), events=(event(),))
        return decide(Scan(), known, policy(), reading()).outcome in ADMITTED

    assert opens(history) or not opens([*history, more])


@given(rights(), policies, readings((ClockState.TRUSTED,)))
def test_a_denied_right_never_opens(
    given_right: GrantFacts, settings: SitePolicy, clock: ClockReading
) -> None:
    denied = replace(given_right, grant=replace(given_right.grant, state=GrantState.DENY))
    decision = decide(Scan(), facts(denied), settings, clock)
    assert decision.outcome is Outcome.DECLINED
