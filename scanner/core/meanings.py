"""What each reason means, in one line that says what happened and what to do.

Law: plain English for pages, logs and technicians. Staff and visitors read translated texts; none of them may say more
than this: never payment, ban or contact detail.

Source: docs/decisions.md, "What each reason means".
"""

from __future__ import annotations

from scanner.core.reasons import Reason

MEANINGS: dict[Reason, str] = {
    Reason.OK: "The pass is good. Walk in.",
    Reason.REENTRY_FREE: "Comes in again at no charge: within the re-entry window, after an exit, or free for the day.",
    Reason.UNLISTED: "Genuine, but not in this gate's snapshot (sold minutes ago?). The rule opens, asks or refuses.",
    Reason.GRACE: "The paid term is over, grace still runs. Opens, or asks; please send the visitor to the desk.",
    Reason.STALE: "The snapshot is older than the hard age and the site lets gates go on. Look at the network.",
    Reason.CLOCK_UNTRUSTED: "The gate does not know the time for certain. `clock_policy` opens, asks or refuses.",
    Reason.RENEWAL_TOKEN: "The visitor shows a renewal that is newer than this gate's snapshot. It counts.",
    Reason.LAST_ENTRY: "This was the last entry of an allowance of several. Tell the visitor.",
    Reason.ID_CHECK: "The pass asks for a look at an identity document.",
    Reason.CONCESSION: "A reduced pass; the class is shown. Look whether it fits the person.",
    Reason.ATTENTION: "The organiser marked this pass to be noticed.",
    Reason.EXPIRES_SOON: "The pass ends within the site's days of notice (14 unless set). Mention the renewal.",
    Reason.DETAILS_REQUIRED: "The pass still lacks its holder's name. Staff decide; the desk completes it.",
    Reason.SEAT_CONFLICT: "Somebody else entered this event on this seat. Staff look at both tickets.",
    Reason.PARTY_SIZE: "More persons than one code of this rule admits. Ask for the number again.",
    Reason.ALREADY_IN: "This pass is inside on this business day and has not come out.",
    Reason.TOO_SOON: "The rule's interval since the last entry is not over; the minutes left are shown.",
    Reason.LIMIT_EVENT: "The entries of this pass for this event are used up.",
    Reason.USED: "A single-entry pass that was used; when and where is shown.",
    Reason.CODE_REUSED: "This rotating code's step opened before. Ask for the live code.",
    Reason.UNKNOWN: "No such code here. Only its keyed hash is kept.",
    Reason.UNREADABLE: "What was read is no credential at all, or over 4,096 bytes.",
    Reason.BAD_SIGNATURE: "A ticket of our form with a signature that is not right: altered, or made up.",
    Reason.UNKNOWN_KEY: "Signed with a key that this gate does not know. If it is new, look at the network.",
    Reason.KEY_REVOKED: "Signed with a key that was withdrawn.",
    Reason.CODE_EXPIRED: "A rotating code of another time: a screenshot, or a phone with a wrong clock.",
    Reason.REVOKED: "The code itself was withdrawn, for example for a newer card. The right may live on that one.",
    Reason.BLOCKED: "Stopped by the organiser, or after overuse until somebody has looked.",
    Reason.WRONG_SITE: "A good ticket of another site.",
    Reason.WRONG_ZONE: "The right does not cover this gate's zone. No count was touched.",
    Reason.WRONG_TYPE: "This gate does not admit this ticket type, or does not know it.",
    Reason.WRONG_EVENT: "Another event is on here than the ones of this pass.",
    Reason.EVENT_CANCELLED: "The event of this pass was cancelled.",
    Reason.TRANSFERRED: "The holder gave this event's entry to somebody else.",
    Reason.RESALE: "The holder put this event's entry up for sale.",
    Reason.CANCELLED: "The order was refunded or cancelled.",
    Reason.UNPAID: "The order was never paid.",
    Reason.SUSPENDED: "The days of grace are over as well. The desk can take the payment.",
    Reason.PAUSED: "The holder paused the subscription.",
    Reason.ENDED: "The subscription came to its end.",
    Reason.NOT_YET_VALID: "The validity, or the next event of the pass, is still to come.",
    Reason.EXPIRED: "The validity is over: an end is exclusive, `now == until` is expired.",
    Reason.OUT_OF_HOURS: "Outside the rule's windows of weekday and time.",
    Reason.BLACKOUT: "The rule closes this business date.",
    Reason.PREREQUISITE_ZONE: "Another zone has to be entered first on this business day.",
    Reason.LIMIT_DAY: "The entries of this business day are used up.",
    Reason.LIMIT_WEEK: "The entries of this ISO week are used up.",
    Reason.LIMIT_MONTH: "The entries of this calendar month are used up.",
    Reason.LIMIT_YEAR: "The entries of this calendar year are used up.",
    Reason.LIMIT_DAYS: "The number of different days is used up, or the run of consecutive days is over.",
    Reason.LIMIT_TOTAL: "The whole allowance of several entries is used up.",
    Reason.STALE_DECLINED: "The snapshot is older than the hard age and the site declines then. Look at the network.",
    Reason.LANE_CLOSED: "The lane is closed for entries; its exits open.",
    Reason.LANE_BUSY: "Somebody else's passage is under way. Wait until the arm is back.",
    Reason.LANE_FAULT: "The fire contact, a sensor or the arm reports trouble. Call a technician.",
    Reason.NOT_RECORDED: "The disk cannot take the fact, so the arm stays shut. Call a technician.",
    Reason.EXIT: "A way out. It always opens unless the lane is blocked; what was found on the way is in the flags.",
}
