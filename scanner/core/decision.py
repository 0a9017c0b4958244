"""The one decision: what is known at the lane in, an answer with its reasons out.

Law: pure, total and deterministic. Online, offline, signed-only, rehearsal and the central all call `decide`. The order
of its steps is a table; the first refusal wins; a refusal beats a question; an exit always opens.

Source: docs/decisions.md, "Decision order".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scanner.core.clock import ClockState
from scanner.core.credential import CredentialKind
from scanner.core.grants import (
    AccessGrant,
    Event,
    EventException,
    Gate,
    SnapshotMark,
    TicketType,
)
from scanner.core.reasons import Outcome, Reason
from scanner.core.rules import ScanRule
from scanner.core.tally import Mark, Tally
from scanner.core.token import Claims
from scanner.core.units import (
    CredentialKey,
    Direction,
    EventNo,
    GrantNo,
    Instant,
    LaneReadiness,
    TypeNo,
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

    ``problem`` is one of UNREADABLE, BAD_SIGNATURE, UNKNOWN_KEY, KEY_REVOKED, WRONG_SITE, CODE_EXPIRED.
    ``key`` is None only where not even an id could be read. ``step`` is the rotating code's time step.
    """

    kind: CredentialKind
    key: CredentialKey | None = None
    claims: Claims | None = None
    step: int | None = None
    problem: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A season's events as far as this gate knows them; None as a grant's scope = every event."""

    event_nos: frozenset[EventNo]
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
    """Everything a decision may look at. Index probes only on the way here.

    ``events`` holds at least every event whose doors are open now (by the wall clock of the scan) in the gate's zone.
    ``is_revoked``: the key has a prefix in the revocation list. ``is_step_used``: an accepted, not given-back entry
    used this rotating step.
    """

    gate: Gate
    lane: LaneReadiness
    presented: Presented
    snapshot: SnapshotMark | None
    is_revoked: bool = False
    is_step_used: bool = False
    grants: tuple[GrantFacts, ...] = ()
    unlisted: UnlistedFacts | None = None
    events: tuple[Event, ...] = ()
    seat_entries: tuple[SeatEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One step as it was walked, with the values it used. ``verdict``: pass | note | ask | refuse | skip."""

    step: int
    name: str
    verdict: str
    values: tuple[tuple[str, object], ...] = ()
    grant_no: GrantNo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer.

    ``charged`` is what the entry costs if it opens (for ACTION: if staff accept). ``movement`` None = nothing counts.
    ``remaining`` is of ``max_total`` after this entry. ``last_used`` is when and at which gate the right was last used.
    ``wait_s`` is how long until TOO_SOON ends. ``snapshot_age_s`` None = no snapshot or no trusted time.
    """

    outcome: Outcome
    reason: Reason
    flags: tuple[str, ...] = ()
    movement: Direction | None = None
    charged: int = 0
    persons: int = 1
    remaining: int | None = None
    seat: str | None = None
    grant_no: GrantNo | None = None
    type_no: TypeNo | None = None
    event_no: EventNo | None = None
    valid_until: Instant | None = None
    last_used: Mark | None = None
    wait_s: int | None = None
    snapshot: SnapshotMark | None = None
    snapshot_age_s: int | None = None
    clock: ClockState = ClockState.TRUSTED
    trace: tuple[TraceLine, ...] = ()
