"""Facts as the lane records them: a decision, a passage, an alarm, each with the clock it was judged by.

Law: pure. A fact never holds a code, only its keyed hash.

Source: docs/sync-protocol.md, "Facts".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scanner.core.answer import Decision
from scanner.core.clock import ClockFact, ClockOffset, ClockReading
from scanner.core.events import Fact, FactKind, Identity
from scanner.core.grants import Gate
from scanner.core.override import Override, answer_note
from scanner.core.question import Presented
from scanner.core.reasons import FACES, Flag, Outcome, Reason
from scanner.core.units import Direction, LaneReadiness

RELEASE = "release"
"""What staff's opening without a code is noted as."""
PULSE = "pulse"
"""What a technician's try of the arm is noted as."""


def happened(identity: Identity, clock: ClockReading, gate: Gate, **fields: Any) -> Fact:
    """A fact of this lane at this reading; ``fields`` as in `Fact`, ``kind`` among them."""
    return Fact(
        device=identity.device,
        epoch=identity.epoch,
        seq=identity.seq,
        at=clock.now,
        mono_ms=clock.mono,
        boot=clock.boot,
        clock=clock.state,
        gate_no=gate.gate_no,
        zone_no=gate.zone_no,
        **fields,
    )


def scanned(
    decision: Decision,
    presented: Presented,
    identity: Identity,
    clock: ClockReading,
    gate: Gate,
    direction: Direction,
    operator: str | None = None,
    *,
    is_watched: bool,
) -> Fact:
    """The fact of one decided scan. ``operator`` has a look. ``is_watched``: a passage report follows if it opens."""
    opens = may_open(decision)
    flags = decision.flags
    if opens and is_watched:
        flags = (*flags, Flag.AWAITS_PASSAGE.value)
    return happened(
        identity,
        clock,
        gate,
        kind=FactKind.INSPECTED if decision.is_inspection else FactKind.SCAN,
        direction=direction,
        movement=decision.movement if opens else None,
        charged=decision.charged if opens else 0,
        persons=decision.persons,
        key=presented.key.hex() if presented.key is not None else None,
        grant_no=decision.grant_no,
        type_no=decision.type_no,
        event_no=decision.event_no,
        seat=decision.seat,
        step=presented.step,
        outcome=decision.outcome,
        reason=decision.reason,
        flags=flags,
        snapshot_seq=decision.snapshot.seq if decision.snapshot else None,
        snapshot_age_s=decision.snapshot_age_s,
        operator=operator,
    )


def override_fact(
    override: Override,
    scan: Fact,
    identity: Identity,
    clock: ClockReading,
    gate: Gate,
    operator: str | None,
    why: str | None = None,
    *,
    is_watched: bool,
) -> Fact:
    """The fact of staff's answer: the gate's own stays in outcome and reason, staff's (and why) is the note."""
    awaits = (Flag.AWAITS_PASSAGE.value,) if is_watched and override.movement is not None else ()
    return happened(
        identity,
        clock,
        gate,
        kind=FactKind.OVERRIDE,
        direction=scan.direction,
        movement=override.movement,
        charged=override.charged,
        persons=override.persons,
        key=scan.key,
        grant_no=scan.grant_no,
        type_no=scan.type_no,
        event_no=scan.event_no,
        seat=scan.seat,
        step=scan.step,
        outcome=scan.outcome,
        reason=scan.reason,
        flags=awaits,
        snapshot_seq=scan.snapshot_seq,
        snapshot_age_s=scan.snapshot_age_s,
        operator=operator,
        refers_to=scan.seq,
        note=answer_note(override.answer, why),
    )


def release_fact(
    identity: Identity,
    clock: ClockReading,
    gate: Gate,
    direction: Direction,
    operator: str | None,
    why: str | None,
) -> Fact:
    """The fact of an arm that staff opened once without a code, or (no ``why``) that a technician tried.

    It names who and why, and counts nothing.
    """
    return happened(
        identity,
        clock,
        gate,
        kind=FactKind.SERVICE if why is None else FactKind.OVERRIDE,
        direction=direction,
        operator=operator,
        note=PULSE if why is None else f"{RELEASE}: {why}",
    )


def clock_fact(fact: ClockFact) -> dict[str, Any]:
    """The fields of a fact about the clock itself."""
    if isinstance(fact, ClockOffset):
        return {
            "kind": FactKind.CLOCK_OFFSET,
            "offset_ms": fact.offset_ms,
            "note": fact.source.value,
        }
    return {
        "kind": FactKind.CLOCK_STEPPED,
        "offset_ms": fact.to - fact.from_,
        "note": "held" if fact.is_held else "obeyed",
    }


def may_open(decision: Decision) -> bool:
    """True when this answer opens the arm by itself."""
    return FACES[decision.outcome].opens and not decision.is_inspection


def not_recorded(decision: Decision) -> Decision:
    """The answer where no disk takes the fact: shut. An exit that would open opens all the same, and says so."""
    if decision.movement is Direction.OUT:
        return replace(decision, flags=(*decision.flags, Reason.NOT_RECORDED.value))
    return replace(
        decision,
        outcome=Outcome.DECLINED,
        reason=Reason.NOT_RECORDED,
        flags=(),
        movement=None,
        charged=0,
        remaining=None,
    )


def unseen(direction: Direction, lane: LaneReadiness, clock: ClockReading) -> Decision:
    """The answer where nothing could be looked up, so nothing was judged but the lane."""
    if direction is Direction.OUT and lane is LaneReadiness.READY:
        return Decision(
            outcome=Outcome.CHECKED_OUT, reason=Reason.EXIT, movement=direction, clock=clock.state
        )
    return Decision(outcome=Outcome.DECLINED, reason=Reason.NOT_RECORDED, clock=clock.state)
