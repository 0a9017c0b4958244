"""Cycles are contiguous and anchored, whatever the anchor, the rhythm and the zone (S37)."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.core.calendar import SiteCalendar, Unit, shifted
from scanner.core.units import Instant
from server_stub.rules.cycles import Period, cycle, cycle_no, cycle_start

ZONES = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
sites = st.sampled_from([SiteCalendar(zone) for zone in ZONES])
periods = st.builds(
    Period, st.integers(1, 6), st.sampled_from([Unit.DAYS, Unit.WEEKS, Unit.MONTHS, Unit.YEARS])
)
anchors = st.integers(1_600_000_000_000, 2_200_000_000_000).map(Instant)


@given(sites, periods, anchors, st.integers(0, 60))
@settings(deadline=None)
def test_each_cycle_begins_where_the_one_before_ended(
    site: SiteCalendar, period: Period, anchor_at: Instant, first: int
) -> None:
    cycles = [cycle(anchor_at, period, n, site) for n in range(first, first + 4)]

    assert all(one.start < one.until for one in cycles)
    assert all(one.until == two.start for one, two in pairwise(cycles))


@given(sites, periods, anchors, st.integers(0, 60))
@settings(deadline=None)
def test_each_cycle_keeps_the_anchors_wall_date(
    site: SiteCalendar, period: Period, anchor_at: Instant, n: int
) -> None:
    start = cycle_start(anchor_at, period, n, site)
    expected = shifted(site.wall(anchor_at).date(), n * period.amount, period.unit)

    assert site.wall(start).date() == expected


@given(sites, periods, anchors, st.integers(0, 10**12))
@settings(deadline=None)
def test_every_instant_after_the_anchor_lies_in_the_cycle_that_is_found(
    site: SiteCalendar, period: Period, anchor_at: Instant, later_ms: int
) -> None:
    at = Instant(anchor_at + later_ms)

    assert cycle(anchor_at, period, cycle_no(anchor_at, period, at, site), site).contains(at)
