"""Entries by day, hour, lane and ticket type.

Law: read-only, sums. An entry is where its corrected time says, in the site's zone and business day; what was given
back is no entry; facts under review are in no sum. Of facts that were purged only the day is known: their hour is
empty. No row can be led back to a person.

Source: docs/central.md, "Reports".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Connection, Select, and_, case, cast, func, select

from scanner.core.calendar import SiteCalendar
from scanner.core.tally import Offsets, corrected_at
from scanner.core.units import Direction, Instant
from server_stub.gates.tallies import load_offsets
from server_stub.reporting.report import SUMS, returned_persons, whole_sum, with_returned
from server_stub.reporting.report_span import Span
from server_stub.rules.purging import DayCount, standing_of
from server_stub.site import load_site
from server_stub.store.retention_tables import daily_count
from server_stub.store.tables import fact, gate, ticket_type
from sync.wire import parse_fact

MINUTE_MS = 60_000
"""Hours and business days begin with a minute, whatever the zone and the cut-off."""


class By(StrEnum):
    """What entries are told apart by."""

    DAY = "day"
    HOUR = "hour"
    GATE = "gate"
    TYPE = "type"


class EntryRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Sums of one day, hour, gate and type; null = not told apart, or not known (`purged` facts have no hour).

    ``hour``: local time with its offset from UTC. ``persons`` and ``charged`` are without those given back.
    """

    day: str | None
    hour: str | None
    gate: str | None
    type: str | None
    entries: int
    persons: int
    charged: int
    given_back: int
    exits: int


class EntryReport(msgspec.Struct, frozen=True, kw_only=True):
    """Business days ``first`` to ``last``, both in."""

    first: str
    last: str
    by: list[By]
    rows: list[EntryRow]
    total: EntryRow


class _Cell(NamedTuple):
    day: str | None
    hour: str | None
    gate: str | None
    type: str | None


class _Movement(NamedTuple):
    """Sums of one minute, gate and type; ``at`` None = of a purged day."""

    day: date
    at: Instant | None
    gate_no: int
    type_no: int | None
    sums: DayCount


def load_entries(connection: Connection, span: Span, by: frozenset[By]) -> EntryReport:
    """The entries of a span."""
    calendar = load_site(connection).calendar
    gates = dict(connection.execute(select(gate.c.gate_no, gate.c.name)).all())
    types = dict(connection.execute(select(ticket_type.c.type_no, ticket_type.c.name)).all())
    cells: dict[_Cell, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    for one in _movements(connection, span, calendar):
        sums = {name: getattr(one.sums, name) for name in SUMS}
        cell = _Cell(
            day=one.day.isoformat() if By.DAY in by or By.HOUR in by else None,
            hour=_hour(one.at, calendar) if By.HOUR in by else None,
            gate=gates.get(one.gate_no, str(one.gate_no)) if By.GATE in by else None,
            type=types.get(one.type_no or 0) if By.TYPE in by else None,
        )
        cells[cell].update(sums)
        total.update(sums)
    return EntryReport(
        first=span.first.isoformat(),
        last=span.last.isoformat(),
        by=[one for one in By if one in by],
        rows=[_row(cell, cells[cell]) for cell in sorted(cells, key=_order)],
        total=_row(_Cell(None, None, None, None), total),
    )


def _movements(connection: Connection, span: Span, calendar: SiteCalendar) -> Iterator[_Movement]:
    offsets = load_offsets(connection)
    moved_clocks = {device for device, _boot in offsets}
    for row in connection.execute(_minutes(span, moved_clocks)):
        at = Instant(row.minute * MINUTE_MS)
        sums = DayCount(**{name: getattr(row, name) for name in SUMS})
        yield from _placed(span, calendar, at, row, sums)
    for row in connection.execution_options(yield_per=5_000).execute(_one_by_one(moved_clocks)):
        yield from _corrected(span, calendar, offsets, row)
    for row in connection.execute(
        select(daily_count).where(
            daily_count.c.day.between(span.first.isoformat(), span.last.isoformat())
        )
    ):
        sums = DayCount(**{name: getattr(row, name) for name in SUMS})
        if sums != DayCount():
            day = date.fromisoformat(row.day)
            yield _Movement(day, None, row.gate_no, row.type_no or None, sums)


def _placed(
    span: Span, calendar: SiteCalendar, at: Instant, row: Any, sums: DayCount
) -> Iterator[_Movement]:
    if span.start <= at < span.until:
        yield _Movement(calendar.business_date(at), at, row.gate_no, row.type_no, sums)


def _corrected(
    span: Span, calendar: SiteCalendar, offsets: Offsets, row: Any
) -> Iterator[_Movement]:
    """Of a device whose clock was set: each fact where its boot's newest correction puts it."""
    sums = standing_of(
        row.persons, row.charged, row.given_back, is_entry=row.movement == Direction.IN
    )
    yield from _placed(span, calendar, corrected_at(parse_fact(row.body), offsets), row, sums)


def _minutes(span: Span, moved_clocks: set[str]) -> Select[Any]:
    """Sums in the database: a minute, gate and type a row."""
    returned = returned_persons()
    back = func.coalesce(returned.c.persons, 0)
    is_in = fact.c.movement == Direction.IN
    minute = cast(fact.c.at // MINUTE_MS, BigInteger)
    stays = case((back >= fact.c.persons, 0), else_=fact.c.persons - back)
    charged = case((back >= fact.c.charged, 0), else_=fact.c.charged - back)
    return (
        with_returned(
            select(
                minute.label("minute"),
                fact.c.gate_no,
                fact.c.type_no,
                whole_sum(and_(is_in, stays > 0), 1).label("entries"),
                whole_sum(is_in, stays).label("persons"),
                whole_sum(is_in, charged).label("charged"),
                whole_sum(is_in, back).label("given_back"),
                whole_sum(fact.c.movement == Direction.OUT, 1).label("exits"),
            ),
            returned,
        )
        .where(
            fact.c.at >= span.start,
            fact.c.at < span.until,
            fact.c.device.not_in(moved_clocks),
        )
        .group_by(minute, fact.c.gate_no, fact.c.type_no)
    )


def _one_by_one(moved_clocks: set[str]) -> Select[Any]:
    returned = returned_persons()
    return with_returned(
        select(
            fact.c.gate_no,
            fact.c.type_no,
            fact.c.movement,
            fact.c.persons,
            fact.c.charged,
            fact.c.body,
            func.coalesce(returned.c.persons, 0).label("given_back"),
        ),
        returned,
    ).where(fact.c.device.in_(moved_clocks))


def _hour(at: Instant | None, calendar: SiteCalendar) -> str | None:
    """The hour on the site's wall clock that an instant lies in: ``2026-10-25T02:00+02:00``."""
    if at is None:
        return None
    wall = calendar.wall(at)
    offset_min = round((wall - _utc_wall(at)).total_seconds() / 60)
    sign, size = "+-"[offset_min < 0], abs(offset_min)
    return f"{wall:%Y-%m-%dT%H}:00{sign}{size // 60:02}:{size % 60:02}"


def _utc_wall(at: Instant) -> Any:
    return SiteCalendar("UTC").wall(at)


def _order(cell: _Cell) -> tuple[str, ...]:
    return tuple(part or "" for part in cell)


def _row(cell: _Cell, sums: Counter[str]) -> EntryRow:
    counted: dict[str, Any] = {name: sums[name] for name in SUMS}
    return EntryRow(**cell._asdict(), **counted)
