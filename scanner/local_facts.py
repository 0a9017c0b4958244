"""What `decide` saw, kept beside the recorded fact: small enough for every row, enough to decide again.

Law: pure; never over ``LOCAL_BYTES``, never a code, a name or a key (the fact has its keyed hash). JSON; from the
size where it would not fit deflated JSON; then without the marks of long ago, which no decision asks for; then without
the days of long ago; then without counts, and ``is_cut`` says so. Rules, policies and events are kept as values, their
defaults left out, so that a decision can be tried again when its snapshot is long gone.

Source: docs/ledger.md, "What the gate keeps for itself".
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import Any

import msgspec

from scanner.core.clock import ClockReading, ClockState
from scanner.core.errors import InputError
from scanner.core.grants import Event
from scanner.core.question import Facts, GrantFacts, Scope, UnlistedFacts
from scanner.core.rules import ScanRule, SitePolicy
from scanner.core.tally import Tally
from scanner.core.units import DAY_S, SECOND_MS, Instant, ZoneNo
from sync.base_rows import encode_exception, encode_grant, encode_numbers, encode_rule
from sync.ledger_format import LOCAL_BYTES
from sync.tally_rows import encode_tally

RECENT_DAYS = 40
"""Days of use that are kept where all of them do not fit, and whose marks are kept where all of those do not."""

UNPACKED_BYTES = 64 * 1024
_RECENT_MS = RECENT_DAYS * DAY_S * SECOND_MS
_ENCODER = msgspec.json.Encoder(order="deterministic")
_PLAIN = b"{"


class _Detail(Enum):
    """How much of the counts is kept."""

    ALL = "all"
    NUMBERS = "numbers"
    """Every day, but of long ago only its numbers: what rules ask for."""
    RECENT = "recent"
    NONE = "none"


_IS_WHOLE = frozenset({_Detail.ALL, _Detail.NUMBERS})


def encode_local(facts: Facts, policy: SitePolicy, clock: ClockReading) -> bytes:
    """What was looked at, in at most ``LOCAL_BYTES``."""
    for detail in _Detail:
        plain = _ENCODER.encode(_shown(facts, policy, clock, detail))
        if len(plain) <= LOCAL_BYTES:
            return plain
        packed = zlib.compress(plain, 1)
        if len(packed) <= LOCAL_BYTES:
            return packed
    return _ENCODER.encode({"is_cut": True, "snapshot": _mark(facts)})


def parse_local(local: bytes) -> dict[str, Any]:
    """What `encode_local` wrote.

    Raises:
        InputError: ``local_facts_unreadable``.
    """
    try:
        plain = local if local.startswith(_PLAIN) else _unpacked(local)
        return msgspec.json.decode(plain, type=dict[str, Any])
    except (msgspec.MsgspecError, zlib.error, UnicodeDecodeError) as error:
        raise local_unreadable(f"{len(local)} bytes: {error}") from error


def local_unreadable(why: str) -> InputError:
    """The fault of a part beside a fact that is not as this version writes it."""
    return InputError(
        "local_facts_unreadable",
        f"what the gate kept of this decision cannot be read ({why})",
        "the fact itself stands; only its explanation is lost",
    )


def _unpacked(local: bytes) -> bytes:
    return zlib.decompressobj().decompress(local, UNPACKED_BYTES)


def _shown(
    facts: Facts, policy: SitePolicy, clock: ClockReading, detail: _Detail
) -> dict[str, Any]:
    gate, counts = facts.gate, _Counts(detail, Instant(clock.now - _RECENT_MS))
    scope = (gate.direction, encode_numbers(gate.types))
    shown: dict[str, Any] = {
        "snapshot": _mark(facts),
        "policy": msgspec.Raw(_policy_json(policy)),
        "age": _age(facts, clock),
        "floor": None if clock.floor == clock.now else clock.floor,
        "gate": scope if any(scope) else None,
        "lane": facts.lane,
        "kind": facts.presented.kind,
        "problem": facts.presented.problem,
        "claims": facts.presented.claims and facts.presented.claims[1:],
        "grants": [_grant(grant, facts.events, counts) for grant in facts.grants],
        "events": [_event(event) for event in facts.events],
        "seats": _seats(facts),
        "is_revoked": facts.is_revoked,
        "is_step_used": facts.is_step_used,
        "is_cut": detail not in _IS_WHOLE,
    }
    if facts.unlisted is not None:
        shown["unlisted"] = _unlisted(facts.unlisted, facts.events, counts)
    return {name: value for name, value in shown.items() if value}


def _age(facts: Facts, clock: ClockReading) -> int | None:
    """The snapshot's age in ms, where it does not follow from the clock."""
    if clock.state is not ClockState.UNTRUSTED or facts.age_mark is None:
        return None
    return facts.age_mark.age_ms


def _mark(facts: Facts) -> tuple[int, int] | None:
    mark = facts.snapshot
    return None if mark is None else (mark.seq, mark.created_at)


def _seats(facts: Facts) -> list[tuple[Any, ...]]:
    """Who is on the seat; of an entry without a right only whether it was by the code that is shown now."""
    key = facts.presented.key
    return [
        (e.event_no, e.seat, e.grant_no, key is not None and e.key == key.hex())
        for e in facts.seat_entries
    ]


def _event(event: Event) -> tuple[Any, ...]:
    """As a base has it, without its name."""
    return (
        event.event_no,
        event.starts_at,
        event.ends_at,
        event.doors_from,
        event.doors_until,
        encode_numbers(event.zones),
        event.status,
    )


class _Counts:
    """How counts are written at one degree of detail."""

    def __init__(self, detail: _Detail, recent_from: Instant) -> None:
        self._detail = detail
        self._from = recent_from if detail is _Detail.NUMBERS else None

    def of(self, facts: GrantFacts | UnlistedFacts) -> dict[str, Any]:
        """Counts by zone; of those of this boot every mark, because its wall clock may have been anywhere."""
        return {
            "counts": self._zones(facts.tallies, self._from),
            "boot_counts": self._zones(facts.boot_tallies, None),
        }

    def _zones(
        self, tallies: Mapping[ZoneNo, Tally], detail_from: Instant | None
    ) -> dict[str, msgspec.Raw]:
        if self._detail is _Detail.NONE:
            return {}
        keep = _recent if self._detail is _Detail.RECENT else _whole
        return {
            str(zone): msgspec.Raw(encode_tally(keep(tally), detail_from).encode())
            for zone, tally in tallies.items()
        }


def _grant(facts: GrantFacts, events: tuple[Event, ...], counts: _Counts) -> dict[str, Any]:
    grant = facts.grant
    shown = {
        "row": encode_grant(grant),
        "rule": _rule_json(facts.rule),
        "scope": _scope(facts.scope, events),
        **counts.of(facts),
        "exceptions": [
            encode_exception(grant.grant_no, exception)[1:5]
            for exception in facts.exceptions.values()
        ],
    }
    return {name: value for name, value in shown.items() if value}


def _unlisted(facts: UnlistedFacts, events: tuple[Event, ...], counts: _Counts) -> dict[str, Any]:
    kind, rule = facts.ticket_type, facts.rule
    return {
        "type": kind and (kind.type_no, kind.rule_no, encode_numbers(kind.zones), kind.scope_no),
        "rule": None if rule is None else _rule_json(rule),
        "scope": _scope(facts.scope, events),
        **counts.of(facts),
    }


def _scope(scope: Scope | None, events: tuple[Event, ...]) -> tuple[Any, ...] | None:
    """Which of the events looked at are its own (null = every one), and when its last one opens."""
    if scope is None:
        return None
    mine = scope.event_nos
    own = None if mine is None else [e.event_no for e in events if e.event_no in mine]
    return own, scope.last_doors_from


@lru_cache(maxsize=256)
def _rule_json(rule: ScanRule) -> tuple[int, msgspec.Raw]:
    number, text, _version = encode_rule(rule)
    return number, msgspec.Raw(text.encode())


@lru_cache(maxsize=4)
def _policy_json(policy: SitePolicy) -> bytes:
    """Zone and cut-off, and whatever is not as usual."""
    shown = {
        f.name: value
        for f in fields(policy)
        if f.default is not MISSING and (value := getattr(policy, f.name)) != f.default
    }
    calendar = {"zone": policy.calendar.zone, "day_cutoff": policy.calendar.day_cutoff}
    return _ENCODER.encode(calendar | shown)


def _whole(tally: Tally) -> Tally:
    return tally


def _recent(tally: Tally) -> Tally:
    days: list[date] = sorted(tally.days)[-RECENT_DAYS:]
    return Tally(
        days={day: tally.days[day] for day in days},
        events=tally.events,
        first_entry=tally.first_entry,
        last_entry=tally.last_entry,
        last_charged=tally.last_charged,
    )
