"""What staff may do at a running lane: answer what it asked or refused, have a look, say how many are coming.

Law: carried out by the lane's thread; who speaks was proven before (`scanner.staff_pins`), and nobody is taken at their
word. An answer names the scan it answers, so that it never falls to whoever came in between.

Source: docs/architecture.md, "Control socket"; docs/decisions.md, "Overrides".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.asking import PREPARED_MS
from scanner.control import Command, Reply
from scanner.core.answer import Decision
from scanner.core.errors import InputError, StoreError
from scanner.core.lane_facts import may_open
from scanner.core.override import MENDERS, Operator, OverrideProblem, Role, StaffAnswer
from scanner.core.units import Direction
from scanner.lane_loop import Lane

PERSONS_MAX = 99
WHY_CHARACTERS = 80

PROBLEMS: Mapping[OverrideProblem, tuple[str, str, str]] = {
    OverrideProblem.INSPECTION: (
        "answer_of_a_look",
        "the last scan was only a look; there is nothing to open",
        "let the code be shown again, as a scan",
    ),
    OverrideProblem.NOT_ASKED: (
        "answer_not_asked",
        "the lane has not asked, or asks no longer",
        "look at the lane's status: it names what may be answered",
    ),
    OverrideProblem.NOT_REFUSED: (
        "answer_not_refused",
        "the last scan was not refused, so there is nothing to force",
        "answer a question with accept or refuse",
    ),
    OverrideProblem.NEEDS_SUPERVISOR: (
        "answer_needs_supervisor",
        "only a supervisor forces a refusal",
        "ask a supervisor to answer",
    ),
    OverrideProblem.NOT_FORCEABLE: (
        "answer_not_forceable",
        "this refusal is the lane's or the disk's own; nobody can force it",
        "mend what the lane's status names, then let the code be shown again",
    ),
    OverrideProblem.LANE_NOT_READY: (
        "answer_lane_not_ready",
        "the lane cannot let anybody in now (closed, busy or blocked)",
        "answer again when it is ready, or open the lane",
    ),
}


def build_staff_commands(lane: Lane) -> Mapping[str, Command]:
    """The commands; ``operator`` of `answer` and `inspect` must be proven before."""

    def answer(body: Mapping[str, Any]) -> Reply:
        said, operator = _answer(body.get("answer")), _operator(body)
        _require_question(lane, body.get("seq"))
        if "party" in body and said is not StaffAnswer.REFUSE:
            again = lane.ask_again(_persons(body["party"]))
            if again is not None and may_open(again.decision):
                return {"opens": True, "charged": again.decision.charged, **_named(again.decision)}
        return _override(lane, said, operator, _why(body.get("why")))

    def inspect(body: Mapping[str, Any]) -> Reply:
        lane.prepare(inspector=_operator(body).name)
        return {"inspects": True, "within_s": PREPARED_MS // 1000}

    def party(body: Mapping[str, Any]) -> Reply:
        persons = _persons(body.get("persons"))
        lane.prepare(persons=persons)
        return {"persons": persons, "within_s": PREPARED_MS // 1000}

    def release(body: Mapping[str, Any]) -> Reply:
        operator = require_role(_operator(body), MENDERS)
        return _release(lane, _direction(lane, body), operator, _why(body.get("why")))

    def pulse(body: Mapping[str, Any]) -> Reply:
        operator = require_role(_operator(body), frozenset({Role.TECHNICIAN}))
        return _pulse(lane, _direction(lane, body), operator)

    def repaired(body: Mapping[str, Any]) -> Reply:
        if not lane.repaired(require_role(_operator(body), MENDERS).name):
            raise InputError(
                "lane_in_order",
                "the lane is not out of order; there is nothing to clear",
                "see the doubts in the lane's status",
            )
        return {"phase": lane.state.phase.value}

    return {
        "answer": answer,
        "inspect": inspect,
        "party": party,
        "release": release,
        "pulse": pulse,
        "repaired": repaired,
    }


STAFF_PROVEN = ("answer", "inspect", "pulse", "release", "repaired")
"""Commands that need a PIN."""


def require_role(operator: Operator, roles: frozenset[Role]) -> Operator:
    """The proven operator, if of one of these roles.

    Raises:
        InputError: ``operator_not_technician``.
    """
    if operator.role not in roles:
        raise InputError(
            "operator_not_technician",
            f"this takes a {' or '.join(sorted(roles))}; nothing was done",
            "ask one; roles are set at the central and come with the next snapshot",
        )
    return operator


def _release(lane: Lane, direction: Direction, operator: Operator, why: str | None) -> Reply:
    if not (why or "").strip():
        raise InputError(
            "release_without_reason",
            "a release needs a reason; the arm stays shut",
            "say in a few words, without names, why somebody is let through without a code",
        )
    fact = lane.release(direction, str(why).strip(), operator.name)
    if fact is None:
        code, message, hint = PROBLEMS[OverrideProblem.LANE_NOT_READY]
        raise InputError(code, message, hint)
    return {"seq": fact.seq, "direction": direction.value}


def _pulse(lane: Lane, direction: Direction, operator: Operator) -> Reply:
    fact = lane.release(direction, None, operator.name)
    if fact is None:
        raise InputError(
            "pulse_lane_not_idle",
            "somebody may be between, the arm is held open, or the lane is blocked; the arm was not tried",
            "try it again when nobody is there and every contact is at rest",
        )
    return {"seq": fact.seq, "direction": direction.value}


def _direction(lane: Lane, body: Mapping[str, Any]) -> Direction:
    """The way to open: the one that is named, or the lane's only one."""
    named, ways = body.get("direction"), lane.directions
    wanted = ways[0].value if named is None and len(ways) == 1 else named
    found = next((way for way in ways if way.value == wanted), None)
    if found is None:
        raise InputError(
            "lane_way_unknown",
            f"direction {str(named)[:40]!r} is none of this lane's"
            f" (valid: {', '.join(way.value for way in ways)}); nothing was done",
            "name one of the lane's ways",
        )
    return found


def _override(lane: Lane, said: StaffAnswer, operator: Operator, why: str | None) -> Reply:
    override, fact = lane.override(said, operator.role, operator.name, why)
    if override.problem is not None:
        code, message, hint = PROBLEMS[override.problem]
        raise InputError(code, message, hint)
    if fact is None:
        raise StoreError(
            "answer_not_recorded",
            "the disk did not take the answer; the arm stays shut",
            "see the doubts in the lane's status",
        )
    opens = override.movement is not None
    return {"opens": opens, "charged": fact.charged, "seq": fact.seq}


def _named(decision: Decision) -> Reply:
    return {"outcome": decision.outcome.value, "reason": decision.reason.value}


def _require_question(lane: Lane, seq: object) -> None:
    question = lane.question
    fact = None if question is None else question.fact
    if fact is None or fact.seq != seq:
        code, message, hint = PROBLEMS[OverrideProblem.NOT_ASKED]
        raise InputError(code, message, hint)


def _operator(body: Mapping[str, Any]) -> Operator:
    operator = body.get("operator")
    if not isinstance(operator, Operator):
        raise RuntimeError("a command of staff before its PIN was looked at")  # noqa: TRY004 - misuse by us
    return operator


def _answer(value: object) -> StaffAnswer:
    try:
        return StaffAnswer(str(value))
    except ValueError as error:
        valid = ", ".join(StaffAnswer)
        raise InputError(
            "answer_unknown",
            f"answer {str(value)[:40]!r} is none (valid: {valid}); nothing was done",
            "ask with one of the valid answers",
        ) from error


def _persons(value: object) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not 1 <= int(str(value)) <= PERSONS_MAX:
        raise InputError(
            "party_size_bad",
            f"party {str(value)[:40]!r} is no number from 1 to {PERSONS_MAX}; nothing was done",
            "say how many persons come in together",
        )
    return int(str(value))


def _why(value: object) -> str | None:
    """Short and fit to be recorded: JSON may hold half a character."""
    if value is None:
        return None
    return str(value)[:WHY_CHARACTERS].encode("utf-8", "replace").decode()
