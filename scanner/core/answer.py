"""The answer: outcome, reason, and everything staff, the ledger and a technician need to know of it.

Law: a decision is complete in itself and frozen; whoever shows or records it adds nothing. Its trace holds each step
as it was walked, with the raw values it used, so that a person can follow it without the program.

Source: docs/decisions.md, "Outcomes and reasons".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from scanner.core.clock import ClockState
from scanner.core.grants import SnapshotMark
from scanner.core.reasons import Outcome, Reason
from scanner.core.tally import Mark
from scanner.core.units import Direction, EventNo, GrantNo, Instant, TypeNo


class Verdict(StrEnum):
    """What one check found."""

    PASS = "pass"  # noqa: S105 - the name of a verdict, not a secret
    NOTE = "note"
    """A reason to show if the scan is accepted."""
    ASK = "ask"
    """A question to staff, unless a later check refuses."""
    REFUSE = "refuse"
    SKIP = "skip"
    """Not judged: the clock is untrusted."""


class TraceLine(NamedTuple):
    """One check as it was walked, with the raw values it used. Checks that a right does not ask for leave no line."""

    step: int
    name: str
    verdict: Verdict
    values: tuple[tuple[str, object], ...] = ()
    reason: Reason | None = None
    grant_no: GrantNo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer.

    ``charged`` is what the entry costs if it opens (for ACTION: if staff accept). ``movement`` None = nothing counts.
    ``remaining`` is of ``max_total`` after this entry. ``last_used`` is when and at which gate the right was last used.
    ``wait_s`` is how long until TOO_SOON ends. ``snapshot_age_s`` None = no snapshot; the least it can be while the
    clock is untrusted.
    ``is_inspection``: only a look; nothing opens and nothing counts, whatever the outcome says.
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
    is_inspection: bool = False
    snapshot: SnapshotMark | None = None
    snapshot_age_s: int | None = None
    clock: ClockState = ClockState.TRUSTED
    trace: tuple[TraceLine, ...] = ()
