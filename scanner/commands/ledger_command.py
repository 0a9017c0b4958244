"""`portillon ledger`: look at the recorded facts, say why, walk their chain, take them elsewhere.

Law: read-only but for a copy in a folder that was named; works while the gate writes, and on a copy. Standard output
holds facts or a verdict only. Exit 0 = as it should be, 1 = the chain is broken, 2 = there is no ledger to look at.

Source: docs/ledger.md, "Looking at it".
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from scanner.commands.terminal import paint, writing
from scanner.config import load_config
from scanner.core.errors import InputError
from scanner.records.ledger_views import (
    CSV_FIELDS,
    HEADING,
    csv_row,
    json_line,
    table_line,
    walk_line,
)
from scanner.texts.catalogue import language_of, languages, load_texts
from sync.ledger_format import (
    FILE_NAME,
    LedgerRow,
    connect_reader,
    load_head,
    load_rows,
    reading,
)

BATCH_ROWS = 1_000
LAST_ROWS = 20
KEPT_COPIES = 7
BROKEN = 1


def _where(command: Callable[..., Any]) -> Callable[..., Any]:
    """The two ways to name a ledger."""
    config = click.option(
        "--config",
        type=click.Path(path_type=Path),
        default=Path("/etc/portillon/portillon.toml"),
        show_default=True,
        help="The installer's file, which says where the ledger is.",
    )
    ledger = click.option(
        "--ledger",
        "path",
        type=click.Path(path_type=Path),
        help="A ledger's file or folder, in place of the configuration's.",
    )
    return config(ledger(command))


@click.group()
def ledger() -> None:
    """Show, explain, verify or export the recorded facts."""


@ledger.command()
@_where
@click.option("-n", "last", type=click.IntRange(min=1), default=LAST_ROWS, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each fact.")
def show(config: Path, path: Path | None, last: int, *, as_json: bool) -> None:
    """Show the last facts, newest at the end."""
    found = _file(config, path)
    with reading(found), closing(connect_reader(found)) as connection:
        if not as_json:
            click.secho(HEADING, bold=True)
        end = load_head(connection).seq
        for row in load_rows(connection, end - min(last, end), end):
            click.echo(json_line(row) if as_json else table_line(row, paint))


@ledger.command()
@_where
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def verify(config: Path, path: Path | None, *, as_json: bool) -> None:
    """Walk the hash chain and name the first broken row."""
    from scanner.records.chain import verify_file

    found = _file(config, path)
    walk = verify_file(found)
    if as_json:
        click.echo(walk_line(walk))
        raise SystemExit(0 if walk.broken is None else BROKEN)
    whose = f"device {walk.origin.device}, epoch {walk.origin.epoch}"
    if walk.broken is None:
        end = f"ends at row {walk.head.seq}, {walk.head.hash.hex()}"
        click.secho(f"✔ {walk.rows} rows of {whose}: the chain is whole and {end}", fg="green")
        return
    good = f"{walk.rows} rows before it are good"
    click.secho(f"✖ row {walk.broken.seq} {walk.broken.what} ({good}; {whose})", fg="red")
    raise SystemExit(BROKEN)


@ledger.command()
@_where
@click.option("--format", "kind", type=click.Choice(["csv", "json"]), default="csv")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Only rows above this one.")
@click.option("--output", metavar="FILE", default="-", help="Where to; without it, here.")
def export(config: Path, path: Path | None, kind: str, after: int, output: str) -> None:
    """Write every fact as CSV, or as JSON with one line each."""
    found = _file(config, path)
    _refuse_to_write_over(found, Path(output))
    with reading(found), closing(connect_reader(found)) as connection, writing(output) as target:
        connection.execute("BEGIN")
        rows = _every_row(connection, min(after, load_head(connection).seq))
        if kind == "json":
            target.writelines(f"{json_line(row)}\n" for row in rows)
        else:
            table = csv.writer(target)
            table.writerow(CSV_FIELDS)
            table.writerows(map(csv_row, rows))


@ledger.command()
@_where
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--keep", type=click.IntRange(min=1), default=KEPT_COPIES, show_default=True)
def backup(folder: Path, config: Path, path: Path | None, keep: int) -> None:
    """Copy the ledger into FOLDER, checked, while the gate goes on; older copies than the newest are let go."""
    from scanner.records.ledger_backup import back_up

    kept = back_up(_file(config, path), folder, keep)
    click.echo(f"{kept.name}: the chain is whole")


@ledger.command()
@_where
@click.argument("seq", type=click.IntRange(min=1))
@click.option(
    "--lang",
    "language",
    type=click.Choice(languages()),
    help="The language of the words; without it the environment's (LANG), else English.",
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def explain(
    seq: int, config: Path, path: Path | None, language: str | None, *, as_json: bool
) -> None:
    """Say in plain words why a scan was decided as it was.

    SEQ is the number of its row.
    """
    from scanner.records.explaining import Explanation
    from scanner.records.ledger_decisions import load_decision
    from scanner.records.recorded import parse_recorded

    found = _file(config, path)
    with reading(found), closing(connect_reader(found)) as connection:
        told = load_decision(connection, seq)
    texts = load_texts(language or language_of(os.environ))
    explanation = Explanation(told, parse_recorded(*told.kept), texts, paint)
    if as_json:
        click.echo(json.dumps(explanation.json(), ensure_ascii=False))
        return
    for line in explanation.lines():
        click.echo(line)


def _every_row(connection: Any, after: int) -> Iterator[LedgerRow]:
    while batch := load_rows(connection, after, BATCH_ROWS):
        yield from batch
        after = batch[-1].seq


def _refuse_to_write_over(ledger: Path, target: Path) -> None:
    """Neither the ledger nor SQLite's files beside it are anything to export into."""
    is_of_it = target.name.startswith(ledger.name)
    if is_of_it and target.resolve().parent == ledger.resolve().parent:
        raise InputError(
            "output_is_the_ledger",
            f"{str(target)!r} is the ledger itself; nothing was written",
            "name another file",
        )


def _file(config: Path, path: Path | None) -> Path:
    """The ledger's file, by its own name or by the configuration's."""
    if path is None:
        path = load_config(config).data_dir / "ledger"
    return path / FILE_NAME if path.is_dir() else path
