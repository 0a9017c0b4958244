"""What a gate knows of rights: the rows of a snapshot, as values.

Law: a grant row is a pure function of the central's state at a snapshot sequence. Nothing here names a person, an
amount or a tag (docs/privacy.md). Intervals are half-open; ``None`` is an open side.

Source: docs/sync-protocol.md, "Snapshot"; docs/decisions.md, "Rights".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scanner.core.reasons import Reason
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


class GrantState(StrEnum):
    """What the central says of the right as a whole."""

    ALLOW = "allow"
    DENY = "deny"


class GrantFlag(StrEnum):
    """Marks on a grant that staff see as accept reasons (``details_required`` as a question)."""

    CONCESSION = "concession"
    ID_CHECK = "id_check"
    HIGHLIGHT = "highlight"
    DETAILS_REQUIRED = "details_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessGrant:
    """The right itself: one row of the snapshot.

    ``first_scan`` is set while the term starts with the first counted entry; the gate then derives the term from the
    earliest such entry. ``zones`` empty = every zone. ``version`` orders two rows of one grant.
    """

    grant_no: GrantNo
    rule_no: RuleNo
    type_no: TypeNo
    scope_no: ScopeNo | None = None
    zones: frozenset[ZoneNo] = frozenset()
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    first_scan: ValidityRule | None = None
    state: GrantState = GrantState.ALLOW
    deny_reason: Reason | None = None
    grace_until: Instant | None = None
    seat: str | None = None
    flags: frozenset[GrantFlag] = frozenset()
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EventException:
    """What differs for one grant at one event: another seat, other flags, or a refusal."""

    event_no: EventNo
    seat: str | None = None
    deny_reason: Reason | None = None
    flags: frozenset[GrantFlag] | None = None


class EventStatus(StrEnum):
    """Whether an event takes place."""

    ON = "on"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A match or concert; its doors are what counts at a gate. ``zones`` empty = every zone."""

    event_no: EventNo
    starts_at: Instant
    ends_at: Instant
    doors_from: Instant
    doors_until: Instant
    zones: frozenset[ZoneNo] = frozenset()
    status: EventStatus = EventStatus.ON


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketType:
    """What a signed ticket's ``type_no`` points to when its grant is not in the snapshot."""

    type_no: TypeNo
    rule_no: RuleNo
    name: str
    zones: frozenset[ZoneNo] = frozenset()
    scope_no: ScopeNo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One lane. ``direction`` None = both ways. ``types`` empty = every ticket type is admitted here."""

    gate_no: GateNo
    name: str
    zone_no: ZoneNo
    direction: Direction | None = Direction.IN
    types: frozenset[TypeNo] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotMark:
    """Which snapshot a decision was judged by."""

    seq: SnapshotSeq
    created_at: Instant
