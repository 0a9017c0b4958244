"""The age of a snapshot, by clocks that can be trusted and by those that cannot."""

from __future__ import annotations

import pytest

from scanner.core.clock import ClockReading, ClockState
from scanner.core.freshness import AgeMark, Freshness, age_ms, freshness, mark_age
from scanner.core.units import BootId, Instant, MonoMs

CREATED = Instant(1_000_000)
HOUR = 3_600_000
BOOT, OTHER_BOOT = BootId("boot-1"), BootId("boot-2")


def reading(
    now: int, state: ClockState = ClockState.TRUSTED, *, mono: int = 0, floor: int | None = None
) -> ClockReading:
    least = now if floor is None else floor
    return ClockReading(Instant(now), MonoMs(mono), BOOT, state, Instant(least))


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, Freshness.FRESH),
        (HOUR - 1, Freshness.FRESH),
        (HOUR, Freshness.STALE_SOFT),
        (72 * HOUR - 1, Freshness.STALE_SOFT),
        (72 * HOUR, Freshness.STALE_HARD),
    ],
)
def test_s56_it_is_fresh_while_its_age_is_below_the_limit(age: int, expected: Freshness) -> None:
    assert freshness(age, soft_s=3_600, hard_s=72 * 3_600) is expected


def test_a_hard_limit_below_the_soft_one_still_counts() -> None:
    assert freshness(HOUR, soft_s=7_200, hard_s=3_600) is Freshness.STALE_HARD


@pytest.mark.parametrize("state", [ClockState.TRUSTED, ClockState.HOLDOVER])
def test_a_clock_that_is_kept_gives_the_age(state: ClockState) -> None:
    assert age_ms(CREATED, reading(CREATED + HOUR, state)) == HOUR


def test_a_snapshot_from_the_future_is_new() -> None:
    assert age_ms(CREATED, reading(CREATED - 5)) == 0


def test_an_untrusted_wall_clock_ages_nothing() -> None:
    in_2099 = reading(CREATED + 999 * HOUR, ClockState.UNTRUSTED, floor=CREATED + HOUR)
    assert age_ms(CREATED, in_2099) == HOUR


def test_an_untrusted_clock_that_stands_still_ages_by_the_monotonic_clock() -> None:
    start = reading(CREATED + HOUR, ClockState.UNTRUSTED, mono=7)
    mark = mark_age(CREATED, start)
    later = reading(CREATED + HOUR, ClockState.UNTRUSTED, mono=7 + 5 * HOUR)
    assert mark == AgeMark(CREATED, BOOT, MonoMs(7), HOUR)
    assert age_ms(CREATED, later, mark) == 6 * HOUR
    assert mark_age(CREATED, later, mark).age_ms == 6 * HOUR


def test_a_mark_of_another_boot_says_nothing() -> None:
    mark = AgeMark(CREATED, OTHER_BOOT, MonoMs(0), 50 * HOUR)
    assert age_ms(CREATED, reading(CREATED, ClockState.UNTRUSTED, mono=HOUR), mark) == 0


def test_a_mark_of_another_snapshot_says_nothing() -> None:
    mark = AgeMark(Instant(CREATED - HOUR), BOOT, MonoMs(0), 50 * HOUR)
    assert age_ms(CREATED, reading(CREATED, ClockState.UNTRUSTED, mono=HOUR), mark) == 0


def test_a_floor_that_was_raised_beats_an_older_mark() -> None:
    mark = AgeMark(CREATED, BOOT, MonoMs(0), 0)
    raised = reading(CREATED, ClockState.UNTRUSTED, mono=HOUR, floor=CREATED + 3 * HOUR)
    assert age_ms(CREATED, raised, mark) == 3 * HOUR
