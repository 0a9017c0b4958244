"""What every command of the central shares: its folder, its clock, and how it answers.

Law: ``--json`` prints one JSON document on standard output and nothing else. Tables show local time of the site.
Whatever a command prints, a payload is printed only where somebody asked for it.

Source: docs/commands.md.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from scanner.core.calendar import SiteCalendar
from scanner.core.units import Instant
from server_stub.central import Central, open_central
from server_stub.listings import Record, load_records
from server_stub.site import load_site
from server_stub.system_clock import SystemClock

DEFAULT_DIR = "./central"
INSTANT_SUFFIXES = ("_at", "_from", "_until")

folder_option = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_DIR,
    show_default=True,
    envvar="PORTILLON_CENTRAL_DIR",
    help="The central's folder.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Answer for machines.")


def central_command(function: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the opened central as its first argument, and ``--dir`` and ``--json``."""

    @folder_option
    @json_option
    @functools.wraps(function)
    def opened(folder: Path, **arguments: Any) -> None:
        with opened_central(folder) as central:
            function(central, **arguments)

    return opened


@contextmanager
def opened_central(folder: Path) -> Iterator[Central]:
    """The central of a folder, with the system's clock."""
    with open_central(folder, SystemClock()) as central:
        yield central


def answer(record: Any, text: str, *, as_json: bool) -> None:
    """One result: a record for machines, a sentence for people."""
    click.echo(msgspec.json.encode(record).decode() if as_json else text)


def answer_list(central: Central, what: str, *, as_json: bool) -> None:
    """One of the central's lists."""
    with central.database.read() as connection:
        records = load_records(connection, what)
        calendar = load_site(connection).calendar
    if as_json:
        click.echo(msgspec.json.encode(records).decode())
    elif records:
        click.echo(table([_local(record, calendar) for record in records]))
    else:
        click.echo(f"no {what} yet")


def table(records: Sequence[Record]) -> str:
    """Records of the same fields as columns, as wide as they need."""
    names = list(records[0])
    rows = [names, *([_cell(record[name]) for name in names] for record in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(names))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _cell(value: Any) -> str:
    return "-" if value is None else str(value)


def _local(record: Record, calendar: SiteCalendar) -> Record:
    return {
        name: f"{calendar.wall(Instant(value)):%Y-%m-%d %H:%M:%S}"
        if value is not None and name.endswith(INSTANT_SUFFIXES)
        else value
        for name, value in record.items()
    }
