"""A recorded decision made askable again: the fact, and what the gate kept beside it, as the arguments of `decide`.

Law: pure, the inverse of `scanner.local_facts`: asked with what is given back here, `decide` answers as it did then.
Where not enough was kept nothing is guessed: `NotKept` says so. A ticket's id and other people's keys are not kept and
not needed.

Source: docs/ledger.md, "What the gate keeps for itself".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from scanner.core.answer import Decision
from scanner.core.calendar import SiteCalendar
from scanner.core.clock import ClockReading
from scanner.core.credential import CredentialKind
from scanner.core.decision import decide
from scanner.core.errors import InputError
from scanner.core.events import Fact, FactKind
from scanner.core.freshness import AgeMark
from scanner.core.grants import Gate, SnapshotMark, TicketType
from scanner.core.question import (
    Facts,
    GrantFacts,
    Presented,
    Scan,
    Scope,
    SeatEntry,
    UnlistedFacts,
)
from scanner.core.reasons import Flag, Reason
from scanner.core.rules import ScanRule, SitePolicy
from scanner.core.tally import Tally
from scanner.core.token import Claims
from scanner.core.units import (
    CredentialKey,
    Direction,
    EventNo,
    Instant,
    LaneReadiness,
    RuleNo,
    SnapshotSeq,
    TypeNo,
    ZoneNo,
)
from scanner.local_facts import local_unreadable, parse_local
from sync.base_rows import (
    UNREADABLE,
    parse_event,
    parse_exception,
    parse_grant,
    parse_numbers,
    parse_rule,
)
from sync.tally_rows import parse_tally

DECIDED = frozenset({FactKind.SCAN, FactKind.INSPECTED})
"""Kinds of fact that hold a decision of the gate."""

LANES_OWN = frozenset({Flag.LANE_FREE.value, Flag.AWAITS_PASSAGE.value})
"""Flags that the lane adds to what was decided."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded decision and everything that it was made from."""

    fact: Fact
    scan: Scan
    facts: Facts
    policy: SitePolicy
    clock: ClockReading

    def decide(self) -> Decision:
        """The decision made again."""
        return decide(self.scan, self.facts, self.policy, self.clock)


@dataclass(frozen=True, slots=True)
class NotKept:
    """A decision of which too little was kept to make it again: nothing, or counts that were cut to fit."""

    fact: Fact


def flags_of(flags: Sequence[str]) -> frozenset[str]:
    """Of a decision's or a fact's flags those that were decided."""
    return frozenset(flags) - LANES_OWN


def is_same(fact: Fact, decision: Decision, charged: int) -> bool:
    """True when a decision says what the fact says; ``charged`` is what its fact would charge."""
    return (
        (fact.outcome, fact.reason, fact.charged) == (decision.outcome, decision.reason, charged)
        and flags_of(fact.flags) == flags_of(decision.flags)
        and fact.grant_no == decision.grant_no
    )


def parse_recorded(fact: Fact, local: bytes | None) -> Recorded | NotKept:
    """What a fact of `DECIDED` was decided from.

    Raises:
        InputError: ``local_facts_unreadable``.
    """
    if local is None:
        return NotKept(fact)
    kept = parse_local(local)
    if kept.get("is_cut") or "policy" not in kept:
        return NotKept(fact)
    try:
        return _recorded(fact, kept)
    except (*UNREADABLE, IndexError, InputError) as error:
        raise local_unreadable(str(error)) from error


def _recorded(fact: Fact, kept: Mapping[str, Any]) -> Recorded:
    presented = _presented(fact, kept)
    mark = kept.get("snapshot")
    events = [parse_event((row[0], "", *row[1:], 1)) for row in kept.get("events", ())]
    facts = Facts(
        gate=_gate(fact, kept.get("gate") or (None, None)),
        lane=LaneReadiness(kept["lane"]),
        presented=presented,
        snapshot=None if mark is None else _mark(*mark),
        age_mark=None if mark is None else _age_mark(fact, mark[1], kept.get("age", 0)),
        is_revoked=kept.get("is_revoked", False),
        is_step_used=kept.get("is_step_used", False),
        grants=tuple(_grant(one) for one in kept.get("grants", ())),
        unlisted=_unlisted(kept["unlisted"]) if "unlisted" in kept else None,
        events=tuple(events),
        seat_entries=tuple(_seat(row, presented) for row in kept.get("seats", ())),
    )
    scan = Scan(
        direction=Direction(fact.direction or Direction.IN),
        party=fact.persons,
        is_inspection=fact.kind is FactKind.INSPECTED,
    )
    floor = Instant(kept.get("floor", fact.at))
    clock = ClockReading(fact.at, fact.mono_ms, fact.boot, fact.clock, floor)
    return Recorded(fact, scan, facts, _policy(kept["policy"]), clock)


def _presented(fact: Fact, kept: Mapping[str, Any]) -> Presented:
    claims, problem = kept.get("claims"), kept.get("problem")
    return Presented(
        kind=CredentialKind(kept["kind"]),
        key=None if fact.key is None else CredentialKey(bytes.fromhex(fact.key)),
        claims=None if claims is None else Claims(b"", *claims),
        step=fact.step,
        problem=None if problem is None else Reason(problem),
    )


def _age_mark(fact: Fact, created_at: int, age_ms: int) -> AgeMark:
    return AgeMark(Instant(created_at), fact.boot, fact.mono_ms, age_ms)


def _mark(seq: int, created_at: int) -> SnapshotMark:
    return SnapshotMark(seq=SnapshotSeq(seq), created_at=Instant(created_at))


def _gate(fact: Fact, scope: Sequence[Any]) -> Gate:
    way, types = scope
    return Gate(
        gate_no=fact.gate_no,
        name="",
        zone_no=fact.zone_no,
        direction=None if way is None else Direction(way),
        types=parse_numbers(types),
    )


def _policy(kept: Mapping[str, Any]) -> SitePolicy:
    named = dict(kept)
    calendar = SiteCalendar(named.pop("zone"), named.pop("day_cutoff"))
    return msgspec.convert(named | {"calendar": calendar}, SitePolicy)


def _seat(row: Sequence[Any], presented: Presented) -> SeatEntry:
    event_no, seat, grant_no, is_own = row
    own = presented.key.hex() if is_own and presented.key is not None else None
    return SeatEntry(EventNo(event_no), seat, grant_no, own)


def _grant(kept: Mapping[str, Any]) -> GrantFacts:
    grant = parse_grant(kept["row"])
    exceptions = [parse_exception((grant.grant_no, *row, 1)) for row in kept.get("exceptions", ())]
    return GrantFacts(
        grant=grant,
        rule=_rule(kept["rule"]),
        tallies=_tallies(kept.get("counts")),
        boot_tallies=_tallies(kept.get("boot_counts")),
        scope=_scope(kept.get("scope")),
        exceptions={exception.event_no: exception for exception in exceptions},
    )


def _unlisted(kept: Mapping[str, Any]) -> UnlistedFacts:
    kind, rule = kept["type"], kept["rule"]
    return UnlistedFacts(
        ticket_type=None if kind is None else _type(*kind),
        rule=None if rule is None else _rule(rule),
        tallies=_tallies(kept["counts"]),
        boot_tallies=_tallies(kept["boot_counts"]),
        scope=_scope(kept["scope"]),
    )


def _type(type_no: int, rule_no: int, zones: str | None, scope_no: Any) -> TicketType:
    return TicketType(
        type_no=TypeNo(type_no),
        rule_no=RuleNo(rule_no),
        name="",
        zones=parse_numbers(zones),
        scope_no=scope_no,
    )


def _rule(kept: Sequence[Any]) -> ScanRule:
    number, body = kept
    return parse_rule((number, msgspec.json.encode(body), 1))


def _scope(kept: Sequence[Any] | None) -> Scope | None:
    if kept is None:
        return None
    own, last = kept
    return Scope(event_nos=None if own is None else frozenset(own), last_doors_from=last)


def _tallies(kept: Mapping[str, Any] | None) -> dict[ZoneNo, Tally]:
    return {
        ZoneNo(int(zone)): parse_tally(msgspec.json.encode(counts).decode())
        for zone, counts in (kept or {}).items()
    }


def with_rules(recorded: Recorded, rule_for: Callable[[ScanRule], ScanRule]) -> Recorded:
    """The same question under other rules; a rule keeps the number by which it is told."""
    facts, unlisted = recorded.facts, recorded.facts.unlisted
    grants = tuple(replace(one, rule=rule_for(one.rule)) for one in facts.grants)
    if unlisted is not None and unlisted.rule is not None:
        unlisted = replace(unlisted, rule=rule_for(unlisted.rule))
    return replace(recorded, facts=replace(facts, grants=grants, unlisted=unlisted))
