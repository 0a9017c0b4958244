"""What an organiser may not ask for is said in plain words."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.core.rules import LIMIT_FIELDS, ScanRule, rule_problems
from scanner.core.units import EventNo, GrantNo, Instant, Interval, Seq
from support.rights import EPOCH, HERE, event, fact, grant, scope


@pytest.mark.parametrize("name", LIMIT_FIELDS)
def test_a_limit_of_nothing_is_illegal(name: str) -> None:
    fields: dict[str, Any] = {name: 0}
    (problem,) = rule_problems(ScanRule(**fields))
    assert problem.startswith(f"{name} 0 is below 1")


@pytest.mark.parametrize("name", ["min_interval_s", "reentry_window_s"])
def test_a_negative_time_is_illegal(name: str) -> None:
    fields: dict[str, Any] = {name: -1}
    assert rule_problems(ScanRule(**fields)) == (f"{name} -1 s is negative (0 = off)",)


def test_consecutive_days_need_a_number_of_days() -> None:
    assert rule_problems(ScanRule(consecutive_only=True)) == (
        "consecutive_only needs max_distinct_days",
    )
    assert rule_problems(ScanRule(consecutive_only=True, max_distinct_days=3)) == ()


def test_the_defaults_are_legal() -> None:
    assert rule_problems(ScanRule()) == ()


@pytest.mark.parametrize(
    ("interval", "inside", "outside"),
    [
        (Interval(Instant(1), Instant(3)), {1, 2}, {0, 3}),
        (Interval(None, Instant(3)), {-9, 2}, {3}),
        (Interval(Instant(1), None), {1, 99}, {0}),
    ],
)
def test_an_interval_holds_its_start_and_not_its_end(
    interval: Interval, inside: set[int], outside: set[int]
) -> None:
    assert {at for at in inside | outside if interval.contains(Instant(at))} == inside


def test_a_fact_knows_its_place_in_the_order_of_the_site() -> None:
    one = fact(seq=7)
    assert one.stamp == (one.at, HERE, EPOCH, Seq(7))


def test_builders_give_what_they_are_asked_for() -> None:
    assert grant(grant_no=GrantNo(5)).grant_no == 5
    assert scope(1, 2).event_nos == {EventNo(1), EventNo(2)}
    assert event(9).event_no == 9
