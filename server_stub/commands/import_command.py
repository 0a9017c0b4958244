"""`portillon-central import`.

Source: docs/central.md, "Imports".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from server_stub.central import Central
from server_stub.commands.private_file import new_private_file
from server_stub.commands.terminal import answer, central_command, mistakes_told, progress
from server_stub.people.import_file import load_file
from server_stub.people.imports import Imported, Importing, import_file
from server_stub.reporting.csv_table import write_csv


class CodeRow(msgspec.Struct, frozen=True):
    """One code that was made, for whoever hands it out."""

    line: int
    ticket_id: str
    credential_no: int
    payload: str


@click.group("import")
def import_() -> None:
    """Bring customers and passes from a CSV or JSON file, all of it or nothing."""


path_argument = click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
dry_option = click.option(
    "--dry-run", "is_dry", is_flag=True, help="Only say what would come of it."
)


@import_.command("customers")
@path_argument
@dry_option
@central_command
def customers(central: Central, path: Path, *, is_dry: bool, as_json: bool) -> None:
    """Columns: email, and if you like tag, tag_until, attribute.NAME."""
    done = _run(central, Importing.CUSTOMERS, path, is_dry=is_dry, as_json=as_json)
    answer(_told(done), _sentence(done), as_json=as_json)


@import_.command("passes")
@path_argument
@dry_option
@click.option(
    "--codes",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the codes into this new CSV file, 0600.",
)
@central_command
def passes(
    central: Central, path: Path, codes: Path | None, *, is_dry: bool, as_json: bool
) -> None:
    """Columns: type; if you like email, holder, seat, kind, code, symbology, starts_on, flags.

    Passes were paid elsewhere: no money is recorded.
    """
    if codes is None or is_dry:
        done = _run(central, Importing.PASSES, path, is_dry=is_dry, as_json=as_json)
    else:
        with new_private_file(codes) as file:
            done = _run(central, Importing.PASSES, path, is_dry=is_dry, as_json=as_json)
            file.write(_codes(done))
    answer(_told(done), _sentence(done), as_json=as_json)


def _run(central: Central, what: Importing, path: Path, *, is_dry: bool, as_json: bool) -> Imported:
    content, kind = load_file(path)
    with mistakes_told(as_json=as_json), progress(what.value, is_quiet=as_json) as watch:
        return import_file(central, what, content, kind, is_dry=is_dry, watch=watch)


def _told(done: Imported) -> dict[str, Any]:
    """For machines; a payload is only in the file that somebody asked for."""
    record: dict[str, Any] = msgspec.to_builtins(done)
    for one in record["passes"]:
        del one["payload"]
    return record


def _sentence(done: Imported) -> str:
    head = "would be imported (nothing was changed)" if done.is_dry else "✔ imported"
    if done.what is Importing.PASSES:
        return f"{head}: {done.added} passes"
    return f"{head}: {done.added} new customers, {done.known} that were known"


def _codes(done: Imported) -> str:
    return write_csv(
        CodeRow,
        [CodeRow(one.line, one.ticket_id, one.credential_no, one.payload) for one in done.passes],
    )
