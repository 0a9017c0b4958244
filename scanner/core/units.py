"""Units: the names and sizes of every number that crosses a module boundary.

Law: a number without one of these names (or a ``_s``, ``_ms``, ``_px``, ``_bytes`` suffix) is a question.
The small per-site numbers (``grant_no`` ...) are the central's and are never reused.

Source: docs/architecture.md, "Names and numbers".
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NamedTuple, NewType

Instant = NewType("Instant", int)
"""Milliseconds since 1970-01-01T00:00Z."""

MonoMs = NewType("MonoMs", int)
"""Milliseconds of one boot's monotonic clock; two boots cannot be compared."""

GrantNo = NewType("GrantNo", int)
TypeNo = NewType("TypeNo", int)
RuleNo = NewType("RuleNo", int)
EventNo = NewType("EventNo", int)
ScopeNo = NewType("ScopeNo", int)
ZoneNo = NewType("ZoneNo", int)
GateNo = NewType("GateNo", int)

CredentialKey = NewType("CredentialKey", bytes)
"""16 bytes: the keyed hash of a credential. The code itself is never stored at a gate."""

DeviceId = NewType("DeviceId", str)
Epoch = NewType("Epoch", str)
"""Random id made with a ledger file: a device that lost its ledger starts a new epoch."""

Seq = NewType("Seq", int)
"""Number of a fact in its ledger, from 1, without gaps."""

SnapshotSeq = NewType("SnapshotSeq", int)
BootId = NewType("BootId", str)
BusinessDate = date
"""The site-local date of a business day (which starts at the cut-off)."""

DAY_S = 86_400
SECOND_MS = 1_000


class Direction(StrEnum):
    """Which way a person walks through the arm."""

    IN = "in"
    OUT = "out"


class LaneReadiness(StrEnum):
    """Whether the lane can take an entry now (read before the decision)."""

    READY = "ready"
    BUSY = "busy"
    CLOSED = "closed"
    FAULT = "fault"


class Stamp(NamedTuple):
    """Total order over the facts of a site: (corrected time, device, epoch, seq)."""

    at: Instant
    device: DeviceId
    epoch: Epoch
    seq: Seq


class Interval(NamedTuple):
    """Half-open ``[start, until)``; ``None`` = open on that side."""

    start: Instant | None
    until: Instant | None

    def contains(self, at: Instant) -> bool:
        """True when ``start <= at < until``."""
        return (self.start is None or self.start <= at) and (self.until is None or at < self.until)
