"""The small tables of a base, as values: read once when the base is opened, then looked at without the disk.

Law: frozen. Rules, types, gates, events and scopes of a site are hundreds of rows; grants are millions and stay in the
file. A row that cannot be read makes the base unusable: half a rule book is none.

Source: docs/sync-protocol.md, "Snapshot".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from scanner.core.errors import InputError
from scanner.core.grants import Event, EventStatus, Gate, SnapshotMark, TicketType
from scanner.core.override import Operator, Role
from scanner.core.question import Scope
from scanner.core.rules import ScanRule, SitePolicy
from scanner.core.tally import Offsets
from scanner.core.token import KeyRing
from scanner.core.units import (
    BootId,
    DeviceId,
    Epoch,
    EventNo,
    GateNo,
    RuleNo,
    ScopeNo,
    Seq,
    TypeNo,
)
from scanner.fact_source import Vector
from sync.base_rows import (
    parse_config,
    parse_event,
    parse_gate,
    parse_mark,
    parse_rule,
    parse_ticket_key,
    parse_type,
)
from sync.snapshot import TABLES

OFTEN_EMPTY = ("grant_credential", "grant_event", "key_tally", "revoked", "seat_entry")
"""Tables that many sites do not need: an empty one is not probed at every scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTables:
    """Everything of a base but its grants."""

    site: str
    mark: SnapshotMark
    pepper_id: str
    policy: SitePolicy
    ring: KeyRing
    gates: Mapping[GateNo, Gate]
    rules: Mapping[RuleNo, ScanRule]
    types: Mapping[TypeNo, TicketType]
    events: tuple[Event, ...]
    """By the opening of their doors."""
    scopes: Mapping[ScopeNo, Scope]
    operators: Mapping[str, Operator]
    vector: Vector
    offsets: Offsets
    filled: frozenset[str]
    """Of `OFTEN_EMPTY`, the tables with rows."""

    def rule(self, rule_no: RuleNo) -> ScanRule:
        """The rule of that number.

        Raises:
            InputError: ``snapshot_rule_missing``.
        """
        rule = self.rules.get(rule_no)
        if rule is None:
            raise InputError(
                "snapshot_rule_missing",
                f"a grant or type of the snapshot names rule {rule_no}, which is not in it",
                "publish again at the central; until then its holders are unknown here",
            )
        return rule


def load_site_tables(connection: sqlite3.Connection) -> SiteTables:
    """Read the small tables.

    Raises:
        InputError: a row that cannot be read.
        sqlite3.DatabaseError: no base, or a damaged one.
    """
    _require_format(connection)
    meta = dict(connection.execute("SELECT name, value FROM meta"))
    rules = {
        rule.rule_no: rule for rule in map(parse_rule, connection.execute("SELECT * FROM rule"))
    }
    types = {
        kind.type_no: kind for kind in map(parse_type, connection.execute("SELECT * FROM type"))
    }
    events = sorted(
        map(parse_event, connection.execute("SELECT * FROM event")),
        key=lambda event: event.doors_from,
    )
    tables = SiteTables(
        site=meta["site"],
        mark=parse_mark(meta),
        pepper_id=meta["pepper_id"],
        policy=parse_config(connection.execute("SELECT name, value FROM config")),
        ring=KeyRing(
            meta["site"], map(parse_ticket_key, connection.execute("SELECT * FROM ticket_key"))
        ),
        gates={
            gate.gate_no: gate for gate in map(parse_gate, connection.execute("SELECT * FROM gate"))
        },
        rules=rules,
        types=types,
        events=tuple(events),
        scopes=_load_scopes(connection, {event.event_no: event for event in events}),
        operators=_load_operators(connection),
        vector={
            (DeviceId(device), Epoch(epoch)): Seq(seq)
            for device, epoch, seq in connection.execute("SELECT * FROM vector")
        },
        offsets={
            (DeviceId(device), BootId(boot)): offset_ms
            for device, boot, offset_ms in connection.execute("SELECT * FROM clock_offset")
        },
        filled=_load_filled(connection),
    )
    for kind in types.values():
        tables.rule(kind.rule_no)
    return tables


def _load_operators(connection: sqlite3.Connection) -> dict[str, Operator]:
    """The staff; a role that only a newer gate knows may do nothing here."""
    rows = connection.execute("SELECT name, role, pin_scrypt FROM operator").fetchall()
    return {name: Operator(name, Role(role), pin) for name, role, pin in rows if role in set(Role)}


def _load_filled(connection: sqlite3.Connection) -> frozenset[str]:
    asked = (f"SELECT {name!r} WHERE EXISTS (SELECT 1 FROM {name})" for name in OFTEN_EMPTY)  # noqa: S608 - our own names
    return frozenset(name for (name,) in connection.execute(" UNION ALL ".join(asked)))


def _require_format(connection: sqlite3.Connection) -> None:
    texts = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    if texts != TABLES:
        raise sqlite3.DatabaseError("it has other tables than a base of this format")


def _load_scopes(
    connection: sqlite3.Connection, events: Mapping[EventNo, Event]
) -> dict[ScopeNo, Scope]:
    """Scopes with the opening of their last event's doors; a scope without a list holds every event."""
    listed: dict[ScopeNo, set[EventNo]] = {}
    for scope_no, event_no in connection.execute("SELECT scope_no, event_no FROM scope_event"):
        listed.setdefault(scope_no, set()).add(event_no)
    scopes = {}
    for (scope_no,) in connection.execute("SELECT scope_no FROM scope"):
        numbers = listed.get(scope_no)
        doors = [
            event.doors_from
            for event in events.values()
            if event.status is EventStatus.ON and (numbers is None or event.event_no in numbers)
        ]
        scopes[scope_no] = Scope(
            event_nos=None if numbers is None else frozenset(numbers),
            last_doors_from=max(doors, default=None),
        )
    return scopes
