"""What is shown beside an acceptance: last entry, who to look at, what ends soon.

Law: looked at only when nothing refused. None of these keeps anybody out.

Source: docs/decisions.md, "Decision order" (accept reasons).
"""

from __future__ import annotations

from collections.abc import Callable

from scanner.core.case import Case
from scanner.core.grants import GrantFlag
from scanner.core.reasons import Reason
from scanner.core.units import DAY_S, SECOND_MS

DAY_MS = DAY_S * SECOND_MS
LONG_TERM_MS = 30 * DAY_MS
"""A right of at most this length does not warn that it ends: it always does."""


def is_last_entry(case: Case) -> bool:
    """This entry is charged and leaves none of several."""
    limit = case.rule.max_total
    if limit is None or limit == 1 or not case.charged:
        return False
    return case.total + case.charged == limit


def ends_soon(case: Case) -> bool:
    """A long term is about to end; one that lives on grace has ended."""
    until, soon_days = case.term.until, case.policy.expires_soon_days
    if until is None or not soon_days:
        return False
    left_ms = until - case.certain_at
    start = case.term.start
    is_long = start is None or until - start > LONG_TERM_MS
    return is_long and 0 < left_ms <= soon_days * DAY_MS


def _flagged(flag: GrantFlag) -> Callable[[Case], bool]:
    return lambda case: flag in case.flags


ACCEPT_NOTES: tuple[tuple[Reason, Callable[[Case], bool]], ...] = (
    (Reason.LAST_ENTRY, is_last_entry),
    (Reason.ID_CHECK, _flagged(GrantFlag.ID_CHECK)),
    (Reason.CONCESSION, _flagged(GrantFlag.CONCESSION)),
    (Reason.ATTENTION, _flagged(GrantFlag.HIGHLIGHT)),
    (Reason.EXPIRES_SOON, ends_soon),
)
"""In the order of `ACCEPT_ORDER`; the other accept reasons are notes of the rows themselves."""


def accept_notes(case: Case) -> list[Reason]:
    """Those that hold."""
    return [reason for reason, holds in ACCEPT_NOTES if holds(case)]
