"""What a person should look at, one line each: overuse, entries the central would have refused, forks, seat conflicts.

Law: read-only. One row is one entry (or one row of a ledger that has two truths); nothing is judged here that
`server_stub.reporting.overuses` and `server_stub.rules.conflicts` have not judged. A right is named by its number,
never by whose it is. Of facts that were purged nothing is listed.

Source: docs/decisions.md, "Counting"; docs/central.md, "Reports".
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from scanner.core.calendar import SiteCalendar
from scanner.core.reasons import Reason
from scanner.core.units import Instant
from server_stub.reporting.overuses import load_overuse
from server_stub.reporting.report_span import Span
from server_stub.site import load_site
from server_stub.store.tables import device, fact, forked_row, gate


class ExceptionKind(StrEnum):
    """What is wrong with it."""

    OVERUSE = "overuse"
    """Beyond a limit, by lanes that could not hear each other."""
    REVOKED = "accepted_while_revoked"
    """Accepted by a gate that did not know yet that the code was revoked."""
    CONFLICT = "conflict"
    """Accepted, where the central would have refused for another reason."""
    SEAT = "seat_conflict"
    """Two rights on one seat at one event: a gate asked."""
    FORK = "fork"
    """Another row under a place of a ledger that was taken."""


class ExceptionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One of them. ``at`` and ``before`` are local times; ``detail``: limits, reason or place in the ledger."""

    kind: ExceptionKind
    day: str
    at: str
    gate: str | None
    right: int | None
    persons: int
    detail: str
    before: str | None
    device: str


class ExceptionReport(msgspec.Struct, frozen=True, kw_only=True):
    """Business days ``first`` to ``last``, both in; ``counts`` by kind."""

    first: str
    last: str
    counts: dict[str, int]
    rows: list[ExceptionRow]


def load_exceptions(
    connection: Connection, span: Span, kinds: frozenset[ExceptionKind]
) -> ExceptionReport:
    """The exceptions of a span, in the order they happened."""
    calendar = load_site(connection).calendar
    gates = dict(connection.execute(select(gate.c.gate_no, gate.c.name)).all())
    found: list[tuple[int, ExceptionRow]] = []
    if ExceptionKind.OVERUSE in kinds:
        found += _overuse(connection, span, calendar)
    for at, row in (
        *_refused_here(connection, span, calendar, gates),
        *_forks(connection, span, calendar, gates),
    ):
        if row.kind in kinds:
            found.append((at, row))
    rows = [row for _at, row in sorted(found, key=lambda one: (one[0], one[1].device))]
    return ExceptionReport(
        first=span.first.isoformat(),
        last=span.last.isoformat(),
        counts={k.value: sum(row.kind is k for row in rows) for k in ExceptionKind if k in kinds},
        rows=rows,
    )


def _overuse(
    connection: Connection, span: Span, calendar: SiteCalendar
) -> Iterator[tuple[int, ExceptionRow]]:
    for one in load_overuse(connection):
        if not span.start <= one.at < span.until:
            continue
        before = None
        if one.before_at is not None:
            before = f"{_local(one.before_at, calendar)} {one.before_gate}"
        yield _row(
            one.at,
            calendar,
            kind=ExceptionKind.OVERUSE,
            gate=one.gate,
            right=one.grant_no,
            persons=one.persons,
            detail=", ".join(one.limits),
            before=before,
            device=one.device,
        )


def _refused_here(
    connection: Connection, span: Span, calendar: SiteCalendar, gates: dict[int, str]
) -> Iterator[tuple[int, ExceptionRow]]:
    """Accepted entries that the central would have refused, and seats that two came for."""
    rows = connection.execute(
        select(fact).where(
            fact.c.at >= span.start,
            fact.c.at < span.until,
            fact.c.is_under_review == 0,
            fact.c.conflict.is_not(None) | (fact.c.reason == Reason.SEAT_CONFLICT),
        )
    )
    for row in rows:
        kind = ExceptionKind.CONFLICT
        if row.reason == Reason.SEAT_CONFLICT:
            kind = ExceptionKind.SEAT
        elif row.conflict == Reason.REVOKED:
            kind = ExceptionKind.REVOKED
        yield _row(
            row.at,
            calendar,
            kind=kind,
            gate=gates.get(row.gate_no),
            right=row.grant_no,
            persons=row.persons,
            detail=row.conflict or row.reason,
            before=None,
            device=row.device,
        )


def _forks(
    connection: Connection, span: Span, calendar: SiteCalendar, gates: dict[int, str]
) -> Iterator[tuple[int, ExceptionRow]]:
    rows = connection.execute(
        select(forked_row, device.c.gate_no)
        .join(device, device.c.device == forked_row.c.device)
        .where(forked_row.c.received_at >= span.start, forked_row.c.received_at < span.until)
    )
    for row in rows:
        yield _row(
            row.received_at,
            calendar,
            kind=ExceptionKind.FORK,
            gate=gates.get(row.gate_no),
            right=None,
            persons=0,
            detail=f"row {row.seq} of epoch {row.epoch}",
            before=None,
            device=row.device,
        )


def _row(at: int, calendar: SiteCalendar, **of: Any) -> tuple[int, ExceptionRow]:
    """A row with the time by which it is sorted."""
    day = calendar.business_date(Instant(at)).isoformat()
    return at, ExceptionRow(day=day, at=_local(at, calendar), **of)


def _local(at: int, calendar: SiteCalendar) -> str:
    return f"{calendar.wall(Instant(at)):%Y-%m-%d %H:%M:%S}"
