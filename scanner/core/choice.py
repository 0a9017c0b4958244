"""Several rights behind one credential: each walks the order, one answers.

Law: the choice does not depend on the order in which the rights were found. Accepted outright goes before a question,
a question before a refusal; then the earliest end, then the lowest number, so that a card with two seats lets two
people in. Of refusals the one that got furthest speaks. An exit belongs to the right that is inside, the latest to
enter first.

Source: docs/decisions.md, "Decision order".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from scanner.core.case import Case
from scanner.core.reasons import Reason


@dataclass(frozen=True, slots=True)
class Walk:
    """How far one right got.

    ``step`` is where it ended. ``refusal`` None = accepted, ``asks`` empty = outright. ``notes`` are what to show then.
    """

    case: Case
    step: int
    refusal: Reason | None
    asks: Sequence[Reason]
    notes: Sequence[Reason]


def best_walk(walks: Sequence[Walk]) -> Walk:
    """The one that answers, of at least one."""
    if len(walks) == 1:
        return walks[0]
    accepted = [walk for walk in walks if walk.refusal is None]
    return min(accepted, key=_acceptance) if accepted else min(walks, key=_refusal)


def _acceptance(walk: Walk) -> tuple[bool, float, int]:
    until = walk.case.term.until
    return bool(walk.asks), inf if until is None else until, walk.case.grant.grant_no


def _refusal(walk: Walk) -> tuple[int, float, float, int]:
    """Furthest first; then what is valid next; then what ended last."""
    case = walk.case
    start, until = case.grant.valid_from, case.term.until
    next_start = start if start is not None and start > case.clock.now else inf
    last_end = inf if until is None else until
    return -walk.step, next_start, -last_end, case.grant.grant_no


def leaving(cases: Sequence[Case]) -> Case | None:
    """The right that an exit belongs to; None inside: the lowest number; no right at all: None."""
    inside = [case for case in cases if case.inside is not None]
    if inside:
        return max(inside, key=lambda case: (case.inside, -case.grant.grant_no))
    return min(cases, key=lambda case: case.grant.grant_no, default=None)
