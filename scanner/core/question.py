"""The question: everything a decision may look at, gathered before it is asked.

Law: values only, complete and frozen. Whoever fills them (the ledger and the snapshot at a lane, a scenario in a
rehearsal, a stored event in `explain`) decides nothing. Index probes only on the way here.

Source: docs/decisions.md, "What a decision looks at".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from scanner.core.clock import ClockReading
from scanner.core.credential import CredentialKind
from scanner.core.freshness import AgeMark
from scanner.core.grants import (
    AccessGrant,
    Event,
    EventException,
    Gate,
    SnapshotMark,
    TicketType,
)
from scanner.core.reasons import Reason
from scanner.core.rules import ScanRule, SitePolicy
from scanner.core.tally import Tally
from scanner.core.token import Claims
from scanner.core.units import (
    CredentialKey,
    Direction,
    EventNo,
    GrantNo,
    Instant,
    LaneReadiness,
    ZoneNo,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The attempt: which way, for how many persons, and whether it is only a look."""

    direction: Direction = Direction.IN
    party: int = 1
    is_inspection: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """The credential after parsing and signature (steps 1, 3 and 4): what it is, or why it is nothing.

    ``problem`` is one of UNREADABLE, BAD_SIGNATURE, UNKNOWN_KEY, KEY_REVOKED, WRONG_SITE, CODE_EXPIRED. The last is not
    judged while the clock is untrusted, so it is given beside key and claims, and only where all the rest is good.
    ``key`` is None only where not even an id could be read. ``step`` is the rotating code's time step.
    """

    kind: CredentialKind
    key: CredentialKey | None = None
    claims: Claims | None = None
    step: int | None = None
    problem: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A season's events as far as this gate knows them.

    ``event_nos`` None = every event of the site (a scope without a list). A grant that is not asked for an event has no
    scope at all.
    """

    event_nos: frozenset[EventNo] | None = None
    last_doors_from: Instant | None = None
    """When the doors of its last event (cancelled ones apart) open; None = it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFacts:
    """One right and everything counted on it.

    ``tallies`` are by zone, of base + peers + own. ``boot_tallies`` are of this boot's own facts alone, needed (and
    filled) only while the clock is untrusted.
    """

    grant: AccessGrant
    rule: ScanRule
    tallies: Mapping[ZoneNo, Tally] = field(default_factory=dict)
    boot_tallies: Mapping[ZoneNo, Tally] = field(default_factory=dict)
    scope: Scope | None = None
    exceptions: Mapping[EventNo, EventException] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeatEntry:
    """An entry that stands on a seat at an event that is open now; ``key`` in hex."""

    event_no: EventNo
    seat: str
    grant_no: GrantNo | None
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlistedFacts:
    """For a valid signature without a row: the type it names, that type's rule, and what its key has used.

    ``rule`` None (with ``ticket_type`` None) = the snapshot does not know the type.
    """

    ticket_type: TicketType | None = None
    rule: ScanRule | None = None
    tallies: Mapping[ZoneNo, Tally] = field(default_factory=dict)
    boot_tallies: Mapping[ZoneNo, Tally] = field(default_factory=dict)
    scope: Scope | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a decision may look at.

    ``events`` holds at least every event whose doors are open now (by the wall clock of the scan) in the gate's zone.
    ``is_revoked``: the key has a prefix in the revocation list. ``is_step_used``: an accepted, not given-back entry
    used this rotating step. ``age_mark``: the snapshot's age as counted in this boot.
    """

    gate: Gate
    lane: LaneReadiness
    presented: Presented
    snapshot: SnapshotMark | None
    age_mark: AgeMark | None = None
    is_revoked: bool = False
    is_step_used: bool = False
    grants: tuple[GrantFacts, ...] = ()
    unlisted: UnlistedFacts | None = None
    events: tuple[Event, ...] = ()
    seat_entries: tuple[SeatEntry, ...] = ()


class Question(NamedTuple):
    """The arguments of `decide` as its rows get them. ``age_ms``: of the snapshot, None = there is none."""

    scan: Scan
    facts: Facts
    policy: SitePolicy
    clock: ClockReading
    age_ms: int | None
