"""Steps 0 to 6: the lane and the code itself, before any right is looked at.

Law: each row is pure and total. A problem that nobody knows is refused, never passed.

Source: docs/decisions.md, "Decision order".
"""

from __future__ import annotations

from scanner.core.credential import CredentialKind
from scanner.core.finding import Finding, passed, refused
from scanner.core.question import Question
from scanner.core.reasons import Reason
from scanner.core.units import Direction, LaneReadiness
from scanner.core.unlisted import stated_right

_LANE_REASONS = {
    LaneReadiness.CLOSED: Reason.LANE_CLOSED,
    LaneReadiness.BUSY: Reason.LANE_BUSY,
    LaneReadiness.FAULT: Reason.LANE_FAULT,
}
_SIGNATURE_PROBLEMS = frozenset(
    {Reason.BAD_SIGNATURE, Reason.UNKNOWN_KEY, Reason.KEY_REVOKED, Reason.WRONG_SITE}
)
_LATER_PROBLEMS = _SIGNATURE_PROBLEMS | {Reason.CODE_EXPIRED, None}


def lane(question: Question) -> Finding:
    """A closed lane refuses entries only; a busy or faulty one refuses everything."""
    readiness = question.facts.lane
    value = ("lane", readiness)
    if readiness is LaneReadiness.READY:
        return passed(value)
    if readiness is LaneReadiness.CLOSED and question.scan.direction is Direction.OUT:
        return passed(value)
    return refused(_LANE_REASONS[readiness], value)


def syntax(question: Question) -> Finding:
    """Bytes that are no credential at all."""
    presented = question.facts.presented
    value = ("kind", presented.kind)
    is_syntax = presented.kind is not CredentialKind.UNREADABLE
    if is_syntax and presented.problem in _LATER_PROBLEMS:
        return passed(value)
    return refused(Reason.UNREADABLE, value, ("problem", presented.problem))


def signature(question: Question) -> Finding | None:
    """Signature, key status and site of a signed or rotating code."""
    presented = question.facts.presented
    if presented.problem in _SIGNATURE_PROBLEMS and presented.problem is not None:
        return refused(presented.problem, ("kind", presented.kind))
    return None if presented.kind is CredentialKind.OPAQUE else passed(("kind", presented.kind))


def rotating_window(question: Question) -> Finding | None:
    """The time a rotating code states must be about now."""
    presented = question.facts.presented
    if presented.problem is Reason.CODE_EXPIRED:
        return refused(Reason.CODE_EXPIRED, ("step", presented.step))
    return None if presented.step is None else passed(("step", presented.step))


def rotating_step(question: Question) -> Finding | None:
    """Each time step of a rotating code admits once."""
    step = question.facts.presented.step
    if question.facts.is_step_used:
        return refused(Reason.CODE_REUSED, ("step", step))
    return None if step is None else passed(("step", step))


def revocation(question: Question) -> Finding:
    """The code itself was withdrawn (lost, replaced)."""
    if question.facts.is_revoked:
        return refused(Reason.REVOKED)
    return passed()


def known(question: Question) -> Finding:
    """The snapshot has a right behind the code, or the ticket's own words and a known type must do."""
    facts = question.facts
    count, claims = ("grants", len(facts.grants)), facts.presented.claims
    if facts.grants:
        return passed(count)
    if facts.presented.kind is CredentialKind.OPAQUE or claims is None:
        return refused(Reason.UNKNOWN, count)
    type_no = ("type_no", claims.type_no)
    return (
        refused(Reason.WRONG_TYPE, count, type_no)
        if stated_right(facts) is None
        else passed(count, type_no)
    )
