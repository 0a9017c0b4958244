"""Reports for whoever may look: as JSON, and under the same name with ``.csv`` for spreadsheets.

Law: thin, read-only. The command line asks the same functions.

Source: docs/central.md, "Reports".
"""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from server_stub.api.injected import TheCentral
from server_stub.central import Central
from server_stub.reporting.csv_table import write_csv
from server_stub.reporting.entry_report import By, EntryReport, EntryRow, load_entries
from server_stub.reporting.exception_report import (
    ExceptionKind,
    ExceptionReport,
    ExceptionRow,
    load_exceptions,
)
from server_stub.reporting.expiry_report import (
    DAYS_MOST,
    DAYS_UNLESS_SAID,
    ExpiryReport,
    ExpiryRow,
    load_expiring,
)
from server_stub.reporting.report_span import parse_span
from server_stub.site import load_site

CSV = "text/csv"
First = Annotated[
    str | None,
    QueryParameter(name="from", description="First business day; default 6 days before `to`."),
]
Last = Annotated[
    str | None,
    QueryParameter(name="to", description="Last business day; default today."),
]
ByWhat = Annotated[
    list[By] | None, QueryParameter(name="by", description="Told apart by; default: hour.")
]
Kinds = Annotated[
    list[ExceptionKind] | None, QueryParameter(name="kind", description="Only these.")
]
Days = Annotated[int, QueryParameter(ge=1, le=DAYS_MOST, description="Within so many days.")]


@get("/reports/entries", sync_to_thread=True, summary="Entries by day, hour, gate, type")
def give_entries(
    central: TheCentral, first: First = None, last: Last = None, by: ByWhat = None
) -> EntryReport:
    """In local time and business days of the site."""
    return _entries(central, first, last, by)


@get("/reports/entries.csv", sync_to_thread=True, media_type=CSV, summary="The same as CSV")
def give_entries_csv(
    central: TheCentral, first: First = None, last: Last = None, by: ByWhat = None
) -> str:
    """One line a row."""
    return write_csv(EntryRow, _entries(central, first, last, by).rows)


@get("/reports/exceptions", sync_to_thread=True, summary="Overuse, conflicts, forks")
def give_exceptions(
    central: TheCentral, first: First = None, last: Last = None, kind: Kinds = None
) -> ExceptionReport:
    """What a person should look at."""
    return _exceptions(central, first, last, kind)


@get("/reports/exceptions.csv", sync_to_thread=True, media_type=CSV, summary="The same as CSV")
def give_exceptions_csv(
    central: TheCentral, first: First = None, last: Last = None, kind: Kinds = None
) -> str:
    """One line a row."""
    return write_csv(ExceptionRow, _exceptions(central, first, last, kind).rows)


@get("/reports/expiring", sync_to_thread=True, summary="Members whose right ends soon")
def give_expiring(central: TheCentral, days: Days = DAYS_UNLESS_SAID) -> ExpiryReport:
    """Passes that nobody renewed, subscriptions that will not renew themselves."""
    with central.database.read() as connection:
        return load_expiring(connection, days, central.clock.now_ms())


@get("/reports/expiring.csv", sync_to_thread=True, media_type=CSV, summary="The same as CSV")
def give_expiring_csv(central: TheCentral, days: Days = DAYS_UNLESS_SAID) -> str:
    """One line a row."""
    with central.database.read() as connection:
        return write_csv(ExpiryRow, load_expiring(connection, days, central.clock.now_ms()).rows)


def _entries(
    central: Central, first: str | None, last: str | None, by: list[By] | None
) -> EntryReport:
    with central.database.read() as connection:
        span = parse_span(first, last, load_site(connection).calendar, central.clock.now_ms())
        return load_entries(connection, span, frozenset(by or [By.HOUR]))


def _exceptions(
    central: Central, first: str | None, last: str | None, kinds: list[ExceptionKind] | None
) -> ExceptionReport:
    with central.database.read() as connection:
        span = parse_span(first, last, load_site(connection).calendar, central.clock.now_ms())
        return load_exceptions(connection, span, frozenset(kinds or ExceptionKind))


ROUTES: list[HTTPRouteHandler] = [
    give_entries,
    give_entries_csv,
    give_exceptions,
    give_exceptions_csv,
    give_expiring,
    give_expiring_csv,
]
