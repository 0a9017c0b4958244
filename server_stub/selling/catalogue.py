"""What a site consists of: zones, gates, ticket types, events. Set up once, published to every gate.

Law: each function is part of its caller's transaction, checks before it writes, and notes that gates must hear of it.
Rows are added and changed, never deleted: their numbers live on in ledgers.

Source: docs/central.md, "Setting up".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, insert, select, update

from scanner.core.calendar import SiteCalendar
from scanner.core.errors import InputError
from scanner.core.grants import Event, EventStatus, Gate, TicketType
from scanner.core.rules import ScanRule
from scanner.core.units import EventNo, GateNo, Instant, RuleNo, ScopeNo, TypeNo, ZoneNo
from scanner.core.validity import ValidityRule
from server_stub.api.forms import (
    NAME_CHARACTERS,
    EventForm,
    GateForm,
    RuleForm,
    TypeForm,
    parse_name,
    parse_rule,
    parse_term,
    parse_wall,
)
from server_stub.api.season_forms import TimesForm
from server_stub.faults import FieldError
from server_stub.selling.type_tags import save_type_tags
from server_stub.store import tables
from server_stub.store.changes import note_rights_changed
from server_stub.store.database import inserted_no
from server_stub.store.season_tables import season
from sync.base_rows import encode_rule
from sync.base_rows import parse_rule as parse_rule_row

DOORS_BEFORE = timedelta(hours=1)


def add_zone(connection: Connection, name: str) -> ZoneNo:
    """A new area."""
    return ZoneNo(_add(connection, tables.zone, "zone", name))


def add_scope(connection: Connection, name: str) -> ScopeNo:
    """A new list of events that one right can cover."""
    return ScopeNo(_add(connection, tables.scope, "scope", name))


def find_zone(connection: Connection, name: str, field: str | None = None) -> ZoneNo:
    """Raises `InputError` ``name_unknown``."""
    return ZoneNo(find_no(connection, tables.zone, "zone", name, field))


def add_gate(connection: Connection, form: GateForm) -> GateNo:
    """A new lane."""
    zone_no = find_zone(connection, form.zone)
    types = [
        find_no(connection, tables.ticket_type, "ticket type", name, "types") for name in form.types
    ]
    gate_no = _add(
        connection, tables.gate, "gate", form.name, zone_no=zone_no, direction=form.direction
    )
    _add_pairs(connection, tables.gate_type, "gate_no", gate_no, "type_no", types)
    return GateNo(gate_no)


def load_gates(connection: Connection) -> list[tuple[Gate, int]]:
    """Every gate with its row version."""
    types = _pairs(connection, tables.gate_type)
    return [
        (
            Gate(
                gate_no=GateNo(row.gate_no),
                name=row.name,
                zone_no=ZoneNo(row.zone_no),
                direction=row.direction,
                types=frozenset(TypeNo(no) for no in types.get(row.gate_no, ())),
            ),
            row.version,
        )
        for row in connection.execute(select(tables.gate).order_by(tables.gate.c.gate_no))
    ]


def add_type(connection: Connection, form: TypeForm, calendar: SiteCalendar) -> TypeNo:
    """A new ticket type with a scan rule of its own."""
    term = parse_term(form, calendar)
    rule = parse_rule(
        form.rule, lambda name: find_zone(connection, name, "rule.requires_zone"), "rule."
    )
    zones = [find_zone(connection, name, "zones") for name in form.zones]
    scope_no = form.scope and find_no(connection, tables.scope, "scope", form.scope)
    rule_no = inserted_no(
        connection.execute(insert(tables.rule).values(body=encode_rule(rule)[1], version=1))
    )
    type_no = _add(
        connection,
        tables.ticket_type,
        "ticket type",
        form.name,
        rule_no=rule_no,
        scope_no=scope_no,
        validity=encode_validity(term),
        is_personal=int(form.is_personal),
        is_renewable=int(form.is_renewable),
        price_minor=form.price_minor,
        fee_minor=form.fee_minor,
    )
    save_type_tags(connection, type_no, form.tags)
    _add_pairs(connection, tables.type_zone, "type_no", type_no, "zone_no", zones)
    return TypeNo(type_no)


def change_rule(connection: Connection, type_name: str, form: RuleForm) -> None:
    """Another scan rule for a ticket type, also for those already sold."""
    type_no = find_no(connection, tables.ticket_type, "ticket type", type_name)
    rule = parse_rule(form, lambda name: find_zone(connection, name, "requires_zone"))
    of_type = select(tables.ticket_type.c.rule_no).where(tables.ticket_type.c.type_no == type_no)
    connection.execute(
        update(tables.rule)
        .where(tables.rule.c.rule_no == of_type.scalar_subquery())
        .values(body=encode_rule(rule)[1], version=tables.rule.c.version + 1)
    )
    note_rights_changed(connection, ())


def load_types(connection: Connection) -> list[tuple[TicketType, int]]:
    """Every ticket type, as a gate sees it, with its row version."""
    zones = _pairs(connection, tables.type_zone)
    return [
        (
            TicketType(
                type_no=TypeNo(row.type_no),
                rule_no=RuleNo(row.rule_no),
                name=row.name,
                zones=frozenset(ZoneNo(no) for no in zones.get(row.type_no, ())),
                scope_no=row.scope_no,
            ),
            row.version,
        )
        for row in connection.execute(
            select(tables.ticket_type).order_by(tables.ticket_type.c.type_no)
        )
    ]


def load_rules(connection: Connection) -> list[tuple[ScanRule, int]]:
    """Every scan rule with its row version."""
    rows = connection.execute(select(tables.rule).order_by(tables.rule.c.rule_no))
    return [(parse_rule_row(tuple(row)), row.version) for row in rows]


def encode_validity(rule: ValidityRule) -> str:
    """A validity rule as it is kept."""
    return msgspec.json.encode(rule, order="deterministic").decode()


def parse_validity(text: str) -> ValidityRule:
    """A validity rule that was kept."""
    return msgspec.json.decode(text, type=ValidityRule)


def add_event(connection: Connection, form: EventForm, calendar: SiteCalendar) -> EventNo:
    """A new event; an end is the second of two equal wall times.

    Raises:
        InputError: ``event_times_wrong``, ``date_bad``, ``name_unknown``, ``scope_has_seats``.
    """
    times = _parse_times(form, calendar)
    zones = [find_zone(connection, name, "zones") for name in form.zones]
    scopes = [find_no(connection, tables.scope, "scope", name, "scopes") for name in form.scopes]
    _require_seatless(connection, scopes)
    values = {"name": parse_name("event", form.name), "status": EventStatus.ON, "version": 1}
    event_no = inserted_no(connection.execute(insert(tables.event).values(**values, **times)))
    _add_pairs(connection, tables.event_zone, "event_no", event_no, "zone_no", zones)
    for scope_no in scopes:
        connection.execute(insert(tables.scope_event).values(scope_no=scope_no, event_no=event_no))
    note_rights_changed(connection, ())
    return EventNo(event_no)


def move_event(
    connection: Connection, event_no: int, form: TimesForm, calendar: SiteCalendar
) -> None:
    """Other times for an event.

    Raises:
        InputError: ``event_unknown``, ``event_times_wrong``, ``date_bad``.
    """
    _change_event(connection, event_no, **_parse_times(form, calendar))


def cancel_event(connection: Connection, event_no: int) -> None:
    """Raises `InputError` ``event_unknown``."""
    _change_event(connection, event_no, status=EventStatus.CANCELLED)


def _change_event(connection: Connection, event_no: int, **values: Any) -> None:
    changed = connection.execute(
        update(tables.event)
        .where(tables.event.c.event_no == event_no)
        .values(version=tables.event.c.version + 1, **values)
    )
    if not changed.rowcount:
        raise unknown_event(event_no)
    note_rights_changed(connection, ())


def _parse_times(form: EventForm | TimesForm, calendar: SiteCalendar) -> dict[str, Instant]:
    starts, ends = parse_wall(form.starts_at, "starts_at"), parse_wall(form.ends_at, "ends_at")
    doors_from, doors_until = starts - DOORS_BEFORE, ends
    if form.doors_from is not None:
        doors_from = parse_wall(form.doors_from, "doors_from")
    if form.doors_until is not None:
        doors_until = parse_wall(form.doors_until, "doors_until")
    times = {
        "starts_at": calendar.instant(starts),
        "ends_at": calendar.instant(ends, second=True),
        "doors_from": calendar.instant(doors_from),
        "doors_until": calendar.instant(doors_until, second=True),
    }
    if not (times["doors_from"] < times["doors_until"] and times["starts_at"] < times["ends_at"]):
        raise FieldError(
            "event_times_wrong",
            "this event ends before it starts, or its doors close before they open; nothing was changed",
            "write starts_at < ends_at and doors_from < doors_until",
            field="ends_at",
        )
    return times


def _require_seatless(connection: Connection, scopes: list[int]) -> None:
    """A match of a season is its holders' at once, which is more than an event in a list."""
    found = connection.execute(select(season.c.name).where(season.c.scope_no.in_(scopes))).scalar()
    if found is not None:
        raise FieldError(
            "scope_has_seats",
            f"scope {found!r} is a season with seats; no event was added",
            "use `portillon-central season match`, which gives the match to its holders",
            field="scopes",
        )


def unknown_event(event_no: int) -> InputError:
    """There is none of that number."""
    return InputError("event_unknown", f"event {event_no!r} does not exist", "see `event list`")


def load_events(
    connection: Connection, ends_after: Instant, starts_before: Instant
) -> list[tuple[Event, str, int]]:
    """The events whose doors a gate may still see, each with its name and row version."""
    zones = _pairs(connection, tables.event_zone)
    rows = connection.execute(
        select(tables.event)
        .where(tables.event.c.doors_until > ends_after, tables.event.c.doors_from < starts_before)
        .order_by(tables.event.c.event_no)
    )
    return [
        (
            Event(
                event_no=EventNo(row.event_no),
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                doors_from=row.doors_from,
                doors_until=row.doors_until,
                zones=frozenset(ZoneNo(no) for no in zones.get(row.event_no, ())),
                status=EventStatus(row.status),
            ),
            row.name,
            row.version,
        )
        for row in rows
    ]


def find_no(
    connection: Connection, table: Table, what: str, name: str, field: str | None = None
) -> int:
    """The number behind a name; ``field``: where it stood in what was sent, if that is not called as ``what`` is.

    Raises:
        InputError: ``name_unknown``, naming those that exist.
    """
    number = _primary(table)
    found = connection.execute(select(number).where(table.c.name == name)).scalar_one_or_none()
    if found is None:
        known = connection.execute(select(table.c.name).order_by(number).limit(20)).scalars().all()
        raise FieldError(
            "name_unknown",
            f"{what} {name[:NAME_CHARACTERS]!r} does not exist; nothing was changed",
            f"valid: {', '.join(map(repr, known)) or 'none yet'}",
            field=field or what.rpartition(" ")[2],
            valid=known,
        )
    return int(found)


def _add(connection: Connection, table: Table, what: str, name: str, **values: Any) -> int:
    name = parse_name(what, name)
    if connection.execute(select(table.c.name).where(table.c.name == name)).first():
        raise FieldError(
            "name_taken",
            f"{what} {name!r} exists already; nothing was changed",
            "choose another",
            field="name",
        )
    added = connection.execute(insert(table).values(name=name, version=1, **values))
    note_rights_changed(connection, ())
    return inserted_no(added)


def _add_pairs(
    connection: Connection,
    table: Table,
    owner: str,
    owner_no: int,
    other: str,
    others: Iterable[int],
) -> None:
    rows = [{owner: owner_no, other: other_no} for other_no in sorted(set(others))]
    if rows:
        connection.execute(insert(table), rows)


def _pairs(connection: Connection, table: Table) -> dict[int, list[int]]:
    """A table of two numbers as first → all its seconds."""
    pairs: dict[int, list[int]] = {}
    for owner, other in connection.execute(select(table)):
        pairs.setdefault(owner, []).append(other)
    return pairs


def _primary(table: Table) -> Any:
    return next(iter(table.primary_key.columns))
