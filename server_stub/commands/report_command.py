"""`portillon-central report`: what was counted, in all and by hour, lane and type; exceptions; who expires.

Source: docs/central.md, "Counts", "Reports".
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

from scanner.core.units import SECOND_MS
from server_stub.central import Central
from server_stub.commands.terminal import (
    answer,
    central_command,
    folder_option,
    json_option,
    opened_central,
    table,
)
from server_stub.reporting.csv_table import write_csv
from server_stub.reporting.report_span import parse_span
from server_stub.site import load_site

if TYPE_CHECKING:
    from server_stub.reporting.entry_report import EntryRow
    from server_stub.reporting.overuses import OveruseEntry

BAR_CELLS = 24
EIGHTHS = " ▏▎▍▌▋▊▉█"
csv_option = click.option("--csv", "as_csv", is_flag=True, help="Answer for spreadsheets.")


class ToldOveruse(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report: which right, how many persons, which limits, where, when, and after which entry."""

    right: int | None
    persons: int
    limits: str
    gate: str
    at: str
    after: str


def _span_options(function: Any) -> Any:
    for option in (
        click.option("--to", "last", help="Last business day. Default: today."),
        click.option("--from", "first", help="First business day. Default: six days earlier."),
    ):
        function = option(function)
    return function


@click.group(invoke_without_command=True)
@folder_option
@json_option
@click.pass_context
def report(context: click.Context, folder: Any, *, as_json: bool) -> None:
    """Show what was counted: everything, or one of the reports below."""
    if context.invoked_subcommand is None:
        with opened_central(folder) as central:
            _show_counts(central, as_json=as_json)


@report.command("entries")
@_span_options
@click.option(
    "--by",
    "by",
    multiple=True,
    type=click.Choice(["day", "hour", "gate", "type"]),
    help="Told apart by; may be given more than once. Default: hour.",
)
@csv_option
@central_command
def entries(
    central: Central,
    first: str | None,
    last: str | None,
    by: tuple[str, ...],
    *,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Entries by day, hour, gate and ticket type."""
    from server_stub.reporting.entry_report import By, EntryRow, load_entries

    with central.database.read() as connection:
        span = parse_span(first, last, load_site(connection).calendar, central.clock.now_ms())
        wanted = frozenset(By(one) for one in by or ("hour",))
        found = load_entries(connection, span, wanted)
    if _answered(found, EntryRow, found.rows, as_csv=as_csv, as_json=as_json):
        return
    click.secho(f"Entries, {found.first} to {found.last}", bold=True)
    click.echo(_entry_table(found.rows) if found.rows else "none")
    sums = found.total
    click.echo(f"{sums.persons} persons by {sums.entries} entries, {sums.exits} exits")


@report.command("exceptions")
@_span_options
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["overuse", "accepted_while_revoked", "conflict", "seat_conflict", "fork"]),
    help="Only these; may be given more than once.",
)
@csv_option
@central_command
def exceptions(
    central: Central,
    first: str | None,
    last: str | None,
    kinds: tuple[str, ...],
    *,
    as_csv: bool,
    as_json: bool,
) -> None:
    """What a person should look at: overuse, refused afterwards, forks."""
    from server_stub.reporting.exception_report import ExceptionKind, ExceptionRow, load_exceptions

    with central.database.read() as connection:
        span = parse_span(first, last, load_site(connection).calendar, central.clock.now_ms())
        wanted = frozenset(ExceptionKind(one) for one in kinds or ExceptionKind)
        found = load_exceptions(connection, span, wanted)
    if _answered(found, ExceptionRow, found.rows, as_csv=as_csv, as_json=as_json):
        return
    said = ", ".join(f"{name} {count}" for name, count in found.counts.items())
    click.secho(f"Exceptions, {found.first} to {found.last}: {said}", bold=True)
    click.echo(_plain_table(found.rows, leave_out=("day",)) if found.rows else "none")


@report.command("expiring")
@click.option("--days", default=30, show_default=True, help="Within so many days, today included.")
@csv_option
@central_command
def expiring(central: Central, days: int, *, as_csv: bool, as_json: bool) -> None:
    """Members whose pass or subscription ends soon."""
    from server_stub.reporting.expiry_report import ExpiryRow, load_expiring

    with central.database.read() as connection:
        found = load_expiring(connection, days, central.clock.now_ms())
    if _answered(found, ExpiryRow, found.rows, as_csv=as_csv, as_json=as_json):
        return
    click.secho(f"Ending within {found.days} days of {found.first}: {len(found.rows)}", bold=True)
    click.echo(_plain_table(found.rows, leave_out=("ends_at",)) if found.rows else "none")


def _answered(
    found: Any, kind: type[msgspec.Struct], rows: Iterable[Any], *, as_csv: bool, as_json: bool
) -> bool:
    """True when a machine asked and was answered."""
    if as_json:
        answer(found, "", as_json=True)
    elif as_csv:
        click.echo(write_csv(kind, rows), nl=False)
    return as_json or as_csv


def _entry_table(rows: Sequence[EntryRow]) -> str:
    """The rows without columns that say nothing, and on a terminal with a bar of persons each."""
    most = max(row.persons for row in rows)
    records = [msgspec.to_builtins(row) for row in rows]
    empty = [
        name
        for name in ("day", "hour", "gate", "type")
        if all(record[name] is None for record in records)
    ]
    for record in records:
        for name in empty:
            del record[name]
        if sys.stdout.isatty():
            record[""] = bar(record["persons"], most)
    return table(records)


def bar(value: int, most: int) -> str:
    """A bar of eighths of a character, `BAR_CELLS` long for the most."""
    eighths = round(value * BAR_CELLS * 8 / most) if most else 0
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def _plain_table(rows: Iterable[msgspec.Struct], leave_out: tuple[str, ...]) -> str:
    return table(
        [
            {n: value for n, value in msgspec.to_builtins(row).items() if n not in leave_out}
            for row in rows
        ]
    )


def _show_counts(central: Central, *, as_json: bool) -> None:
    from server_stub.reporting.report import load_counts

    with central.database.read() as connection:
        counts = load_counts(connection)
    if as_json:
        answer(counts, "", as_json=True)
        return
    click.echo(f"snapshot {counts.snapshot_seq or 'none yet'}, open alerts: {counts.open_alerts}")
    for title, records in (
        ("Entries", counts.entries),
        ("Answers", counts.answers),
        ("Ledgers", counts.ledgers),
        ("Accepted although the central would have refused", counts.conflicts),
        ("Overuse: beyond a limit, by lanes that could not hear each other", _told(counts.overuse)),
    ):
        click.secho(f"\n{title}", bold=True)
        click.echo(table([msgspec.to_builtins(one) for one in records]) if records else "none")


def _told(overuse: list[OveruseEntry]) -> list[ToldOveruse]:
    """Overuse as people read it: lanes and times, without the identities of facts."""
    return [
        ToldOveruse(
            right=one.grant_no,
            persons=one.persons,
            limits=", ".join(one.limits),
            gate=one.gate,
            at=_utc(one.at),
            after=f"{one.before_gate} {_utc(one.before_at)}" if one.before_at is not None else "",
        )
        for one in overuse
    ]


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at / SECOND_MS, UTC).isoformat(timespec="milliseconds")
