"""What the gate tells those who watch: small JSON objects, never a payload, a key or a name.

Law: pure. ``event`` names the kind; every outcome carries its word, icon and colour, so that a screen needs no table.

Source: docs/architecture.md, "Control socket".
"""

from __future__ import annotations

from typing import Any

from scanner.core.answer import Decision
from scanner.core.events import Fact, FactKind
from scanner.core.lane_state import LaneState
from scanner.core.override import Override
from scanner.core.reasons import FACES
from scanner.core.units import Direction, Seq

Notice = dict[str, Any]


def answered(decision: Decision, fact: Fact | None, direction: Direction) -> Notice:
    """A scan was decided (``seq`` None: it could not be recorded)."""
    face = FACES[decision.outcome]
    last = decision.last_used
    return {
        "event": "scan",
        "seq": fact.seq if fact else None,
        "at": fact.at if fact else None,
        "direction": direction.value,
        "outcome": decision.outcome.value,
        "reason": decision.reason.value,
        "flags": list(decision.flags),
        "remaining": decision.remaining,
        "seat": decision.seat,
        "charged": fact.charged if fact else 0,
        "inspection": decision.is_inspection,
        "wait_s": decision.wait_s,
        "valid_until": decision.valid_until,
        "last_used_at": last.at if last else None,
        "last_used_gate": last.gate_no if last else None,
        "colour": face.colour,
        "icon": face.icon,
        "word": face.word,
    }


def overridden(override: Override, fact: Fact) -> Notice:
    """Staff answered against or instead of the gate."""
    return {
        "event": "override",
        "seq": fact.seq,
        "refers_to": fact.refers_to,
        "answer": override.answer.value,
        "charged": override.charged,
        "opens": override.movement is not None,
    }


def released(fact: Fact) -> Notice:
    """Staff opened the arm once without a code, or a technician tried it (``pulse``)."""
    direction = None if fact.direction is None else fact.direction.value
    event = "released" if fact.kind is FactKind.OVERRIDE else "pulse"
    return {"event": event, "seq": fact.seq, "direction": direction}


def passed(seq: Seq, persons: int) -> Notice:
    """Somebody walked through on entry ``seq`` (0: on an exit that could not be recorded)."""
    return {"event": "passed", "refers_to": seq or None, "persons": persons}


def not_passed(seq: Seq, persons: int) -> Notice:
    """The arm was not turned: the entry ``seq`` is given back."""
    return {"event": "not_passed", "refers_to": seq or None, "persons": persons}


def alarm(code: str, message: str) -> Notice:
    """Staff must look."""
    return {"event": "alarm", "code": code, "message": message}


def lane_changed(state: LaneState) -> Notice:
    """Mode or phase changed by a person."""
    return {"event": "lane", "mode": state.mode.value, "phase": state.phase.value}
