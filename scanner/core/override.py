"""Staff's answer against or instead of the gate's.

Law: pure. Any operator answers a question; only a supervisor forces a refusal, and never one that the lane or the
ledger made; and nobody lets anybody in through a lane that cannot turn now. A forced entry is charged for every person,
an accepted question what the gate would have charged. A look is answered by nobody: there is nothing to open.

Source: docs/decisions.md, "Overrides".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from scanner.core.answer import Decision
from scanner.core.reasons import Outcome, Reason
from scanner.core.units import Direction


class StaffAnswer(StrEnum):
    """What staff say."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    FORCE = "force"


class Role(StrEnum):
    """What an operator may do."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    TECHNICIAN = "technician"
    """Sets the lane up and mends it; forces nothing."""


MENDERS = frozenset({Role.SUPERVISOR, Role.TECHNICIAN})
"""Who may open or hold open the arm without a code, clear "out of order", and take the gate back a snapshot."""


class Operator(NamedTuple):
    """A person of the staff, as the snapshot knows them."""

    name: str
    role: Role
    pin_scrypt: str


class OverrideProblem(StrEnum):
    """Why an answer does not count."""

    INSPECTION = "inspection"
    NOT_ASKED = "not_asked"
    NOT_REFUSED = "not_refused"
    NEEDS_SUPERVISOR = "needs_supervisor"
    NOT_FORCEABLE = "not_forceable"
    LANE_NOT_READY = "lane_not_ready"


@dataclass(frozen=True, slots=True)
class Override:
    """What follows from staff's answer. ``movement`` None = nobody comes in. With a ``problem`` nothing happens."""

    answer: StaffAnswer
    movement: Direction | None = None
    charged: int = 0
    persons: int = 1
    problem: OverrideProblem | None = None


FORCED_OUTCOMES = frozenset({Outcome.REPEATED, Outcome.DECLINED})
NOT_FORCEABLE = frozenset(
    {Reason.LANE_CLOSED, Reason.LANE_BUSY, Reason.LANE_FAULT, Reason.NOT_RECORDED}
)
"""The arm cannot turn, or its entry could not be written down."""


def possible_answers(decision: Decision) -> tuple[StaffAnswer, ...]:
    """What a supervisor could answer at a lane that is ready."""
    return tuple(a for a in StaffAnswer if _problem(decision, a, Role.SUPERVISOR) is None)


def apply_override(
    decision: Decision, answer: StaffAnswer, role: Role, *, is_lane_ready: bool = True
) -> Override:
    """What staff's answer does to a decision."""
    problem = _problem(decision, answer, role)
    if problem is None and answer is not StaffAnswer.REFUSE and not is_lane_ready:
        problem = OverrideProblem.LANE_NOT_READY
    if problem is not None or answer is StaffAnswer.REFUSE:
        return Override(answer, persons=decision.persons, problem=problem)
    is_forced = answer is StaffAnswer.FORCE
    charged = decision.persons if is_forced else decision.charged
    return Override(answer, Direction.IN, charged, decision.persons)


def _problem(decision: Decision, answer: StaffAnswer, role: Role) -> OverrideProblem | None:
    if decision.is_inspection:
        return OverrideProblem.INSPECTION
    if answer is not StaffAnswer.FORCE:
        return None if decision.outcome is Outcome.ACTION else OverrideProblem.NOT_ASKED
    if decision.outcome not in FORCED_OUTCOMES:
        return OverrideProblem.NOT_REFUSED
    if decision.reason in NOT_FORCEABLE:
        return OverrideProblem.NOT_FORCEABLE
    return None if role is Role.SUPERVISOR else OverrideProblem.NEEDS_SUPERVISOR


def answer_note(answer: StaffAnswer, why: str | None) -> str:
    """Staff's answer as a fact notes it."""
    return f"{answer.value}: {why}" if why else answer.value


def is_noted(answer: StaffAnswer, note: str | None) -> bool:
    """True when this answer is the one noted, with whatever reason."""
    return note is not None and note.partition(":")[0] == answer.value
