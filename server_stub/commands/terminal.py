"""What every command of the central shares: its folder, its clock, and how it answers.

Law: ``--json`` prints one JSON document on standard output and nothing else. Tables show local time of the site;
progress bars go to standard error, and only to a terminal.
Whatever a command prints, a payload is printed only where somebody asked for it.

Source: docs/commands.md.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from scanner.core.calendar import SiteCalendar
from scanner.core.units import Instant
from server_stub.api.paging import LIMIT_MOST, Listing, Record, load_page
from server_stub.central import Central, open_central
from server_stub.reporting.listings import find_listing
from server_stub.site import load_site
from server_stub.system_clock import SystemClock

DEFAULT_DIR = "./central"
WIDTH_OF_FILES = 10_000
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


def given_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, empty words too: a script's variable that is not set must not mean something else."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in fields.items()
        if value is not None and value is not False and value != ()
    }


def answer(record: Any, text: str, *, as_json: bool) -> None:
    """One result: a record for machines, a sentence for people."""
    click.echo(msgspec.json.encode(record).decode() if as_json else text)


def answer_list(central: Central, what: str, *, as_json: bool) -> None:
    """One of the central's lists."""
    answer_records(central, find_listing(what), what, as_json=as_json)


def answer_records(central: Central, listing: Listing, what: str, *, as_json: bool) -> None:
    """The first records of a list; whether there are more is said on standard error."""
    with central.database.read() as connection:
        page = load_page(connection, listing, LIMIT_MOST)
        calendar = load_site(connection).calendar
    if as_json:
        click.echo(msgspec.json.encode(page.items).decode())
    elif page.items:
        click.echo(table([_local(record, calendar) for record in page.items]))
    else:
        click.echo(f"no {what} yet")
    if page.next is not None:
        click.echo(f"only the first {LIMIT_MOST} are shown; the API has them all", err=True)


def table(records: Sequence[Record]) -> str:
    """Records of the same fields as columns: framed and folded on a terminal, else one line a record."""
    from rich import box  # drawing costs a tenth of a second, and --json needs none of it
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    is_terminal = sys.stdout.isatty()
    drawn = Table(
        box=box.SIMPLE_HEAD if is_terminal else None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for name in records[0]:
        drawn.add_column(name, overflow="fold", no_wrap=not is_terminal)
    for record in records:
        drawn.add_row(*(Text(_cell(value)) for value in record.values()))
    console = Console(width=None if is_terminal else WIDTH_OF_FILES, highlight=False)
    with console.capture() as captured:
        console.print(drawn)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


@contextmanager
def mistakes_told(*, as_json: bool) -> Iterator[None]:
    """Around what reads a file of rows: a program gets every mistake of it, a person those that fit on a screen."""
    from server_stub.people.import_file import RowsRefusedError  # few commands read files

    try:
        yield
    except RowsRefusedError as error:
        if not as_json:
            raise
        answer({"errors": error.problems}, "", as_json=True)
        sys.exit(2)


@contextmanager
def progress(text: str, *, is_quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error while something long runs; call what you get with (done, of all).

    It shows nothing where nobody looks: in a file, a pipe, or where ``is_quiet``.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=is_quiet or not console.is_terminal,
    )
    with bar:
        task = bar.add_task(text, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _cell(value: Any) -> str:
    return "-" if value is None else str(value)


def _local(record: Record, calendar: SiteCalendar) -> Record:
    return {
        name: f"{calendar.wall(Instant(value)):%Y-%m-%d %H:%M:%S}"
        if value is not None and name.endswith(INSTANT_SUFFIXES)
        else value
        for name, value in record.items()
    }
