"""The closed vocabulary of answers: outcomes, reasons, and which reason may carry which outcome.

Law: stored by name, never renumbered, never reused. Colour never stands alone: each outcome has a word, an icon and a
sound too. A reason that is in no row of ``OUTCOMES_OF`` cannot be answered.

Source: docs/decisions.md, "Outcomes and reasons".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What the lane does."""

    SUCCESS = "SUCCESS"
    HIGHLIGHTED = "HIGHLIGHTED"
    ACTION = "ACTION"
    REPEATED = "REPEATED"
    DECLINED = "DECLINED"
    CHECKED_OUT = "CHECKED_OUT"


@dataclass(frozen=True, slots=True)
class Face:
    """How an outcome looks and sounds: fixed, so that staff learn it once."""

    colour: str
    icon: str
    word: str
    sound: str
    opens: bool


FACES: dict[Outcome, Face] = {
    Outcome.SUCCESS: Face("green", "✔", "WELCOME", "one_short", opens=True),
    Outcome.HIGHLIGHTED: Face("green", "★", "WELCOME", "two_short", opens=True),
    Outcome.ACTION: Face("amber", "?", "PLEASE WAIT", "three_short", opens=False),
    Outcome.REPEATED: Face("orange", "↻", "ALREADY SCANNED", "one_long", opens=False),
    Outcome.DECLINED: Face("red", "✖", "NO ENTRY", "two_long", opens=False),
    Outcome.CHECKED_OUT: Face("blue", "→", "GOODBYE", "one_short", opens=True),
}


class Reason(StrEnum):
    """Why. Grouped by the outcome it usually carries."""

    OK = "OK"
    REENTRY_FREE = "REENTRY_FREE"
    UNLISTED = "UNLISTED"

    GRACE = "GRACE"
    STALE = "STALE"
    CLOCK_UNTRUSTED = "CLOCK_UNTRUSTED"
    RENEWAL_TOKEN = "RENEWAL_TOKEN"  # noqa: S105 - the name of a reason, not a secret
    LAST_ENTRY = "LAST_ENTRY"
    ID_CHECK = "ID_CHECK"
    CONCESSION = "CONCESSION"
    ATTENTION = "ATTENTION"
    EXPIRES_SOON = "EXPIRES_SOON"

    DETAILS_REQUIRED = "DETAILS_REQUIRED"
    SEAT_CONFLICT = "SEAT_CONFLICT"
    PARTY_SIZE = "PARTY_SIZE"

    ALREADY_IN = "ALREADY_IN"
    TOO_SOON = "TOO_SOON"
    LIMIT_EVENT = "LIMIT_EVENT"
    USED = "USED"
    CODE_REUSED = "CODE_REUSED"

    UNKNOWN = "UNKNOWN"
    UNREADABLE = "UNREADABLE"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    UNKNOWN_KEY = "UNKNOWN_KEY"
    KEY_REVOKED = "KEY_REVOKED"
    CODE_EXPIRED = "CODE_EXPIRED"
    REVOKED = "REVOKED"
    BLOCKED = "BLOCKED"
    WRONG_SITE = "WRONG_SITE"
    WRONG_ZONE = "WRONG_ZONE"
    WRONG_TYPE = "WRONG_TYPE"
    WRONG_EVENT = "WRONG_EVENT"
    EVENT_CANCELLED = "EVENT_CANCELLED"
    TRANSFERRED = "TRANSFERRED"
    RESALE = "RESALE"
    CANCELLED = "CANCELLED"
    UNPAID = "UNPAID"
    SUSPENDED = "SUSPENDED"
    PAUSED = "PAUSED"
    ENDED = "ENDED"
    NOT_YET_VALID = "NOT_YET_VALID"
    EXPIRED = "EXPIRED"
    OUT_OF_HOURS = "OUT_OF_HOURS"
    BLACKOUT = "BLACKOUT"
    PREREQUISITE_ZONE = "PREREQUISITE_ZONE"
    LIMIT_DAY = "LIMIT_DAY"
    LIMIT_WEEK = "LIMIT_WEEK"
    LIMIT_MONTH = "LIMIT_MONTH"
    LIMIT_YEAR = "LIMIT_YEAR"
    LIMIT_DAYS = "LIMIT_DAYS"
    LIMIT_TOTAL = "LIMIT_TOTAL"
    STALE_DECLINED = "STALE_DECLINED"
    LANE_CLOSED = "LANE_CLOSED"
    LANE_BUSY = "LANE_BUSY"
    LANE_FAULT = "LANE_FAULT"
    NOT_RECORDED = "NOT_RECORDED"

    EXIT = "EXIT"


class Flag(StrEnum):
    """Notes beside a reason that are no reasons themselves. Every Reason may also stand as a flag."""

    LANE_FREE = "LANE_FREE"
    PASSAGE_UNKNOWN = "PASSAGE_UNKNOWN"
    AWAITS_PASSAGE = "AWAITS_PASSAGE"
    """On an entry of a lane with a passage sensor: PASSED, NOT_PASSED or PASSAGE_UNKNOWN is still to come."""


ACCEPT_ORDER: tuple[Reason, ...] = (
    Reason.GRACE,
    Reason.STALE,
    Reason.CLOCK_UNTRUSTED,
    Reason.RENEWAL_TOKEN,
    Reason.LAST_ENTRY,
    Reason.ID_CHECK,
    Reason.CONCESSION,
    Reason.ATTENTION,
    Reason.EXPIRES_SOON,
    Reason.UNLISTED,
    Reason.REENTRY_FREE,
    Reason.OK,
)
"""If several accept reasons hold, the first of this list is the reason and the others are flags."""

DENY_REASONS: tuple[Reason, ...] = (
    Reason.CANCELLED,
    Reason.UNPAID,
    Reason.SUSPENDED,
    Reason.PAUSED,
    Reason.ENDED,
    Reason.BLOCKED,
    Reason.TRANSFERRED,
    Reason.RESALE,
)
"""What the central may give as a grant's (or an event exception's) ``deny_reason``."""

_SUCCESS = {Reason.OK, Reason.REENTRY_FREE, Reason.UNLISTED}
_HIGHLIGHTED = set(ACCEPT_ORDER) - _SUCCESS
_ACTION = {Reason.DETAILS_REQUIRED, Reason.SEAT_CONFLICT, Reason.PARTY_SIZE}
_BY_POLICY = {Reason.GRACE, Reason.UNLISTED, Reason.CLOCK_UNTRUSTED}
_REPEATED = {
    Reason.ALREADY_IN,
    Reason.TOO_SOON,
    Reason.LIMIT_EVENT,
    Reason.USED,
    Reason.CODE_REUSED,
}
_DECLINED = set(Reason) - _SUCCESS - _HIGHLIGHTED - _ACTION - _REPEATED - {Reason.EXIT} | {
    Reason.UNLISTED,
    Reason.CLOCK_UNTRUSTED,
}

OUTCOMES_OF: dict[Outcome, frozenset[Reason]] = {
    Outcome.SUCCESS: frozenset(_SUCCESS),
    Outcome.HIGHLIGHTED: frozenset(_HIGHLIGHTED),
    Outcome.ACTION: frozenset(_ACTION | _BY_POLICY),
    Outcome.REPEATED: frozenset(_REPEATED),
    Outcome.DECLINED: frozenset(_DECLINED),
    Outcome.CHECKED_OUT: frozenset({Reason.EXIT}),
}


def outcome_of_refusal(reason: Reason) -> Outcome:
    """Orange for what was used already, red for everything else."""
    return Outcome.REPEATED if reason in _REPEATED else Outcome.DECLINED


def outcome_of_acceptance(reason: Reason) -> Outcome:
    """Plain green, or green with a banner."""
    return Outcome.SUCCESS if reason in _SUCCESS else Outcome.HIGHLIGHTED
