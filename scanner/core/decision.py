"""The one decision: what is known at the lane in, an answer with its reasons out.

Law: pure, total and deterministic. Online, offline, signed-only, rehearsal and the central all call `decide`. The order
of its rows is a table; the first refusal wins; a refusal beats a question; an exit opens unless the lane is blocked.
While the clock is untrusted, rows that need the time of day are skipped: only certain refusals stand.

Source: docs/decisions.md, "Decision order".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from scanner.core import code_steps, right_steps, use_steps
from scanner.core.accept_notes import accept_notes
from scanner.core.answer import Decision, TraceLine, Verdict
from scanner.core.case import Case, derive_case
from scanner.core.choice import Walk, best_walk, leaving
from scanner.core.clock import ClockReading, ClockState
from scanner.core.finding import Finding
from scanner.core.freshness import age_ms
from scanner.core.question import Facts, Question, Scan
from scanner.core.reasons import (
    ACCEPT_ORDER,
    DENY_REASONS,
    Outcome,
    Reason,
    outcome_of_acceptance,
    outcome_of_refusal,
)
from scanner.core.rules import SitePolicy
from scanner.core.units import SECOND_MS, Direction, GrantNo
from scanner.core.unlisted import rights_behind
from scanner.core.use_steps import seconds_to_wait

STEPS: tuple[str, ...] = (
    "lane",
    "decode and size",
    "same presentation",
    "signature, key status, site",
    "rotating code's window",
    "revocation",
    "is the right known",
    "gate scope",
    "state",
    "validity, grace, clock",
    "windows, blackouts",
    "event",
    "presence",
    "interval",
    "limits",
    "freshness",
)
"""Step numbers are places in this list. Step 2 has no row: who asks has already left out what is the same presentation
(`scanner.core.presentation`)."""


Subject = TypeVar("Subject")


class Row(NamedTuple, Generic[Subject]):
    """One check, of the code or of one right.

    ``answers`` are the reasons it may give; it is told here so that a page can be made of it, and held by tests.
    ``needs_clock``: skipped while the clock is untrusted.
    """

    step: int
    name: str
    judge: Callable[[Subject], Finding | None]
    answers: tuple[Reason, ...]
    needs_clock: bool = False


CODE_ROWS: tuple[Row[Question], ...] = (
    Row(0, "lane", code_steps.lane, (Reason.LANE_CLOSED, Reason.LANE_BUSY, Reason.LANE_FAULT)),
    Row(1, "syntax", code_steps.syntax, (Reason.UNREADABLE,)),
    Row(
        3,
        "signature",
        code_steps.signature,
        (Reason.BAD_SIGNATURE, Reason.UNKNOWN_KEY, Reason.KEY_REVOKED, Reason.WRONG_SITE),
    ),
    Row(4, "rotating_window", code_steps.rotating_window, (Reason.CODE_EXPIRED,), needs_clock=True),
    Row(4, "rotating_step", code_steps.rotating_step, (Reason.CODE_REUSED,)),
    Row(5, "revocation", code_steps.revocation, (Reason.REVOKED,)),
    Row(6, "known", code_steps.known, (Reason.UNKNOWN, Reason.WRONG_TYPE)),
)

RIGHT_ROWS: tuple[Row[Case], ...] = (
    Row(6, "unlisted", right_steps.unlisted, (Reason.UNLISTED,)),
    Row(7, "zone", right_steps.zone, (Reason.WRONG_ZONE,)),
    Row(7, "ticket_type", right_steps.ticket_type, (Reason.WRONG_TYPE,)),
    Row(7, "direction", right_steps.direction, (Reason.WRONG_ZONE,)),
    Row(8, "state", right_steps.state, DENY_REASONS),
    Row(8, "details", right_steps.details, (Reason.DETAILS_REQUIRED,)),
    Row(9, "beginning", right_steps.beginning, (Reason.NOT_YET_VALID,), needs_clock=True),
    Row(
        9,
        "ending",
        right_steps.ending,
        (Reason.GRACE, Reason.EXPIRED, Reason.SUSPENDED, Reason.RENEWAL_TOKEN),
    ),
    Row(9, "clock_state", right_steps.clock_state, (Reason.CLOCK_UNTRUSTED,)),
    Row(10, "windows", right_steps.windows, (Reason.OUT_OF_HOURS,), needs_clock=True),
    Row(10, "blackouts", right_steps.blackouts, (Reason.BLACKOUT,), needs_clock=True),
    Row(
        11,
        "event",
        right_steps.event,
        (Reason.EVENT_CANCELLED, Reason.WRONG_EVENT, Reason.NOT_YET_VALID, Reason.EXPIRED),
        needs_clock=True,
    ),
    Row(11, "event_exception", right_steps.event_exception, DENY_REASONS, needs_clock=True),
    Row(11, "seat_conflict", right_steps.seat_conflict, (Reason.SEAT_CONFLICT,), needs_clock=True),
    Row(12, "presence", use_steps.presence, (Reason.ALREADY_IN,)),
    Row(
        12,
        "prerequisite_zone",
        use_steps.prerequisite_zone,
        (Reason.PREREQUISITE_ZONE,),
        needs_clock=True,
    ),
    Row(13, "interval", use_steps.interval, (Reason.TOO_SOON,)),
    Row(14, "party_size", use_steps.party_size, (Reason.PARTY_SIZE,)),
    Row(14, "reentry", use_steps.reentry, (Reason.REENTRY_FREE,), needs_clock=True),
    Row(14, "limit_event", use_steps.limit_event, (Reason.LIMIT_EVENT,), needs_clock=True),
    Row(14, "limit_day", use_steps.limit_day, (Reason.LIMIT_DAY,), needs_clock=True),
    Row(14, "limit_week", use_steps.limit_week, (Reason.LIMIT_WEEK,), needs_clock=True),
    Row(14, "limit_month", use_steps.limit_month, (Reason.LIMIT_MONTH,), needs_clock=True),
    Row(14, "limit_year", use_steps.limit_year, (Reason.LIMIT_YEAR,), needs_clock=True),
    Row(14, "limit_days", use_steps.limit_days, (Reason.LIMIT_DAYS,), needs_clock=True),
    Row(14, "limit_total", use_steps.limit_total, (Reason.USED, Reason.LIMIT_TOTAL)),
    Row(15, "freshness_policy", use_steps.freshness_policy, (Reason.STALE, Reason.STALE_DECLINED)),
    Row(15, "clock_policy", use_steps.clock_policy, (Reason.CLOCK_UNTRUSTED,)),
)

LANE_STEP = 0
"""Only here may an exit be refused."""

GATE_SCOPE_STEP = 7
EXIT_ROWS = tuple(row for row in RIGHT_ROWS if row.step <= GATE_SCOPE_STEP)
"""What an exit is asked; whatever these find is only a flag."""

_RANK = {reason: rank for rank, reason in enumerate(ACCEPT_ORDER)}


class Path(NamedTuple):
    """How far the rows were walked, and what they found."""

    step: int
    refusal: Reason | None
    asks: list[Reason]
    notes: list[Reason]


def decide(scan: Scan, facts: Facts, policy: SitePolicy, clock: ClockReading) -> Decision:
    """The answer to one scan.

    Args:
        scan: the attempt.
        facts: everything known of the lane, the credential, its grants and their use.
        policy: the site's settings.
        clock: one reading of the gate's clock; the only time there is.
    """
    snapshot = facts.snapshot
    age = None if snapshot is None else age_ms(snapshot.created_at, clock, facts.age_mark)
    question = Question(scan, facts, policy, clock, age)
    trace: list[TraceLine] = []
    code = _walk(CODE_ROWS, question, clock, None, trace)
    if scan.direction is Direction.OUT and (code.refusal is None or code.step > LANE_STEP):
        return _checked_out(question, code.refusal, trace)
    if code.refusal is not None:
        return _code_refused(question, code.refusal, trace)
    cases = [derive_case(question, right) for right in rights_behind(facts)]
    return _answered(question, best_walk([_walk_right(case, trace) for case in cases]), trace)


def _walk(
    rows: Sequence[Row[Subject]],
    subject: Subject,
    clock: ClockReading,
    grant_no: GrantNo | None,
    trace: list[TraceLine],
) -> Path:
    """Walk until a refusal or the end, leaving a line for each row that was asked."""
    is_timed = clock.state is not ClockState.UNTRUSTED
    asks: list[Reason] = []
    notes: list[Reason] = []
    for step, name, judge, _, needs_clock in rows:
        if needs_clock and not is_timed:
            trace.append(TraceLine(step, name, Verdict.SKIP, (), None, grant_no))
            continue
        finding = judge(subject)
        if finding is None:
            continue
        verdict, values, reason = finding
        trace.append(TraceLine(step, name, verdict, values, reason, grant_no))
        if reason is None:
            continue
        if verdict is Verdict.REFUSE:
            return Path(step, reason, asks, notes)
        (asks if verdict is Verdict.ASK else notes).append(reason)
    return Path(len(STEPS), None, asks, notes)


def _walk_right(case: Case, trace: list[TraceLine]) -> Walk:
    return Walk(case, *_walk(RIGHT_ROWS, case, case.clock, case.grant_no, trace))


class Ruling(NamedTuple):
    """What was decided, before all that is known of the right is put beside it."""

    outcome: Outcome
    reason: Reason
    flags: Sequence[Reason] = ()
    charged: int = 0
    movement: Direction | None = None


def _code_refused(question: Question, reason: Reason, trace: list[TraceLine]) -> Decision:
    """The lane or the code itself is refused; where only one right can be meant, staff still see which."""
    rights = question.facts.grants
    case = derive_case(question, rights[0]) if len(rights) == 1 else None
    return _decision(question, Ruling(outcome_of_refusal(reason), reason), case, trace)


def _answered(question: Question, walk: Walk, trace: list[TraceLine]) -> Decision:
    """The answer by one right: refused, asked or accepted."""
    refusal = walk.refusal
    if refusal is None:
        ruling = _asked(walk) if walk.asks else _accepted(walk)
    else:
        ruling = Ruling(outcome_of_refusal(refusal), refusal, walk.asks)
    return _decision(question, ruling, walk.case, trace)


def _asked(walk: Walk) -> Ruling:
    """The first question is the reason; the others and what would be shown are flags."""
    reason, *others = walk.asks
    return Ruling(Outcome.ACTION, reason, [*others, *_shown(walk)], _cost(walk.case))


def _accepted(walk: Walk) -> Ruling:
    reason, *others = _shown(walk) or (Reason.OK,)
    movement = None if walk.case.scan.is_inspection else Direction.IN
    return Ruling(outcome_of_acceptance(reason), reason, others, _cost(walk.case), movement)


def _shown(walk: Walk) -> list[Reason]:
    """Every accept reason that holds, in their order."""
    return sorted((*walk.notes, *accept_notes(walk.case)), key=_RANK.__getitem__)


def _cost(case: Case) -> int:
    return 0 if case.scan.is_inspection else case.charged


def _checked_out(question: Question, refusal: Reason | None, trace: list[TraceLine]) -> Decision:
    """An exit opens whatever was found: what is wrong with the code, or else with the gate's scope, is a flag."""
    rights = rights_behind(question.facts) if refusal is None else question.facts.grants
    case = leaving([derive_case(question, right) for right in rights])
    flags = [] if refusal is None else [refusal]
    if case is not None and refusal is None:
        path = _walk(EXIT_ROWS, case, question.clock, case.grant_no, trace)
        flags = [*path.asks, *path.notes, *(() if path.refusal is None else (path.refusal,))]
    movement = None if question.scan.is_inspection else Direction.OUT
    ruling = Ruling(Outcome.CHECKED_OUT, Reason.EXIT, flags, 0, movement)
    return _decision(question, ruling, case, trace)


def _decision(
    question: Question, ruling: Ruling, case: Case | None, trace: list[TraceLine]
) -> Decision:
    scan, facts, _, clock, age = question
    outcome, reason, flags, charged, movement = ruling
    return Decision(
        outcome=outcome,
        reason=reason,
        flags=tuple(flag.value for flag in flags),
        movement=movement,
        charged=charged,
        persons=scan.party,
        is_inspection=scan.is_inspection,
        snapshot=facts.snapshot,
        snapshot_age_s=None if age is None else age // SECOND_MS,
        clock=clock.state,
        trace=tuple(trace),
        wait_s=seconds_to_wait(case) if case and reason is Reason.TOO_SOON else None,
        **(_type_alone(facts) if case is None else _about(case, charged)),
    )


def _about(case: Case, charged: int) -> dict[str, Any]:
    limit, chosen = case.rule.max_total, case.event.event
    return {
        "remaining": None if limit is None else max(0, limit - case.total - charged),
        "seat": case.seat,
        "grant_no": case.grant_no,
        "type_no": case.grant.type_no,
        "event_no": chosen.event_no if chosen else None,
        "valid_until": case.term.until,
        "last_used": case.tally.last_entry,
    }


def _type_alone(facts: Facts) -> dict[str, Any]:
    claims = facts.presented.claims
    return {"type_no": claims.type_no if claims else None}
