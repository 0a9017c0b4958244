"""The span of a report: business days of the site, first and last, as people say them.

Law: days are business days of the site's calendar (cut-off and clock changes included), both ends are in. A span has an
end, so that no report is longer than a person asked for.

Source: docs/decisions.md, "Time"; docs/central.md, "Reports".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from scanner.core.calendar import SiteCalendar
from scanner.core.units import Instant
from server_stub.api.forms import parse_date
from server_stub.faults import FieldError

DAYS_UNLESS_SAID = 7
DAYS_MOST = 400


@dataclass(frozen=True, slots=True)
class Span:
    """Business days ``first`` to ``last``, and the instants ``[start, until)`` that they are."""

    first: date
    last: date
    start: Instant
    until: Instant


def parse_span(first: str | None, last: str | None, calendar: SiteCalendar, now: Instant) -> Span:
    """The span of two dates; without them the last seven days, today included.

    Raises:
        InputError: ``date_bad``, ``span_wrong``.
    """
    today = calendar.business_date(now)
    end = today if last is None else parse_date(last, "to")
    begin = (
        end - timedelta(days=DAYS_UNLESS_SAID - 1) if first is None else parse_date(first, "from")
    )
    days = (end - begin).days + 1
    if not 1 <= days <= DAYS_MOST:
        raise FieldError(
            "span_wrong",
            f"from {begin} to {end} is {days} days, not 1 to {DAYS_MOST}",
            "write --from before --to, at most 400 days apart; both days are in",
            field="from",
        )
    day = timedelta(days=1)
    return Span(begin, end, calendar.day_start(begin), calendar.day_start(end + day))
