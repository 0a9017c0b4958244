"""Facts: what happened at a lane, frozen and in the past tense. One shape for the ledger, the wire and the fold.

Law: a fact is never changed after it is recorded. ``charged`` (0..n) is decided once, by the gate that decided, and is
part of the fact. What a fact counts as is said by ``movement``: ``in`` is an entry, ``out`` an exit, ``None`` counts
nothing (refusals, questions, inspections, alarms). A later fact names an earlier one of the same ledger by
``refers_to``.

Source: docs/sync-protocol.md, "Facts".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from scanner.core.clock import ClockState
from scanner.core.reasons import Outcome, Reason
from scanner.core.units import (
    BootId,
    DeviceId,
    Direction,
    Epoch,
    EventNo,
    GateNo,
    GrantNo,
    Instant,
    MonoMs,
    Seq,
    SnapshotSeq,
    Stamp,
    TypeNo,
    ZoneNo,
)


class FactKind(StrEnum):
    """What happened."""

    SCAN = "SCAN"
    """An attempt and the gate's answer to it."""
    OVERRIDE = "OVERRIDE"
    """Staff decided against or instead of the gate (``refers_to`` the scan); counts by its own ``movement``."""
    PASSED = "PASSED"
    """``persons`` walked through on the entry ``refers_to``."""
    NOT_PASSED = "NOT_PASSED"
    """``persons`` of the entry ``refers_to`` did not walk through: given back."""
    PASSAGE_UNKNOWN = "PASSAGE_UNKNOWN"
    """Found at start-up: the entry ``refers_to`` has neither; it stays counted."""
    CLOCK_STEPPED = "CLOCK_STEPPED"
    CLOCK_OFFSET = "CLOCK_OFFSET"
    """``offset_ms`` for the boot ``boot``: corrected time = mono_ms + offset_ms, for its earlier facts too."""
    INSPECTED = "INSPECTED"
    """A look without an entry."""
    LANE_STARTED = "LANE_STARTED"
    LANE_STOPPED = "LANE_STOPPED"
    LANE_MODE = "LANE_MODE"
    SERVICE = "SERVICE"
    """A technician did something at the gate that lets nobody in; ``note`` names it."""
    ALARM = "ALARM"
    """``note`` holds the alarm's code."""


class Identity(NamedTuple):
    """What makes a fact unique on its site."""

    device: DeviceId
    epoch: Epoch
    seq: Seq


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One row of a ledger, as signed, uploaded and folded.

    ``at`` is the wall instant the gate judged by; ``mono_ms`` and ``boot`` allow a later correction.
    ``key`` is the credential's keyed hash in hex (never the code). ``step`` is the rotating code's time step.
    Fields that do not apply are None (or their default) and are left out of the encoded body.
    """

    device: DeviceId
    epoch: Epoch
    seq: Seq
    kind: FactKind
    at: Instant
    mono_ms: MonoMs
    boot: BootId
    clock: ClockState
    gate_no: GateNo
    zone_no: ZoneNo
    direction: Direction | None = None
    movement: Direction | None = None
    charged: int = 0
    persons: int = 1
    key: str | None = None
    grant_no: GrantNo | None = None
    type_no: TypeNo | None = None
    event_no: EventNo | None = None
    seat: str | None = None
    step: int | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    flags: tuple[str, ...] = ()
    snapshot_seq: SnapshotSeq | None = None
    snapshot_age_s: int | None = None
    operator: str | None = None
    refers_to: Seq | None = None
    offset_ms: int | None = None
    note: str | None = None

    @property
    def stamp(self) -> Stamp:
        """Place in the order of the site's facts, by uncorrected time."""
        return Stamp(self.at, self.device, self.epoch, self.seq)
