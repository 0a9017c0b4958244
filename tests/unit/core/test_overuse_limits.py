"""Entries beyond each limit a rule can have, as the central finds them."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.core.overuse import _beyond, _is_beyond_days, overuse_of
from scanner.core.reasons import Reason
from scanner.core.rules import CounterScope
from scanner.core.tally import EMPTY, Mark, Movement, fold
from scanner.core.units import (
    DeviceId,
    Direction,
    Epoch,
    EventNo,
    GateNo,
    Seq,
    ZoneNo,
)
from support.gate_facts import entry
from support.rights import EXPO, MAIN, PARIS, at, rule


def _entry(wall: str, seq: int = 1) -> Movement:
    mark = Mark(at(wall), DeviceId("d"), Epoch("e"), Seq(seq), GateNo(1))
    return Movement(mark, Direction.IN, ZoneNo(MAIN), 1, 1, EventNo(7))


@pytest.mark.parametrize(
    ("fields", "earlier", "now", "reason"),
    [
        ({"max_per_event": 1}, "2026-03-10 12:00", "2026-03-10 13:00", Reason.LIMIT_EVENT),
        ({"max_per_day": 1}, "2026-03-10 12:00", "2026-03-10 13:00", Reason.LIMIT_DAY),
        ({"max_per_week": 1}, "2026-03-09 12:00", "2026-03-15 13:00", Reason.LIMIT_WEEK),
        ({"max_per_month": 1}, "2026-03-01 12:00", "2026-03-31 13:00", Reason.LIMIT_MONTH),
        ({"max_per_year": 1}, "2026-01-01 12:00", "2026-12-31 13:00", Reason.LIMIT_YEAR),
        ({"max_total": 1}, "2020-01-01 12:00", "2026-12-31 13:00", Reason.USED),
        ({"max_distinct_days": 1}, "2026-03-10 12:00", "2026-03-11 12:00", Reason.LIMIT_DAYS),
        (
            {"max_distinct_days": 2, "consecutive_only": True},
            "2026-03-10 12:00",
            "2026-03-12 12:00",
            Reason.LIMIT_DAYS,
        ),
    ],
)
def test_the_second_entry_is_beyond_and_the_first_is_not(
    fields: dict[str, Any], earlier: str, now: str, reason: Reason
) -> None:
    limited = rule(**fields)
    before = fold({}, [_entry(earlier)], PARIS)[MAIN]
    assert list(_beyond(_entry(earlier), limited, EMPTY, PARIS)) == []
    (found,) = _beyond(_entry(now, 2), limited, before, PARIS)
    assert found.limits == (reason,)


def test_a_day_within_consecutive_ones_is_not_beyond() -> None:
    limited = rule(max_distinct_days=3, consecutive_only=True)
    before = fold({}, [_entry("2026-03-10 12:00")], PARIS)[MAIN]
    assert not _is_beyond_days(limited, before, PARIS.business_date(at("2026-03-12 12:00")))


@pytest.mark.parametrize(
    ("scope", "zone_no", "persons"),
    [("global", MAIN, 1), ("global", EXPO, 1), ("zone", MAIN, 1), ("zone", EXPO, 0)],
)
def test_what_purged_facts_had_used_up_counts_where_the_rule_counts(
    scope: str, zone_no: ZoneNo, persons: int
) -> None:
    limited = rule(max_total=2, counter_scope=CounterScope(scope))
    purged = fold({}, [_entry("2025-01-01 12:00", 1), _entry("2025-01-02 12:00", 2)], PARIS)
    late = entry(at=at("2026-03-10 12:00"), zone_no=zone_no, grant_no=1)
    found = overuse_of([late], limited, {}, PARIS, purged)

    assert sum(one.persons for one in found) == persons
