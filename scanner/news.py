"""What recorded counts show beyond the facts that are known: the news of other lanes, as a tally of its own.

Law: pure; expected + news = recorded, in every number. A mark is news where the recorded counts have another than
expected and it is none of the known facts'. Numbers of a day may be below zero: another lane gave an entry back.

Source: docs/rehearsal.md, "From the ledger".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from scanner.core.tally import EMPTY, DayTally, Mark, Tally, merge
from scanner.core.units import ZoneNo

Tallies = Mapping[ZoneNo, Tally]


def merged(a: Tallies, b: Tallies) -> Tallies:
    """Counts of both, by zone."""
    zones = sorted(a.keys() | b.keys())
    return {zone: merge(a.get(zone, EMPTY), b.get(zone, EMPTY)) for zone in zones}


def news_of(recorded: Tallies, expected: Tallies, known: Collection[Mark]) -> Tallies:
    """What is in the recorded counts and was not to be expected."""
    zones = sorted(recorded.keys() | expected.keys())
    return {
        zone: _news(recorded.get(zone, EMPTY), expected.get(zone, EMPTY), known) for zone in zones
    }


def _news(recorded: Tally, expected: Tally, known: Collection[Mark]) -> Tally:
    days = {on: _day(recorded.day(on), expected.day(on), known) for on in recorded.days}
    events = {
        number: count - expected.events.get(number, 0) for number, count in recorded.events.items()
    }
    return Tally(
        days={on: day for on, day in days.items() if day != DayTally()},
        events={number: count for number, count in events.items() if count},
        first_entry=_mark(recorded.first_entry, expected.first_entry, known),
        last_entry=_mark(recorded.last_entry, expected.last_entry, known),
        last_charged=_mark(recorded.last_charged, expected.last_charged, known),
    )


def _day(recorded: DayTally, expected: DayTally, known: Collection[Mark]) -> DayTally:
    return DayTally(
        charged=recorded.charged - expected.charged,
        entries=recorded.entries - expected.entries,
        first_entry=_mark(recorded.first_entry, expected.first_entry, known),
        last_entry=_mark(recorded.last_entry, expected.last_entry, known),
        last_exit=_mark(recorded.last_exit, expected.last_exit, known),
    )


def _mark(recorded: Mark | None, expected: Mark | None, known: Collection[Mark]) -> Mark | None:
    return None if recorded == expected or recorded in known else recorded
