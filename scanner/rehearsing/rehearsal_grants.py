"""The rights and events of a rehearsal file, as first given and as a step changes them.

Law: a change is the same table with some keys set anew, read by the same rules. What a gate cannot be told of a right
without a row (its rule, zones and events) is its type's, so rights that differ in these are of different types, even
under one name.

Source: docs/rehearsal.md, "Grants" and "Events".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from scanner.core.calendar import SiteCalendar, Unit
from scanner.core.grants import (
    AccessGrant,
    Event,
    EventException,
    EventStatus,
    GrantFlag,
    GrantState,
    TicketType,
)
from scanner.core.reasons import DENY_REASONS
from scanner.core.rehearsal_script import ScriptGrant
from scanner.core.rules import ScanRule
from scanner.core.token import SEAT_MAX_BYTES
from scanner.core.units import (
    EventNo,
    GrantNo,
    RuleNo,
    ScopeNo,
    TypeNo,
    ZoneNo,
)
from scanner.core.validity import Anchor, Offset, Rounding, ValidityRule, parse_offset
from scanner.rehearsing.rehearsal_fields import EPOCH, Table, shown

DEFAULT_RULE = ""
"""What a grant that names none goes by: one entry in all."""

ROTATING = "rotating:"
_FIXED = {
    "id": "a grant keeps its id",
    "used": "what was used before the first step is over",
    "last_entry": "what was used before the first step is over",
}
"""What no step changes."""

USED_MOST = 100_000
"""Entries before the story; each is a fact of its own."""
_A_DAY = Offset(1, Unit.DAYS)


class TypeMeaning(NamedTuple):
    """What a ticket type says of a right that has no row."""

    name: str
    rule_no: RuleNo
    zones: frozenset[ZoneNo]
    scope_no: ScopeNo | None


@dataclass(slots=True)
class Names:
    """Everything that was named so far, with its number."""

    zones: dict[str, ZoneNo] = field(default_factory=dict)
    events: dict[str, EventNo] = field(default_factory=dict)
    types: dict[TypeMeaning, TicketType] = field(default_factory=dict)
    scopes: dict[frozenset[EventNo] | None, ScopeNo] = field(default_factory=dict)
    other_types: dict[str, TypeNo] = field(default_factory=dict)

    def zone(self, name: str) -> ZoneNo:
        """The number of a zone."""
        return self.zones.setdefault(name, ZoneNo(len(self.zones) + 1))

    def scope(self, event_nos: frozenset[EventNo] | None) -> ScopeNo:
        """The number of a set of events; None = all."""
        return self.scopes.setdefault(event_nos, ScopeNo(len(self.scopes) + 1))

    def type(self, meaning: TypeMeaning) -> TypeNo:
        """The number of a ticket type."""
        known = self.types.get(meaning)
        if known is None:
            known = TicketType(
                type_no=self._next_type(),
                rule_no=meaning.rule_no,
                name=meaning.name,
                zones=meaning.zones,
                scope_no=meaning.scope_no,
            )
            self.types[meaning] = known
        return known.type_no

    def types_called(self, name: str) -> frozenset[TypeNo]:
        """The numbers of all types of a name; of one that no grant has, a number of its own."""
        found = frozenset(kind.type_no for kind in self.types.values() if kind.name == name)
        if found:
            return found
        return frozenset({self.other_types.setdefault(name, self._next_type())})

    def _next_type(self) -> TypeNo:
        return TypeNo(len(self.types) + len(self.other_types) + 1)


class GrantReader:
    """The rights and events of one file."""

    def __init__(self, site: SiteCalendar, names: Names, rules: Mapping[str, ScanRule]) -> None:
        self._site = site
        self._names = names
        self._rules = rules
        self._event_tables: dict[str, dict[str, Any]] = {}
        self._grant_tables: dict[str, dict[str, Any]] = {}
        self.now: dict[str, ScriptGrant] = {}
        """The grants as of the step that is being read."""

    def events(self, table: Table) -> dict[EventNo, Event]:
        """Every event of the file."""
        for number, name in enumerate(table.keys, start=1):
            self._names.events[name] = EventNo(number)
        found = {}
        for name, number in self._names.events.items():
            one = table.table(name)
            self._event_tables[name] = dict(one.values)
            found[number] = self._event(one, number)
        return found

    def changed_event(self, name: str, change: Table) -> Event:
        """An event after a change."""
        merged = {**self._event_tables[name], **change.values}
        self._event_tables[name] = merged
        return self._event(Table(change.place, merged, change.problems), self._names.events[name])

    def grants(self, tables: Sequence[Table]) -> dict[str, ScriptGrant]:
        """Every grant of the file."""
        for number, table in enumerate(tables, start=1):
            grant = self._grant(table, GrantNo(number))
            if grant.name in self.now:
                table.wrong("id", f"{shown(grant.name)} stands for two grants; give each an id")
            self._grant_tables[grant.name] = dict(table.values)
            self.now[grant.name] = grant
        return dict(self.now)

    def changed_grant(self, name: str, change: Table) -> ScriptGrant:
        """A grant after a change."""
        for key, why in _FIXED.items():
            if key in change:
                change.wrong(key, why)
        if "codes" in change:
            self._grant_tables[name].pop("code", None)
        merged = {**self._grant_tables[name], **change.values, "id": name}
        self._grant_tables[name] = merged
        number = self.now[name].grant.grant_no
        grant = self._grant(Table(change.place, merged, change.problems), number)
        self.now[name] = grant
        return grant

    def _event(self, table: Table, number: EventNo) -> Event:
        table.require("from")
        table.require("until")
        starts_at = table.instant("from", self._site) or EPOCH
        ends_at = table.instant("until", self._site, second=True) or EPOCH
        doors_from = table.instant("doors_from", self._site)
        doors_until = table.instant("doors_until", self._site, second=True)
        event = Event(
            event_no=number,
            starts_at=starts_at,
            ends_at=ends_at,
            doors_from=starts_at if doors_from is None else doors_from,
            doors_until=ends_at if doors_until is None else doors_until,
            zones=self._zones(table),
            status=table.choice("status", EventStatus, EventStatus.ON),
        )
        if event.ends_at < event.starts_at or event.doors_until < event.doors_from:
            table.wrong("until", "lies before the start")
        table.close()
        return event

    def _grant(self, table: Table, number: GrantNo) -> ScriptGrant:
        codes, rotating = self._codes(table)
        name = table.text("id", codes[0])
        is_signed, used = table.flag("signed", default=False), table.number("used", 0)
        is_listed = table.flag("listed", default=True)
        if not is_listed and not is_signed and not rotating.issuperset(codes):
            table.wrong("listed", "a code without a row must be a signed ticket (signed = true)")
        if used > USED_MOST:
            table.wrong("used", f"{used} is above {USED_MOST}")
        if "last_entry" in table and not used:
            table.wrong("last_entry", "there was none (used is 0)")
        grant = ScriptGrant(
            name=name,
            grant=self._row(table, number),
            codes=codes,
            rotating=rotating,
            is_signed=is_signed,
            is_listed=is_listed,
            exceptions=tuple(self._exception(one) for one in table.tables("event_exceptions")),
            used=min(used, USED_MOST),
            last_used_at=table.instant("last_entry", self._site),
        )
        table.close()
        return grant

    def _codes(self, table: Table) -> tuple[tuple[str, ...], frozenset[str]]:
        given = table.texts("codes")
        code = table.text("code")
        if code:
            given = (code, *given)
        if not given:
            table.wrong("code", "is missing")
        bare = tuple(one.removeprefix(ROTATING) for one in given) or ("?",)
        key = "codes" if "codes" in table else "code"
        for one in sorted({one for one in bare if bare.count(one) > 1}):
            table.wrong(key, f"{shown(one)} is listed twice")
        if "" in bare:
            table.wrong(key, f"{shown(ROTATING)} lacks its code")
        return bare, frozenset(
            one.removeprefix(ROTATING) for one in given if one.startswith(ROTATING)
        )

    def _row(self, table: Table, number: GrantNo) -> AccessGrant:
        rule_name = table.known("rule", "a rule", [name for name in self._rules if name])
        rule = self._rules[rule_name or DEFAULT_RULE]
        zones, scope_no = self._zones(table), self._scope(table)
        meaning = TypeMeaning(table.text("type"), rule.rule_no, zones, scope_no)
        valid_from = table.instant("from", self._site)
        valid_until = table.instant("until", self._site, second=True)
        if None not in (valid_from, valid_until) and (valid_until or 0) < (valid_from or 0):
            table.wrong("until", "lies before from")
        return AccessGrant(
            grant_no=number,
            rule_no=rule.rule_no,
            type_no=self._names.type(meaning),
            scope_no=scope_no,
            zones=zones,
            valid_from=valid_from,
            valid_until=valid_until,
            first_scan=self._first_scan(table),
            state=table.choice("state", GrantState, GrantState.ALLOW),
            deny_reason=table.optional_choice("deny_reason", DENY_REASONS),
            grace_until=table.instant("grace_until", self._site, second=True),
            seat=self._seat(table),
            flags=table.choices("flags", GrantFlag),
        )

    def _scope(self, table: Table) -> ScopeNo | None:
        names = table.all_known("events", "an event", self._names.events)
        if "events" in table:
            return self._names.scope(frozenset(self._names.events[name] for name in names))
        return self._names.scope(None) if self._names.events else None

    def _zones(self, table: Table) -> frozenset[ZoneNo]:
        return frozenset(self._names.zone(name) for name in table.names("zones"))

    def _exception(self, table: Table) -> EventException:
        table.require("event")
        event = table.known("event", "an event", self._names.events)
        exception = EventException(
            event_no=self._names.events.get(event or "", EventNo(0)),
            seat=self._seat(table),
            deny_reason=table.optional_choice("deny_reason", DENY_REASONS),
            flags=table.choices("flags", GrantFlag) if "flags" in table else table.raw("flags"),
        )
        table.close()
        return exception

    @staticmethod
    def _seat(table: Table) -> str | None:
        seat = table.text("seat")
        if len(seat.encode()) > SEAT_MAX_BYTES or not seat.isprintable():
            table.wrong("seat", f"{shown(seat)} is not a label of up to {SEAT_MAX_BYTES} bytes")
            return None
        return seat or None

    def _first_scan(self, table: Table) -> ValidityRule | None:
        key = "activate_on_first_scan"
        value = table.raw(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            return _activation(table, key, table.text(key, "1 day"))
        inner = table.table(key)
        inner.require("offset")
        rounding = inner.choice("rounding", Rounding, Rounding.END_OF_BUSINESS_DAY)
        is_day_one = inner.flag("count_first_day", default=False)
        text = inner.text("offset", "1 day")
        inner.close()
        return _activation(inner, "offset", text, rounding, is_day_one=is_day_one)


def _activation(
    table: Table,
    key: str,
    offset: str,
    rounding: Rounding = Rounding.END_OF_BUSINESS_DAY,
    *,
    is_day_one: bool = False,
) -> ValidityRule:
    def build() -> ValidityRule:
        return ValidityRule(
            anchor=Anchor.FIRST_SCAN,
            offset=parse_offset(offset),
            rounding=rounding,
            count_first_day=is_day_one,
        )

    fallback = ValidityRule(anchor=Anchor.FIRST_SCAN, offset=_A_DAY)
    return table.build(key, build, fallback)
