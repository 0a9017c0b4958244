"""What a sold ticket gives: a grant row as a pure function of the central's state.

Law: nothing exists before the order is completed; a refund or cancellation takes away exactly what it gave, by denying
it, because a number that was published is never reused. The same state gives the same row, whoever asks and when.

Source: docs/decisions.md, "Rights"; docs/central.md, "From sale to grant".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from scanner.core.calendar import SiteCalendar
from scanner.core.grants import AccessGrant, GrantFlag, GrantState
from scanner.core.reasons import Reason
from scanner.core.units import GrantNo, Instant, Interval, RuleNo, ScopeNo, TypeNo, ZoneNo
from scanner.core.validity import Anchor, ValidityRule, validity
from server_stub.rules.orders import OrderState


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldTicket:
    """Everything that a ticket's grant depends on.

    ``starts_on``: the term counts from the start of this business day instead of the purchase.
    ``deny_reason``: what staff set. ``completed_at`` None = the order never was completed.
    """

    order_state: OrderState
    completed_at: Instant | None
    type_no: TypeNo
    rule_no: RuleNo
    scope_no: ScopeNo | None
    zones: frozenset[ZoneNo]
    term: ValidityRule
    is_personal: bool = False
    has_holder: bool = False
    starts_on: date | None = None
    seat: str | None = None
    deny_reason: Reason | None = None
    flags: frozenset[GrantFlag] = frozenset()


def grant_of(
    sold: SoldTicket, grant_no: GrantNo, version: int, calendar: SiteCalendar
) -> AccessGrant | None:
    """The right that a sold ticket gives; None = it never gave one."""
    if sold.completed_at is None:
        return None
    term = _interval(sold, sold.completed_at, calendar)
    deny_reason = _deny_reason(sold)
    return AccessGrant(
        grant_no=grant_no,
        rule_no=sold.rule_no,
        type_no=sold.type_no,
        scope_no=sold.scope_no,
        zones=sold.zones,
        valid_from=term.start,
        valid_until=term.until,
        first_scan=sold.term if sold.term.anchor is Anchor.FIRST_SCAN else None,
        state=GrantState.ALLOW if deny_reason is None else GrantState.DENY,
        deny_reason=deny_reason,
        seat=sold.seat,
        flags=_flags(sold),
        version=version,
    )


def _interval(sold: SoldTicket, completed_at: Instant, calendar: SiteCalendar) -> Interval:
    """A term from the first scan is open until the gate (and then the central) knows that scan."""
    start = completed_at if sold.starts_on is None else calendar.day_start(sold.starts_on)
    if sold.term.anchor is Anchor.FIRST_SCAN:
        return Interval(start if sold.starts_on else None, None)
    return validity(sold.term, start, calendar)


def _deny_reason(sold: SoldTicket) -> Reason | None:
    if sold.order_state is not OrderState.COMPLETED:
        return Reason.CANCELLED
    return sold.deny_reason


def _flags(sold: SoldTicket) -> frozenset[GrantFlag]:
    if sold.is_personal and not sold.has_holder:
        return sold.flags | {GrantFlag.DETAILS_REQUIRED}
    return sold.flags
