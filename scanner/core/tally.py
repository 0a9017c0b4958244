"""The fold: facts into the counts that rules need.

Law: a tally is a commutative monoid. `merge` is associative and commutative with `EMPTY` as its zero, so the fold gives
the same answer whatever the order of arrival, and base + peers + own is one merge. A fact is taken once, by its
identity (device, epoch, seq). `NOT_PASSED` takes persons out of everything. ``charged`` is never decided again.
What was merged cannot be given back, so a vector never parts an entry from its `NOT_PASSED`: who builds a base stops
before an entry that still awaits its passage.

Source: docs/decisions.md, "Counting".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from typing import NamedTuple

from scanner.core.calendar import SiteCalendar
from scanner.core.events import Fact, FactKind
from scanner.core.units import (
    BootId,
    DeviceId,
    Direction,
    Epoch,
    EventNo,
    GateNo,
    Instant,
    MonoMs,
    Seq,
    ZoneNo,
)


class Mark(NamedTuple):
    """When and where something happened; its first four fields order the facts of a site."""

    at: Instant
    device: DeviceId
    epoch: Epoch
    seq: Seq
    gate_no: GateNo
    boot: BootId = BootId("")
    mono_ms: MonoMs = MonoMs(0)


@dataclass(frozen=True, slots=True)
class Movement:
    """An entry or exit that stands: given-back persons are out, time is corrected."""

    mark: Mark
    direction: Direction
    zone_no: ZoneNo
    charged: int
    persons: int
    event_no: EventNo | None


@dataclass(frozen=True, slots=True)
class DayTally:
    """One business day in one zone."""

    charged: int = 0
    entries: int = 0
    first_entry: Mark | None = None
    last_entry: Mark | None = None
    last_exit: Mark | None = None

    @property
    def is_inside(self) -> bool:
        """True when the last fact of this day is an entry."""
        return self.last_entry is not None and (
            self.last_exit is None or self.last_entry > self.last_exit
        )

    @property
    def has_left(self) -> bool:
        """True when the last fact is an exit that followed an entry of this day."""
        return (
            self.last_exit is not None
            and self.first_entry is not None
            and self.first_entry < self.last_exit
            and not self.is_inside
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one grant in one zone, or merged over zones."""

    days: Mapping[date, DayTally] = field(default_factory=dict)
    events: Mapping[EventNo, int] = field(default_factory=dict)
    first_entry: Mark | None = None
    last_entry: Mark | None = None
    last_charged: Mark | None = None

    @property
    def total(self) -> int:
        """Charged entries ever."""
        return sum(day.charged for day in self.days.values())

    def day(self, business_date: date) -> DayTally:
        """The day's tally, empty when nothing happened."""
        return self.days.get(business_date, NO_DAY)

    @property
    def used_days(self) -> frozenset[date]:
        """Business dates with at least one charged entry."""
        return frozenset(on for on, day in self.days.items() if day.charged)


NO_DAY = DayTally()
EMPTY = Tally()


def _latest(a: Mark | None, b: Mark | None) -> Mark | None:
    if a is None or b is None:
        return a or b
    return max(a, b)


def _earliest(a: Mark | None, b: Mark | None) -> Mark | None:
    if a is None or b is None:
        return a or b
    return min(a, b)


def _merge_days(a: DayTally, b: DayTally) -> DayTally:
    return DayTally(
        charged=a.charged + b.charged,
        entries=a.entries + b.entries,
        first_entry=_earliest(a.first_entry, b.first_entry),
        last_entry=_latest(a.last_entry, b.last_entry),
        last_exit=_latest(a.last_exit, b.last_exit),
    )


def merge(a: Tally, b: Tally) -> Tally:
    """Counts of both; the two must be of disjoint facts."""
    return merge_all((a, b))


def merge_all(tallies: Iterable[Tally]) -> Tally:
    """Counts of all, over zones or over parts of the facts (`EMPTY` for none)."""
    parts = [tally for tally in tallies if tally is not EMPTY]
    first, *others = parts or (EMPTY,)
    if not others:
        return first
    return Tally(
        days=_sum_days(parts),
        events=_sum_events(parts),
        first_entry=reduce(_earliest, (part.first_entry for part in parts)),
        last_entry=reduce(_latest, (part.last_entry for part in parts)),
        last_charged=reduce(_latest, (part.last_charged for part in parts)),
    )


def _sum_days(parts: Sequence[Tally]) -> dict[date, DayTally]:
    days = dict(parts[0].days)
    for part in parts[1:]:
        for business_date, day in part.days.items():
            before = days.get(business_date)
            days[business_date] = day if before is None else _merge_days(before, day)
    return days


def _sum_events(parts: Sequence[Tally]) -> dict[EventNo, int]:
    events = dict(parts[0].events)
    for part in parts[1:]:
        for event_no, count in part.events.items():
            events[event_no] = events.get(event_no, 0) + count
    return events


Offsets = Mapping[tuple[DeviceId, BootId], int]
"""(device, boot) → ms to add to that boot's monotonic time: the newest ``CLOCK_OFFSET`` of each boot."""


def corrected_at(fact: Fact, offsets: Offsets) -> Instant:
    """The fact's instant, by its boot's offset where one is known."""
    offset = offsets.get((fact.device, fact.boot))
    return fact.at if offset is None else Instant(fact.mono_ms + offset)


def resolve(facts: Iterable[Fact], offsets: Offsets) -> tuple[Movement, ...]:
    """The entries and exits that stand, each fact once, given-back persons taken out."""
    unique = {(fact.device, fact.epoch, fact.seq): fact for fact in facts}
    given_back: dict[tuple[DeviceId, Epoch, Seq], int] = {}
    for fact in unique.values():
        if fact.kind is FactKind.NOT_PASSED and fact.refers_to is not None:
            entry = (fact.device, fact.epoch, fact.refers_to)
            given_back[entry] = given_back.get(entry, 0) + fact.persons
    return tuple(
        _movement(fact, fact.movement, given_back.get(identity, 0), offsets)
        for identity, fact in unique.items()
        if fact.movement is not None and given_back.get(identity, 0) < fact.persons
    )


def _movement(fact: Fact, direction: Direction, given_back: int, offsets: Offsets) -> Movement:
    mark = Mark(
        corrected_at(fact, offsets),
        fact.device,
        fact.epoch,
        fact.seq,
        fact.gate_no,
        fact.boot,
        fact.mono_ms,
    )
    return Movement(
        mark,
        direction,
        fact.zone_no,
        charged=max(0, fact.charged - given_back),
        persons=fact.persons - given_back,
        event_no=fact.event_no,
    )


def of_movement(movement: Movement, calendar: SiteCalendar) -> Tally:
    """The tally of one entry or exit."""
    business_date = calendar.business_date(movement.mark.at)
    mark = movement.mark
    if movement.direction is Direction.OUT:
        return Tally(days={business_date: DayTally(last_exit=mark)})
    charged, event_no = movement.charged, movement.event_no
    return Tally(
        days={business_date: DayTally(charged, 1, first_entry=mark, last_entry=mark)},
        events={event_no: charged} if event_no is not None and charged else {},
        first_entry=mark,
        last_entry=mark,
        last_charged=mark if charged else None,
    )


def fold(
    base: Mapping[ZoneNo, Tally], movements: Iterable[Movement], calendar: SiteCalendar
) -> dict[ZoneNo, Tally]:
    """Base tallies and the movements above their vector, by zone."""
    parts = {zone_no: [tally] for zone_no, tally in base.items()}
    for movement in movements:
        parts.setdefault(movement.zone_no, []).append(of_movement(movement, calendar))
    return {zone_no: merge_all(tallies) for zone_no, tallies in parts.items()}
