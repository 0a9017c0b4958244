"""Overuse: entries beyond a limit once all facts are together, in the order of corrected time."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.core.events import Fact, FactKind
from scanner.core.overuse import overuse_of
from scanner.core.reasons import Reason
from scanner.core.rules import CounterScope, OverusePolicy, ReentryMode
from scanner.core.units import BootId, DeviceId, Direction, EventNo
from support.rights import EXPO, PARIS, fact, rule

NORTH, SOUTH = DeviceId("north"), DeviceId("south")


def entry(wall: str, seq: int = 1, device: DeviceId = NORTH, **fields: Any) -> Fact:
    plain: dict[str, Any] = {
        "kind": FactKind.SCAN,
        "movement": Direction.IN,
        "charged": fields.get("persons", 1),
    }
    return fact(wall=wall, seq=seq, device=device, **(plain | fields))


def found(*facts: Fact, **limits: Any) -> list[tuple[str, int, int, list[str]]]:
    """Of each overuse: which lane, which entry, how many persons, which limits."""
    return [
        (one.mark.device, one.mark.seq, one.persons, [reason.value for reason in one.limits])
        for one in overuse_of(facts, rule(**limits), {}, PARIS)
    ]


@pytest.mark.parametrize(
    ("limit", "walls", "reason"),
    [
        ("max_total", ["2026-03-10 10:00", "2027-03-10 10:00"], Reason.USED),
        ("max_per_day", ["2026-03-10 10:00", "2026-03-10 23:59"], Reason.LIMIT_DAY),
        ("max_per_week", ["2026-03-09 10:00", "2026-03-15 10:00"], Reason.LIMIT_WEEK),
        ("max_per_month", ["2026-03-01 10:00", "2026-03-31 10:00"], Reason.LIMIT_MONTH),
        ("max_per_year", ["2026-01-01 10:00", "2026-12-31 10:00"], Reason.LIMIT_YEAR),
        ("max_distinct_days", ["2026-03-10 10:00", "2026-03-11 10:00"], Reason.LIMIT_DAYS),
    ],
)
def test_the_later_entry_is_beyond_the_limit(limit: str, walls: list[str], reason: Reason) -> None:
    first, second = walls
    facts = entry(second, device=NORTH), entry(first, device=SOUTH)

    assert found(*facts, **{limit: 1}) == [("north", 1, 1, [reason.value])]
    assert found(*facts, **{limit: 2}) == []


def test_an_entry_of_the_next_period_is_beyond_nothing() -> None:
    facts = entry("2026-03-15 10:00", 1), entry("2026-03-16 10:00", 2)

    assert found(*facts, max_per_week=1, max_per_day=1) == []


def test_an_event_has_its_own_limit() -> None:
    facts = [entry(f"2026-03-10 1{n}:00", n, event_no=EventNo(1)) for n in (1, 2)]
    other = entry("2026-03-10 13:00", 3, event_no=EventNo(2))
    none = entry("2026-03-10 14:00", 4)

    assert found(*facts, other, none, max_per_event=1) == [("north", 2, 1, ["LIMIT_EVENT"])]


def test_days_on_end_are_counted_from_the_first() -> None:
    facts = [entry(f"2026-03-{day} 10:00", day) for day in (10, 12, 13)]

    assert found(*facts, max_distinct_days=3, consecutive_only=True) == [
        ("north", 13, 1, ["LIMIT_DAYS"])
    ]


def test_every_entry_on_a_day_too_many_is_beyond_and_one_on_a_day_that_was_given_is_not() -> None:
    facts = [entry(f"2026-03-{day} 1{hour}:00", 10 * day + hour) for day, hour in
             ((10, 0), (11, 0), (11, 1), (10, 1))]  # fmt: skip

    assert found(*facts, max_distinct_days=1) == [
        ("north", 110, 1, ["LIMIT_DAYS"]),
        ("north", 111, 1, ["LIMIT_DAYS"]),
    ]


def test_one_entry_names_every_limit_and_the_persons_beyond_the_furthest() -> None:
    facts = entry("2026-03-10 10:00", 1, persons=3), entry("2026-03-10 11:00", 2, persons=4)

    assert found(*facts, max_total=5, max_per_day=4) == [
        ("north", 2, 3, ["LIMIT_DAY", "LIMIT_TOTAL"])
    ]


def test_what_is_beyond_stays_counted() -> None:
    facts = [entry(f"2026-03-1{day} 1{hour}:00", 10 * day + hour) for day, hour in
             ((0, 0), (0, 1), (1, 0), (2, 0))]  # fmt: skip

    assert found(*facts, max_total=3, max_per_day=1) == [
        ("north", 1, 1, ["LIMIT_DAY"]),
        ("north", 20, 1, ["LIMIT_TOTAL"]),
    ]


def test_a_forced_entry_is_none_but_counts_for_the_next() -> None:
    forced = entry("2026-03-10 11:00", 2, kind=FactKind.OVERRIDE, note="force")
    accepted = entry("2026-03-10 12:00", 3, kind=FactKind.OVERRIDE, note="accept")

    assert found(entry("2026-03-10 10:00", 1), forced, max_total=1) == []
    assert found(forced, accepted, max_total=1) == [("north", 3, 1, ["USED"])]


def test_a_given_back_entry_is_none() -> None:
    back = fact(FactKind.NOT_PASSED, "2026-03-10 12:01", 3, NORTH, refers_to=2)

    facts = entry("2026-03-10 10:00", 1), entry("2026-03-10 12:00", 2), back
    assert found(*facts, max_total=1) == []


def test_what_should_have_been_free_is_none() -> None:
    two = entry("2026-03-10 10:00", 1), entry("2026-03-10 10:20", 2, SOUTH)
    left = fact(FactKind.SCAN, "2026-03-10 10:10", 3, movement=Direction.OUT)

    assert found(*two, max_total=1, reentry_window_s=1_800) == []
    assert found(*two, max_total=1, reentry_mode=ReentryMode.FREE) == []
    assert found(*two, left, max_total=1, reentry_mode=ReentryMode.AFTER_EXIT) == []
    assert found(*two, max_total=1, reentry_mode=ReentryMode.AFTER_EXIT) != []


def test_what_follows_a_free_entry_of_the_day_should_have_been_free_too() -> None:
    yesterday = entry("2026-03-09 10:00", 1)
    free, charged = entry("2026-03-10 10:00", 2, charged=0), entry("2026-03-10 11:00", 3)

    assert found(yesterday, free, charged, max_total=1, reentry_mode=ReentryMode.FREE) == []


def test_zones_may_count_by_themselves() -> None:
    two = entry("2026-03-10 10:00", 1), entry("2026-03-10 10:20", 2, zone_no=EXPO)

    assert found(*two, max_total=1) != []
    assert found(*two, max_total=1, counter_scope=CounterScope.ZONE) == []


def test_a_rule_may_show_none() -> None:
    two = entry("2026-03-10 10:00", 1), entry("2026-03-10 10:20", 2)

    assert found(*two, max_total=1, overuse=OverusePolicy.NONE) == []


def test_the_order_is_that_of_corrected_time() -> None:
    boot = BootId("alone")
    early = entry("1970-01-01 01:00", 1, NORTH, boot=boot, mono_ms=0)
    late = entry("2026-03-10 10:00", 1, SOUTH)
    offset = late.at + 1

    (one,) = overuse_of([early, late], rule(max_total=1), {(NORTH, boot): offset}, PARIS)
    assert one.mark.device == NORTH
