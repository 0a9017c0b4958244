"""Cycles keep their anchor (S37)."""

from __future__ import annotations

import pytest

from scanner.core.calendar import Unit
from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.rules.cycles import Period, cycle, cycle_no, cycle_start
from support.instants import PARIS, wall

MONTHLY, YEARLY = Period(1, Unit.MONTHS), Period(1, Unit.YEARS)


@pytest.mark.parametrize(
    ("n", "start"), [(1, "2026-02-28"), (2, "2026-03-31"), (3, "2026-04-30"), (12, "2027-01-31")]
)
def test_s37_monthly_from_the_31st_is_clamped_and_comes_back(n: int, start: str) -> None:
    anchor_at = wall("2026-01-31T10:15")

    assert cycle_start(anchor_at, MONTHLY, n, PARIS) == wall(f"{start}T10:15")


@pytest.mark.parametrize(
    ("n", "start"), [(1, "2025-02-28"), (2, "2026-02-28"), (3, "2027-02-28"), (4, "2028-02-29")]
)
def test_s37_yearly_from_the_29th_of_february(n: int, start: str) -> None:
    assert cycle_start(wall("2024-02-29T09:00"), YEARLY, n, PARIS) == wall(f"{start}T09:00")


def test_every_two_weeks_keeps_the_wall_time_when_clocks_change() -> None:
    anchor_at = wall("2026-03-20T18:00")

    assert cycle_start(anchor_at, Period(2, Unit.WEEKS), 1, PARIS) == wall("2026-04-03T18:00")


@pytest.mark.parametrize("n", [0, 1, 2, 23, 240])
def test_the_number_of_a_cycle_is_found_at_both_its_ends(n: int) -> None:
    anchor_at = wall("2026-01-31T10:15")
    found = cycle(anchor_at, MONTHLY, n, PARIS)

    assert cycle_no(anchor_at, MONTHLY, found.start, PARIS) == n
    assert cycle_no(anchor_at, MONTHLY, Instant(found.until - 1), PARIS) == n
    assert cycle_no(anchor_at, MONTHLY, found.until, PARIS) == n + 1


def test_before_the_anchor_it_is_the_first_cycle() -> None:
    assert cycle_no(wall("2026-01-31T10:15"), MONTHLY, wall("2020-01-01T00:00"), PARIS) == 0


@pytest.mark.parametrize(("amount", "unit"), [(0, Unit.MONTHS), (-1, Unit.DAYS), (5, Unit.HOURS)])
def test_a_period_is_at_least_one_day(amount: int, unit: Unit) -> None:
    with pytest.raises(InputError) as refused:
        Period(amount, unit)

    assert refused.value.code == "billing_period_wrong"
