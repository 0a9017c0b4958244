"""Which event a scan is for.

Law: the candidates are the events whose doors are open now in the gate's zone. A grant with a scope takes the first of
its own that is not cancelled, and is refused when it has none; a grant without one is never asked, its entries only
count for the candidate that starts first. Other people's cancelled events do not matter.

Source: docs/decisions.md, "Rights" (events).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from scanner.core.grants import Event, EventStatus
from scanner.core.question import GrantFacts, Scope
from scanner.core.reasons import Reason
from scanner.core.units import Instant, ZoneNo


class EventChoice(NamedTuple):
    """The event an entry would be for, and why there is none for a grant that needs one."""

    event: Event | None = None
    problem: Reason | None = None


NO_EVENT = EventChoice()
EVERY_EVENT = Scope()


def choose_event(
    right: GrantFacts, events: Sequence[Event], zone_no: ZoneNo, now: Instant
) -> EventChoice:
    """The event for this right at a gate of ``zone_no``."""
    is_asked = right.grant.scope_no is not None
    if not events and not is_asked:
        return NO_EVENT
    open_here = _open_here(events, zone_no, now)
    if not is_asked:
        return EventChoice(_first_on(open_here))
    scope = right.scope or EVERY_EVENT
    mine = [event for event in open_here if _is_in(scope, event)]
    if mine:
        event = _first_on(mine)
        return EventChoice(event) if event else EventChoice(mine[0], Reason.EVENT_CANCELLED)
    if _first_on(open_here):
        return EventChoice(None, Reason.WRONG_EVENT)
    is_to_come = _is_to_come(scope, events, now)
    return EventChoice(None, Reason.NOT_YET_VALID if is_to_come else Reason.EXPIRED)


def _open_here(events: Sequence[Event], zone_no: ZoneNo, now: Instant) -> list[Event]:
    candidates = [
        event
        for event in events
        if event.doors_from <= now < event.doors_until
        and (not event.zones or zone_no in event.zones)
    ]
    return sorted(candidates, key=lambda event: (event.starts_at, event.event_no))


def _first_on(events: Sequence[Event]) -> Event | None:
    return next((event for event in events if event.status is EventStatus.ON), None)


def _is_in(scope: Scope, event: Event) -> bool:
    return scope.event_nos is None or event.event_no in scope.event_nos


def _is_to_come(scope: Scope, events: Sequence[Event], now: Instant) -> bool:
    if scope.last_doors_from is not None and now < scope.last_doors_from:
        return True
    return any(
        now < event.doors_from and event.status is EventStatus.ON and _is_in(scope, event)
        for event in events
    )
