"""What the gate says of itself: one JSON object for consoles, `doctor` and the demo.

Law: read-only, cheap, without payloads, keys or names. Everything a technician asks at 19:55 is here or in the ledger.

Source: docs/architecture.md, "Control socket".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scanner.asking import Answer, Prepared
from scanner.core.clock import ClockReading
from scanner.core.grants import Gate, SnapshotMark
from scanner.core.lane_state import LaneState
from scanner.core.override import possible_answers
from scanner.lane_parts import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Senses:
    """How the gate sees and what it drives."""

    is_simulated: bool
    camera: dict[str, Any]
    """All cameras as if they were one."""
    cameras: Sequence[dict[str, Any]] = ()
    scanners: Sequence[dict[str, Any]] = ()


def status(
    gate: Gate,
    state: LaneState,
    counts: Counts,
    clock: ClockReading,
    snapshot: SnapshotMark | None,
    senses: Senses,
    doubts: tuple[str, ...],
    question: Answer | None = None,
    prepared: Prepared | None = None,
) -> dict[str, Any]:
    """The reply to ``{"do": "status"}``."""
    age_s = None if snapshot is None else max(0, clock.now - snapshot.created_at) // 1000
    return {
        "gate": {"no": gate.gate_no, "name": gate.name, "zone_no": gate.zone_no},
        "simulated": senses.is_simulated,
        "lane": {
            "mode": state.mode.value,
            "phase": state.phase.value,
            "blocked_by": sorted(block.value for block in state.blocks),
            "free_for_s": _free_for_s(state, clock),
        },
        "reads": {
            "all": counts.reads,
            "same_presentation": counts.same_presentation,
            "not_read": counts.not_read,
            "not_recorded": counts.not_recorded,
        },
        "camera": senses.camera,
        "cameras": list(senses.cameras),
        "scanners": list(senses.scanners),
        "clock": {"now": clock.now, "state": clock.state.value},
        "snapshot": None if snapshot is None else {"seq": snapshot.seq, "age_s": age_s},
        "doubts": list(doubts),
        "question": None if question is None else _question(question),
        "next": None if prepared is None else _next(prepared),
    }


def _free_for_s(state: LaneState, clock: ClockReading) -> int | None:
    until_ms = state.free_until_ms
    return None if until_ms is None else max(0, until_ms - clock.mono) // 1_000


def _question(asked: Answer) -> dict[str, Any]:
    """What staff may answer, and how a supervisor might."""
    decision, fact = asked.decision, asked.fact
    return {
        "seq": None if fact is None else fact.seq,
        "at": None if fact is None else fact.at,
        "outcome": decision.outcome.value,
        "reason": decision.reason.value,
        "flags": list(decision.flags),
        "persons": decision.persons,
        "answers": [answer.value for answer in possible_answers(decision)],
    }


def _next(said: Prepared) -> dict[str, Any]:
    """What staff have said of the next scan."""
    return {"persons": said.persons, "inspection": said.inspector is not None}
