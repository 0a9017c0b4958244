"""Why the central says no: a closed vocabulary for everything that is sold, billed, renewed or handed on.

Law: a refusal is a value that a rule returns, never an exception. It is stored and sent by name, never renamed, never
reused. What a gate refuses has its own vocabulary (`scanner.core.reasons`).

Source: docs/membership-rules.md, "Refusals".
"""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """Grouped by what was asked."""

    ORDER_NOT_PLACED = "ORDER_NOT_PLACED"
    ORDER_PLACED = "ORDER_PLACED"
    ORDER_PAID = "ORDER_PAID"
    ORDER_CLOSED = "ORDER_CLOSED"

    NOT_STARTED = "NOT_STARTED"
    SUBSCRIPTION_RUNS = "SUBSCRIPTION_RUNS"
    SUBSCRIPTION_SUSPENDED = "SUBSCRIPTION_SUSPENDED"
    SUBSCRIPTION_PAUSED = "SUBSCRIPTION_PAUSED"
    SUBSCRIPTION_OVER = "SUBSCRIPTION_OVER"
    PAYMENT_OPEN = "PAYMENT_OPEN"
    CYCLE_NOT_OPEN = "CYCLE_NOT_OPEN"
    CANCELLATION_PENDING = "CANCELLATION_PENDING"
    NOT_CANCELLED = "NOT_CANCELLED"
    MINIMUM_TERM = "MINIMUM_TERM"
    TOO_EARLY = "TOO_EARLY"
    TOO_LATE = "TOO_LATE"
    NO_UPGRADE = "NO_UPGRADE"

    SEAT_FREE = "SEAT_FREE"
    SEAT_TAKEN = "SEAT_TAKEN"
    RENEWAL_OPEN = "RENEWAL_OPEN"
    RENEWAL_CLOSED = "RENEWAL_CLOSED"
    SEAT_NOT_ON_MAP = "SEAT_NOT_ON_MAP"

    NO_OFFER = "NO_OFFER"
    OFFER_OPEN = "OFFER_OPEN"
    GIVEN_AWAY = "GIVEN_AWAY"
    PASSED_ON = "PASSED_ON"
    RETRANSFER_NOT_ALLOWED = "RETRANSFER_NOT_ALLOWED"
    SEAT_LISTED = "SEAT_LISTED"
    NOT_LISTED = "NOT_LISTED"
    SEAT_SOLD = "SEAT_SOLD"
    ALREADY_ENTERED = "ALREADY_ENTERED"
    CUT_OFF_PASSED = "CUT_OFF_PASSED"
    NO_CONCESSION = "NO_CONCESSION"
    NOT_PAID_UP = "NOT_PAID_UP"

    CAMPAIGN_NOT_READY = "CAMPAIGN_NOT_READY"
    CAMPAIGN_RUNS = "CAMPAIGN_RUNS"
    CAMPAIGN_OVER = "CAMPAIGN_OVER"
    CHARGES_OPEN = "CHARGES_OPEN"
    PRIORITY_RUNS = "PRIORITY_RUNS"
    OPTED_OUT = "OPTED_OUT"
    ALREADY_RENEWED = "ALREADY_RENEWED"

    TREE_EMPTY = "TREE_EMPTY"
    TREE_TOO_DEEP = "TREE_TOO_DEEP"
    CONDITION_NOT_HERE = "CONDITION_NOT_HERE"
    SEGMENT_UNKNOWN = "SEGMENT_UNKNOWN"
    SEGMENT_CYCLE = "SEGMENT_CYCLE"

    SHOP_LOCKED = "SHOP_LOCKED"
    SHOP_NOT_OPEN_YET = "SHOP_NOT_OPEN_YET"
    SHOP_CLOSED = "SHOP_CLOSED"
    PRICE_CHANGED = "PRICE_CHANGED"


MEANINGS: dict[Refusal, str] = {
    Refusal.ORDER_NOT_PLACED: "The order is still a draft; place it first.",
    Refusal.ORDER_PLACED: "The order waits for its payment; nothing else can happen to it but that or a cancellation.",
    Refusal.ORDER_PAID: "The order was paid already; a second payment must be given back.",
    Refusal.ORDER_CLOSED: "The order was refunded or cancelled, for good; make a new one.",
    Refusal.NOT_STARTED: "The subscription's first payment has not been made.",
    Refusal.SUBSCRIPTION_RUNS: "The subscription is running; this is for one that is not.",
    Refusal.SUBSCRIPTION_SUSPENDED: "The subscription is suspended; pay first.",
    Refusal.SUBSCRIPTION_PAUSED: "The subscription is paused; resume it first.",
    Refusal.SUBSCRIPTION_OVER: "The subscription has ended, for good; a payment that still came must be given back.",
    Refusal.PAYMENT_OPEN: "A payment is outstanding; pay first.",
    Refusal.CYCLE_NOT_OPEN: "This cycle is paid already, or its turn has not come.",
    Refusal.CANCELLATION_PENDING: "The subscription is cancelled to the end of its period; undo that first.",
    Refusal.NOT_CANCELLED: "There is no cancellation to undo.",
    Refusal.MINIMUM_TERM: "The minimum term is still running.",
    Refusal.TOO_EARLY: "Its time has not come.",
    Refusal.TOO_LATE: "Its time is over.",
    Refusal.NO_UPGRADE: "The new plan costs no more or is billed in another rhythm: change at the end of the period.",
    Refusal.SEAT_FREE: "Nobody has this seat.",
    Refusal.SEAT_TAKEN: "Somebody else owns or holds this seat.",
    Refusal.RENEWAL_OPEN: "The holder may still renew this seat.",
    Refusal.RENEWAL_CLOSED: "The renewal of this seat is over.",
    Refusal.SEAT_NOT_ON_MAP: "The new season's seat map has no such seat.",
    Refusal.NO_OFFER: "There is no transfer to answer or recall.",
    Refusal.OFFER_OPEN: "A transfer of this event is waiting for its answer.",
    Refusal.GIVEN_AWAY: "This event was transferred to somebody else.",
    Refusal.PASSED_ON: "The recipient has used this event or passed it on.",
    Refusal.RETRANSFER_NOT_ALLOWED: "What was received by transfer may not be passed on here.",
    Refusal.SEAT_LISTED: "This match was given to public sale; take it back first.",
    Refusal.NOT_LISTED: "This match is not given to public sale, so there is nothing to take back.",
    Refusal.SEAT_SOLD: "This match was sold to somebody else for its holder.",
    Refusal.ALREADY_ENTERED: "The card has already entered this event.",
    Refusal.CUT_OFF_PASSED: "The event starts too soon for a transfer.",
    Refusal.NO_CONCESSION: "This is no concession at this match: there is nothing to pay up for.",
    Refusal.NOT_PAID_UP: "No concession was paid up at this match: there is nothing to give back.",
    Refusal.CAMPAIGN_NOT_READY: "The campaign is not open.",
    Refusal.CAMPAIGN_RUNS: "The campaign is past that stage.",
    Refusal.CAMPAIGN_OVER: "The campaign is completed.",
    Refusal.CHARGES_OPEN: "A charge has no answer yet; a seat is not released under it.",
    Refusal.PRIORITY_RUNS: "The holders' priority window is still running.",
    Refusal.OPTED_OUT: "The holder does not want to renew.",
    Refusal.ALREADY_RENEWED: "The holder has renewed already.",
    Refusal.TREE_EMPTY: "A group of conditions is empty; it would hold for everybody or nobody.",
    Refusal.TREE_TOO_DEEP: "The conditions, or the segments that use each other, are nested too deep to be understood.",
    Refusal.CONDITION_NOT_HERE: "This condition cannot be asked here; a segment knows customers, not carts.",
    Refusal.SEGMENT_UNKNOWN: "The condition names a segment that does not exist.",
    Refusal.SEGMENT_CYCLE: "The segment would depend on itself.",
    Refusal.SHOP_LOCKED: "The visitor has no tag, segment, code or link that opens this shop.",
    Refusal.SHOP_NOT_OPEN_YET: "The shop has not opened.",
    Refusal.SHOP_CLOSED: "The shop has closed.",
    Refusal.PRICE_CHANGED: "The price of the cart is another one now; nothing was charged.",
}
"""Each refusal in a sentence for the person who asked."""
