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

MEANINGS: dict[Reason, str] = {
    Reason.OK: "nothing against it",
    Reason.REENTRY_FREE: "comes in again without being charged",
    Reason.UNLISTED: "genuine ticket, not (yet) in this gate's snapshot",
    Reason.GRACE: "the paid term is over and grace still runs: please visit the desk",
    Reason.STALE: "judged by a snapshot that is older than the hard age",
    Reason.CLOCK_UNTRUSTED: "the gate does not know the time for certain",
    Reason.RENEWAL_TOKEN: "renewed by a token that is newer than the snapshot",
    Reason.LAST_ENTRY: "the last of several entries",
    Reason.ID_CHECK: "ask for proof of identity",
    Reason.CONCESSION: "reduced price: ask for proof",
    Reason.ATTENTION: "marked by the organiser for attention",
    Reason.EXPIRES_SOON: "a long term that ends within days",
    Reason.DETAILS_REQUIRED: "names or other details must be given first",
    Reason.SEAT_CONFLICT: "somebody else has entered this event on this seat",
    Reason.PARTY_SIZE: "more persons than one code admits at once",
    Reason.ALREADY_IN: "is inside and has not left",
    Reason.TOO_SOON: "the time between two entries is not over",
    Reason.LIMIT_EVENT: "every entry to this event is used",
    Reason.USED: "the single entry is used",
    Reason.CODE_REUSED: "this rotating code has just admitted somebody",
    Reason.UNKNOWN: "no right behind this code here",
    Reason.UNREADABLE: "not a credential at all",
    Reason.BAD_SIGNATURE: "forged or damaged ticket",
    Reason.UNKNOWN_KEY: "signed with a key this gate does not know",
    Reason.KEY_REVOKED: "signed with a key that was withdrawn",
    Reason.CODE_EXPIRED: "a rotating code from another moment, such as a screenshot",
    Reason.REVOKED: "this code was withdrawn, such as a card that was replaced",
    Reason.BLOCKED: "blocked by the organiser until reviewed",
    Reason.WRONG_SITE: "a genuine ticket of another site",
    Reason.WRONG_ZONE: "not for this zone or this way",
    Reason.WRONG_TYPE: "a type of ticket that is not admitted here",
    Reason.WRONG_EVENT: "another event is on here",
    Reason.EVENT_CANCELLED: "the event is cancelled",
    Reason.TRANSFERRED: "given to somebody else for this event",
    Reason.RESALE: "put up for resale or sold for this event",
    Reason.CANCELLED: "the right was cancelled",
    Reason.UNPAID: "not paid",
    Reason.SUSPENDED: "payment failed and grace is over",
    Reason.PAUSED: "the membership is paused",
    Reason.ENDED: "the membership has ended",
    Reason.NOT_YET_VALID: "not valid yet",
    Reason.EXPIRED: "no longer valid",
    Reason.OUT_OF_HOURS: "outside the opening windows of this right",
    Reason.BLACKOUT: "this right does not admit on this date",
    Reason.PREREQUISITE_ZONE: "another zone must be entered first on the same day",
    Reason.LIMIT_DAY: "every entry of this day is used",
    Reason.LIMIT_WEEK: "every entry of this week is used",
    Reason.LIMIT_MONTH: "every entry of this month is used",
    Reason.LIMIT_YEAR: "every entry of this year is used",
    Reason.LIMIT_DAYS: "every day of visit is used",
    Reason.LIMIT_TOTAL: "not enough entries left",
    Reason.STALE_DECLINED: "the snapshot is too old to admit by",
    Reason.LANE_CLOSED: "the lane is closed",
    Reason.LANE_BUSY: "somebody is just passing",
    Reason.LANE_FAULT: "the lane is out of order",
    Reason.NOT_RECORDED: "the scan could not be recorded",
    Reason.EXIT: "leaves",
}
"""One plain line for each reason: for pages, logs and a technician; staff and visitors read translated texts."""

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
