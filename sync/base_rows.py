"""Rows of a base as values of the core, and back: one codec for the central that publishes and the gate that reads.

Law: pure. Each ``encode_`` gives the row's columns in the order of `sync.snapshot.TABLES`; each ``parse_`` takes them
back and gives the same value (property test). What cannot be read is an `InputError` that names table and row, never a
guess; names that this software does not know in JSON objects and in ``config`` are skipped, because a newer central may
say more. Defaults are left out of JSON, so that a usual rule is ``{}``.

Source: docs/sync-protocol.md, "Snapshot".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from scanner.core.calendar import SiteCalendar
from scanner.core.errors import GateError, InputError
from scanner.core.grants import (
    AccessGrant,
    Event,
    EventException,
    EventStatus,
    Gate,
    GrantFlag,
    GrantState,
    SnapshotMark,
    TicketType,
)
from scanner.core.reasons import Reason
from scanner.core.rules import ScanRule, SitePolicy, rule_problems
from scanner.core.token import KeyState, TicketKey
from scanner.core.units import (
    Direction,
    EventNo,
    GateNo,
    GrantNo,
    Instant,
    RuleNo,
    ScopeNo,
    SnapshotSeq,
    TypeNo,
    ZoneNo,
)
from scanner.core.validity import ValidityRule
from sync.snapshot import META_KEYS

Row = tuple[Any, ...]
"""Columns as SQLite takes and gives them."""

Name = TypeVar("Name", bound=StrEnum)
Value = TypeVar("Value")

UNREADABLE = (ValueError, TypeError, AttributeError, KeyError, msgspec.MsgspecError, GateError)
"""What a column of another type or content raises while a row is taken apart."""

_ENCODER = msgspec.json.Encoder(order="deterministic")


# --- grants -------------------------------------------------------------------------------------


def encode_grant(grant: AccessGrant) -> Row:
    """A row of ``access_grant``."""
    return (
        grant.grant_no,
        grant.rule_no,
        grant.type_no,
        grant.scope_no,
        encode_numbers(grant.zones),
        grant.valid_from,
        grant.valid_until,
        None if grant.first_scan is None else _encode_fields(grant.first_scan),
        int(grant.state is GrantState.DENY),
        grant.deny_reason,
        grant.grace_until,
        grant.seat,
        _encode_names(grant.flags) or None,
        grant.version,
    )


def parse_grant(row: Sequence[Any]) -> AccessGrant:
    """A row of ``access_grant``.

    Raises:
        InputError: ``snapshot_row_wrong``.
    """
    (number, rule_no, type_no, scope_no, zones, start, until, first_scan, is_denied, deny_reason,
     grace_until, seat, flags, version) = row  # fmt: skip
    try:
        return AccessGrant(
            grant_no=GrantNo(number),
            rule_no=RuleNo(rule_no),
            type_no=TypeNo(type_no),
            scope_no=scope_no,
            zones=parse_numbers(zones),
            valid_from=start,
            valid_until=until,
            first_scan=None if first_scan is None else _parse_validity(first_scan),
            state=GrantState.DENY if is_denied else GrantState.ALLOW,
            deny_reason=None if deny_reason is None else Reason(deny_reason),
            grace_until=grace_until,
            seat=seat,
            flags=_parse_flags(flags),
            version=version,
        )
    except UNREADABLE as error:
        raise _wrong("access_grant", number, error) from error


def encode_exception(grant_no: GrantNo, exception: EventException, version: int = 1) -> Row:
    """A row of ``grant_event``."""
    flags = None if exception.flags is None else _encode_names(exception.flags)
    return grant_no, exception.event_no, exception.seat, exception.deny_reason, flags, version


def parse_exception(row: Sequence[Any]) -> EventException:
    """A row of ``grant_event``; flags NULL = those of the grant, empty = none."""
    grant_no, event_no, seat, deny_reason, flags, _version = row
    try:
        return EventException(
            event_no=EventNo(event_no),
            seat=seat,
            deny_reason=None if deny_reason is None else Reason(deny_reason),
            flags=None if flags is None else _parse_flags(flags),
        )
    except UNREADABLE as error:
        raise _wrong("grant_event", grant_no, error) from error


# --- the site -----------------------------------------------------------------------------------


def encode_rule(rule: ScanRule, version: int = 1) -> Row:
    """A row of ``rule``: its JSON has the field names of `ScanRule`, defaults left out."""
    return rule.rule_no, _encode_fields(rule, without=("rule_no",)), version


def parse_rule(row: Sequence[Any]) -> ScanRule:
    """A row of ``rule``; a rule that is illegal is an error, not a limit that never binds."""
    rule_no, body, _version = row
    try:
        rule = msgspec.convert(msgspec.json.decode(body) | {"rule_no": rule_no}, ScanRule)
    except UNREADABLE as error:
        raise _wrong("rule", rule_no, error) from error
    problems = rule_problems(rule)
    if problems:
        raise _wrong("rule", rule_no, ValueError("; ".join(problems)))
    return rule


def encode_type(ticket_type: TicketType, version: int = 1) -> Row:
    """A row of ``type``."""
    return (
        ticket_type.type_no,
        ticket_type.rule_no,
        ticket_type.name,
        encode_numbers(ticket_type.zones),
        ticket_type.scope_no,
        version,
    )


def parse_type(row: Sequence[Any]) -> TicketType:
    """A row of ``type``."""
    type_no, rule_no, name, zones, scope_no, _version = row
    try:
        return TicketType(
            type_no=TypeNo(type_no),
            rule_no=RuleNo(rule_no),
            name=name,
            zones=parse_numbers(zones),
            scope_no=None if scope_no is None else ScopeNo(scope_no),
        )
    except UNREADABLE as error:
        raise _wrong("type", type_no, error) from error


def encode_event(event: Event, name: str, version: int = 1) -> Row:
    """A row of ``event``."""
    return (
        event.event_no,
        name,
        event.starts_at,
        event.ends_at,
        event.doors_from,
        event.doors_until,
        encode_numbers(event.zones),
        event.status,
        version,
    )


def parse_event(row: Sequence[Any]) -> Event:
    """A row of ``event``."""
    event_no, _name, starts_at, ends_at, doors_from, doors_until, zones, status, _version = row
    try:
        return Event(
            event_no=EventNo(event_no),
            starts_at=Instant(starts_at),
            ends_at=Instant(ends_at),
            doors_from=Instant(doors_from),
            doors_until=Instant(doors_until),
            zones=parse_numbers(zones),
            status=EventStatus(status),
        )
    except UNREADABLE as error:
        raise _wrong("event", event_no, error) from error


def encode_gate(gate: Gate, version: int = 1) -> Row:
    """A row of ``gate``."""
    return (
        gate.gate_no,
        gate.name,
        gate.zone_no,
        gate.direction,
        encode_numbers(gate.types),
        version,
    )


def parse_gate(row: Sequence[Any]) -> Gate:
    """A row of ``gate``."""
    gate_no, name, zone_no, direction, types, _version = row
    try:
        return Gate(
            gate_no=GateNo(gate_no),
            name=name,
            zone_no=ZoneNo(zone_no),
            direction=None if direction is None else Direction(direction),
            types=parse_numbers(types),
        )
    except UNREADABLE as error:
        raise _wrong("gate", gate_no, error) from error


def encode_config(policy: SitePolicy) -> list[Row]:
    """Rows of ``config``: every setting as text under its field name; the calendar as ``zone`` and ``day_cutoff``."""
    named = {f.name: getattr(policy, f.name) for f in fields(policy) if f.name != "calendar"}
    named |= {"zone": policy.calendar.zone, "day_cutoff": policy.calendar.day_cutoff}
    return [(name, str(value)) for name, value in sorted(named.items())]


def parse_config(rows: Iterable[tuple[str, str]]) -> SitePolicy:
    """Rows of ``config``; a setting that is not there has its default, one that is unknown is skipped."""
    named: dict[str, Any] = dict(rows)
    try:
        calendar = SiteCalendar(named.pop("zone"), named.pop("day_cutoff", "00:00"))
        return msgspec.convert(named | {"calendar": calendar}, SitePolicy, strict=False)
    except UNREADABLE as error:
        raise _wrong("config", "zone and policies", error) from error


def encode_meta(site: str, mark: SnapshotMark, pepper_id: str, grants: int, form: int) -> list[Row]:
    """Rows of ``meta``."""
    values = (form, site, mark.seq, mark.created_at, pepper_id, grants)
    return [(name, str(value)) for name, value in zip(META_KEYS, values, strict=True)]


def parse_mark(meta: Mapping[str, str]) -> SnapshotMark:
    """Which snapshot a base is, of its ``meta``."""
    try:
        return SnapshotMark(
            seq=SnapshotSeq(int(meta["snapshot_seq"])), created_at=Instant(int(meta["created_at"]))
        )
    except UNREADABLE as error:
        raise _wrong("meta", "snapshot_seq, created_at", error) from error


def encode_ticket_key(key: TicketKey, version: int = 1) -> Row:
    """A row of ``ticket_key``; types NULL = every type, empty = none."""
    types = None if key.types is None else encode_numbers(key.types) or ""
    return key.kid, key.public, key.state, key.site, types, version


def parse_ticket_key(row: Sequence[Any]) -> TicketKey:
    """A row of ``ticket_key``; a state that this software does not know is as good as revoked."""
    kid, public, state, site, types, _version = row
    try:
        return TicketKey(
            kid=kid,
            public=public,
            site=site,
            state=KeyState.ACTIVE if state == KeyState.ACTIVE else KeyState.REVOKED,
            types=None if types is None else parse_numbers(types or None),
        )
    except UNREADABLE as error:
        raise _wrong("ticket_key", site, error) from error


# --- columns ------------------------------------------------------------------------------------


def encode_numbers(numbers: Iterable[int]) -> str | None:
    """A set of numbers as text; the empty set, which means all, as NULL."""
    return ",".join(map(str, sorted(numbers))) or None


def parse_numbers(text: str | None) -> frozenset[Any]:
    """A set of numbers.

    Raises:
        ValueError: not numbers.
    """
    return frozenset() if text is None else _parse_numbers(text)


@lru_cache(maxsize=1_024)
def _parse_numbers(text: str) -> frozenset[int]:
    return frozenset(int(number) for number in text.split(","))


def _encode_names(names: Iterable[StrEnum]) -> str:
    return ",".join(sorted(name.value for name in names))


@lru_cache(maxsize=1_024)
def _parse_flags(text: str | None) -> frozenset[GrantFlag]:
    return frozenset(GrantFlag(name) for name in text.split(",")) if text else frozenset()


def _encode_fields(value: Any, without: Sequence[str] = ()) -> str:
    shown = {
        f.name: current
        for f in fields(value)
        if f.name not in without
        and ((current := getattr(value, f.name)) != f.default or f.default is MISSING)
    }
    return _ENCODER.encode(shown).decode()


@lru_cache(maxsize=1_024)
def _parse_validity(text: str) -> ValidityRule:
    return msgspec.json.decode(text, type=ValidityRule)


def _wrong(table: str, which: object, error: Exception) -> InputError:
    return InputError(
        "snapshot_row_wrong",
        f"{table} {which!r} of the snapshot cannot be read ({error})",
        "publish again with a central of this gate's version, or update the gate",
    )
