"""Staff's answer against or instead of the gate's.

Law: pure. Any operator answers a question; only a supervisor forces a refusal, and never one that the lane or the
ledger made. A forced entry is charged for every person, an accepted question what the gate would have charged. A look
is answered by nobody: there is nothing to open.

Source: docs/decisions.md, "Overrides".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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


class OverrideProblem(StrEnum):
    """Why an answer does not count."""

    INSPECTION = "inspection"
    NOT_ASKED = "not_asked"
    NOT_REFUSED = "not_refused"
    NEEDS_SUPERVISOR = "needs_supervisor"
    NOT_FORCEABLE = "not_forceable"


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


def apply_override(decision: Decision, answer: StaffAnswer, role: Role) -> Override:
    """What staff's answer does to a decision."""
    problem = _problem(decision, answer, role)
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
