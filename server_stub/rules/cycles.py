"""Billing cycles: an endless row of intervals counted from one anchor.

Law: cycle n is ``[anchor + n periods, anchor + (n + 1) periods)``, both in wall time from the original anchor and
clamped to the month's end (31 Jan → 28 Feb → 31 Mar). So cycles are contiguous and never overlap; to keep them so, an
end that falls on a doubled hour is the first of the two, as the next start is.

Source: docs/membership-rules.md, "Billing cycles"; docs/decisions.md, "Time" (T3).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

from scanner.core.calendar import HOUR_MS, SiteCalendar, Unit
from scanner.core.errors import InputError
from scanner.core.units import Instant

_SHORTEST_HOURS = {
    Unit.DAYS: 22,
    Unit.WEEKS: 7 * 24 - 2,
    Unit.MONTHS: 28 * 24 - 2,
    Unit.YEARS: 365 * 24 - 2,
}
"""A lower bound of each unit, clocks going forward included: how many cycles can have begun at most."""


@dataclass(frozen=True, slots=True)
class Period:
    """How often is billed: every ``amount`` days, weeks, months or years.

    Raises:
        InputError: less than one, or hours.
    """

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.amount < 1 or self.unit not in _SHORTEST_HOURS:
            raise InputError(
                "billing_period_wrong",
                f"billing period '{self.amount} {self.unit}' is not 1 or more days, weeks, months or years",
                "write it as 1 months or 1 years",
            )


class Cycle(NamedTuple):
    """Half-open ``[start, until)``."""

    start: Instant
    until: Instant

    def contains(self, at: Instant) -> bool:
        """True when ``start <= at < until``."""
        return self.start <= at < self.until


def cycle_start(anchor_at: Instant, period: Period, n: int, site: SiteCalendar) -> Instant:
    """When cycle ``n`` (from 0) begins, which is when cycle ``n - 1`` ends."""
    return site.add(anchor_at, n * period.amount, period.unit)


def cycle(anchor_at: Instant, period: Period, n: int, site: SiteCalendar) -> Cycle:
    """Cycle ``n``, from 0."""
    return Cycle(
        cycle_start(anchor_at, period, n, site), cycle_start(anchor_at, period, n + 1, site)
    )


def cycle_no(anchor_at: Instant, period: Period, at: Instant, site: SiteCalendar) -> int:
    """The number of the cycle that holds an instant; before the anchor it is the first."""
    shortest_ms = period.amount * _SHORTEST_HOURS[period.unit] * HOUR_MS
    most = max(at - anchor_at, 0) // shortest_ms + 1
    starts = range(1, most + 1)
    return bisect_right(starts, at, key=lambda n: cycle_start(anchor_at, period, n, site))
