"""Several rights behind one code, and whose an exit is."""

from __future__ import annotations

from itertools import permutations
from typing import Any, NamedTuple

import pytest

from scanner.core.answer import Decision
from scanner.core.decision import decide
from scanner.core.grants import GrantFlag, GrantState
from scanner.core.question import Facts, GrantFacts, Scan
from scanner.core.reasons import Outcome, Reason
from scanner.core.rules import CounterScope, Policy, ReentryMode, ScanRule
from scanner.core.tally import Movement
from scanner.core.units import Direction, GrantNo, LaneReadiness, TypeNo
from support.rights import (
    ENTER,
    EXPO,
    LEAVE,
    THIS_BOOT,
    entry,
    facts,
    gate,
    grant,
    leave,
    opaque,
    policy,
    reading,
    right,
    rule,
    signed,
    unlisted,
    untrusted,
)


def numbered(
    number: int, limits: ScanRule | None = None, history: list[Movement] | None = None, **given: Any
) -> GrantFacts:
    return right(grant(grant_no=GrantNo(number), **given), limits, history or [])


def enter(*rights: GrantFacts) -> Decision:
    return decide(ENTER, facts(*rights), policy(), reading())


ONCE = rule(max_total=1)
USED = [entry("2026-03-01 10:00")]
ASKING = {"flags": frozenset({GrantFlag.DETAILS_REQUIRED})}


class Row(NamedTuple):
    """Some rights, and the number of the one that answers."""

    rights: tuple[GrantFacts, ...]
    chosen: int
    reason: Reason


CHOICES = {
    "the one that ends first": Row(
        (numbered(1, valid_until="2026-06-01 00:00"), numbered(2, valid_until="2026-05-01 00:00")),
        2,
        Reason.OK,
    ),
    "an open end comes last": Row(
        (numbered(1), numbered(2, valid_until="2026-05-01 00:00")), 2, Reason.OK
    ),
    "the lowest number": Row((numbered(2), numbered(1), numbered(3)), 1, Reason.OK),
    "the second seat when the first is used": Row(
        (numbered(1, ONCE, USED), numbered(2, ONCE)), 2, Reason.OK
    ),
    "outright before a question, whatever ends first": Row(
        (numbered(1, valid_until="2026-04-01 00:00", **ASKING), numbered(2)), 2, Reason.OK
    ),
    "a question before a refusal": Row(
        (numbered(1, ONCE, USED), numbered(2, **ASKING)), 2, Reason.DETAILS_REQUIRED
    ),
    "of questions the one that ends first": Row(
        (numbered(1, **ASKING), numbered(2, valid_until="2026-05-01 00:00", **ASKING)),
        2,
        Reason.DETAILS_REQUIRED,
    ),
    "of refusals the one that got furthest": Row(
        (numbered(1, zones=frozenset({EXPO})), numbered(2, ONCE, USED)), 2, Reason.USED
    ),
    "of refusals of one step the one that is valid next": Row(
        (
            numbered(1, valid_until="2026-03-09 00:00"),
            numbered(2, valid_from="2026-05-01 00:00"),
            numbered(3, valid_from="2026-04-01 00:00"),
        ),
        3,
        Reason.NOT_YET_VALID,
    ),
    "of refusals that are all over the one that ended last": Row(
        (
            numbered(1, valid_until="2026-01-01 00:00"),
            numbered(2, valid_until="2026-03-01 00:00"),
        ),
        2,
        Reason.EXPIRED,
    ),
    "of equal refusals the lowest number": Row(
        (numbered(5, ONCE, USED), numbered(4, ONCE, USED)), 4, Reason.USED
    ),
}


@pytest.mark.parametrize("name", CHOICES)
def test_one_right_answers_in_whatever_order_they_were_found(name: str) -> None:
    row = CHOICES[name]
    for rights in permutations(row.rights):
        decision = enter(*rights)
        assert (decision.grant_no, decision.reason) == (row.chosen, row.reason)


def test_the_trace_tells_the_walk_of_every_right() -> None:
    decision = enter(numbered(1, ONCE, USED), numbered(2, ONCE))
    assert {line.grant_no for line in decision.trace} == {None, 1, 2}


def test_only_the_questions_of_the_one_that_answers_are_told() -> None:
    decision = enter(numbered(1, ONCE, USED, **ASKING), numbered(2, zones=frozenset({EXPO})))
    assert (decision.reason, decision.flags) == (Reason.USED, (Reason.DETAILS_REQUIRED,))


def test_a_refused_code_still_tells_staff_the_one_right_behind_it() -> None:
    decision = decide(
        ENTER, facts(numbered(9, type_no=TypeNo(3)), is_revoked=True), policy(), reading()
    )
    assert (decision.reason, decision.grant_no, decision.type_no) == (Reason.REVOKED, 9, 3)


def test_a_refused_code_with_several_rights_names_none() -> None:
    decision = decide(ENTER, facts(numbered(1), numbered(2), is_revoked=True), policy(), reading())
    assert (decision.reason, decision.grant_no) == (Reason.REVOKED, None)


def test_a_refused_ticket_without_a_row_still_tells_its_type() -> None:
    known = facts(presented=signed(), is_revoked=True)
    assert decide(ENTER, known, policy(), reading()).type_no == 7


class Exit(NamedTuple):
    """What is known at a way out, and the flags that the exit carries."""

    known: Facts
    flags: tuple[Reason, ...]


TWO = (numbered(1), numbered(2))
EXITS = {
    "nothing wrong": Exit(facts(*TWO), ()),
    "over": Exit(facts(numbered(1, valid_until="2026-01-01 00:00")), ()),
    "denied": Exit(facts(numbered(1, state=GrantState.DENY)), ()),
    "used up and inside": Exit(
        facts(numbered(1, ONCE, [entry("2026-03-10 11:00")])),
        (),
    ),
    "unknown": Exit(facts(), (Reason.UNKNOWN,)),
    "unreadable": Exit(facts(presented=opaque(problem=Reason.UNREADABLE)), (Reason.UNREADABLE,)),
    "key withdrawn": Exit(
        facts(presented=signed(problem=Reason.KEY_REVOKED)), (Reason.KEY_REVOKED,)
    ),
    "code withdrawn": Exit(facts(*TWO, is_revoked=True), (Reason.REVOKED,)),
    "other zone": Exit(facts(numbered(1, zones=frozenset({EXPO}))), (Reason.WRONG_ZONE,)),
    "other type": Exit(
        facts(numbered(1), gate=gate(types=frozenset({TypeNo(1)}))), (Reason.WRONG_TYPE,)
    ),
    "a way in only": Exit(
        facts(numbered(1), gate=gate(direction=Direction.IN)), (Reason.WRONG_ZONE,)
    ),
    "type nobody knows": Exit(facts(presented=signed()), (Reason.WRONG_TYPE,)),
    "without a row": Exit(facts(presented=signed(), unlisted=unlisted()), (Reason.UNLISTED,)),
    "without a row, where the rule asks": Exit(
        facts(presented=signed(), unlisted=unlisted(rule(unlisted=Policy.ACTION))),
        (Reason.UNLISTED,),
    ),
    "without a row, where the rule declines": Exit(
        facts(presented=signed(), unlisted=unlisted(rule(unlisted=Policy.DECLINE))),
        (Reason.UNLISTED,),
    ),
    "lane closed": Exit(facts(*TWO, lane=LaneReadiness.CLOSED), ()),
}


@pytest.mark.parametrize("name", EXITS)
def test_an_exit_opens_and_flags_what_was_wrong(name: str) -> None:
    row = EXITS[name]
    decision = decide(LEAVE, row.known, policy(), reading())
    assert (decision.outcome, decision.reason) == (Outcome.CHECKED_OUT, Reason.EXIT)
    assert decision.flags == row.flags
    assert (decision.movement, decision.charged) == (Direction.OUT, 0)


@pytest.mark.parametrize(
    ("lane", "reason"),
    [(LaneReadiness.BUSY, Reason.LANE_BUSY), (LaneReadiness.FAULT, Reason.LANE_FAULT)],
)
def test_a_blocked_lane_opens_for_nobody(lane: LaneReadiness, reason: Reason) -> None:
    decision = decide(LEAVE, facts(*TWO, lane=lane), policy(), reading())
    assert (decision.outcome, decision.reason) == (Outcome.DECLINED, reason)
    assert decision.movement is None


IN_EARLY, IN_LATE = entry("2026-03-10 10:00"), entry("2026-03-10 11:00")
OUT_LATE = leave("2026-03-10 11:30")
ZONED = rule(counter_scope=CounterScope.ZONE)
LEAVING = {
    "the one that is inside": ((numbered(1), numbered(2, history=[IN_EARLY])), 2),
    "the latest to enter": (
        (numbered(1, history=[IN_EARLY]), numbered(2, history=[IN_LATE]), numbered(3)),
        2,
    ),
    "of those who entered at once the lowest number": (
        (numbered(2, history=[IN_LATE]), numbered(1, history=[IN_LATE])),
        1,
    ),
    "none inside: the lowest number": ((numbered(4), numbered(3)), 3),
    "one has gone out again": (
        (numbered(1, history=[IN_EARLY]), numbered(2, history=[IN_LATE, OUT_LATE])),
        1,
    ),
    "yesterday's entry is no presence": (
        (numbered(1), numbered(2, history=[entry("2026-03-09 10:00")])),
        1,
    ),
    "presence in another zone, counted by zone": (
        (numbered(1), numbered(2, ZONED, [entry("2026-03-10 11:00", zone=EXPO)])),
        1,
    ),
}


@pytest.mark.parametrize("name", LEAVING)
def test_an_exit_belongs_to_the_right_that_is_inside(name: str) -> None:
    rights, leaving = LEAVING[name]
    for found in permutations(rights):
        decision = decide(LEAVE, facts(*found), policy(), reading())
        assert decision.grant_no == leaving


def test_an_exit_of_a_withdrawn_code_still_belongs_to_the_right_inside() -> None:
    rights = (numbered(1), numbered(2, history=[IN_EARLY]))
    assert decide(LEAVE, facts(*rights, is_revoked=True), policy(), reading()).grant_no == 2


def test_with_an_untrusted_clock_an_exit_goes_by_this_boot() -> None:
    rights = (
        numbered(1, history=[IN_LATE]),
        numbered(2, history=[entry("2026-03-10 10:00", boot=THIS_BOOT)]),
    )
    assert decide(LEAVE, facts(*rights), policy(), untrusted()).grant_no == 2


def test_an_exit_costs_nothing_and_tells_what_remains() -> None:
    given = numbered(1, rule(max_total=10), [IN_EARLY])
    decision = decide(Scan(direction=Direction.OUT, party=2), facts(given), policy(), reading())
    assert (decision.charged, decision.persons, decision.remaining) == (0, 2, 9)


def test_after_exit_two_people_with_one_card_come_and_go() -> None:
    limits = rule(max_total=1, reentry_mode=ReentryMode.AFTER_EXIT)
    rights = (numbered(1, limits, [IN_EARLY]), numbered(2, limits, [IN_LATE]))
    assert enter(*rights).reason is Reason.ALREADY_IN
    gone = (rights[0], numbered(2, limits, [IN_LATE, OUT_LATE]))
    again = enter(*gone)
    assert (again.grant_no, again.reason, again.charged) == (2, Reason.REENTRY_FREE, 0)
