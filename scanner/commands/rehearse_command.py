"""`portillon rehearse`: stories told to the rules or to a whole gate in virtual time, and a ledger's scans tried again.

Law: exit 0 if every expectation of every file holds (of a ledger: nothing differs), 1 if some do not, 2 if a file is
wrong; a wrong file does not keep the others from being told. Standard output holds reports only; what is wrong with a
file goes to standard error, or with ``--format json`` into its place in the list.

Source: docs/rehearsal.md; docs/commands.md.
"""

from __future__ import annotations

import json
import logging
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from scanner.core.errors import InputError
from scanner.core.rehearsal import Report, run
from scanner.core.rehearsal_script import Script
from scanner.rehearsing.rehearsal_file import load_script
from scanner.rehearsing.rehearsal_text import json_of, text_of
from sync.ledger_format import FILE_NAME, connect_reader, reading

HOLDS, MISSED, WRONG = 0, 1, 2
CORE, GATE = "core", "gate"
TEXT, JSON = "text", "json"


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--through",
    type=click.Choice([CORE, GATE]),
    help="The rules alone (core, as without it), or ledger, cache, lane and a simulated turnstile.",
)
@click.option(
    "--ledger",
    type=click.Path(path_type=Path),
    help="In place of FILES: try the scans of a ledger (its file or folder) again.",
)
@click.option(
    "--rules",
    type=click.Path(path_type=Path),
    help="With --ledger: the other rules (TOML); without it as they were recorded.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([TEXT, JSON]),
    default=TEXT,
    show_default=True,
    help="For people, or for programs.",
)
def rehearse(
    files: tuple[Path, ...],
    through: str | None,
    ledger: Path | None,
    rules: Path | None,
    form: str,
) -> None:
    """Tell stories to the rules and see whether they end as expected, or see what other rules do to a ledger's scans.

    FILES are rehearsal files (TOML).
    """
    logging.getLogger("portillon").addHandler(logging.NullHandler())
    if ledger is not None:
        _refuse_beside_ledger(files, through)
        raise SystemExit(_tried_again(ledger, rules, form))
    if not files or rules is not None:
        raise click.UsageError(
            "name rehearsal files, or a ledger with --ledger PATH [--rules FILE]"
        )
    told = [_told(path, through or CORE, form) for path in files]
    if form == JSON:
        click.echo(json.dumps([shown for _code, shown in told], ensure_ascii=False, indent=1))
    raise SystemExit(max(code for code, _shown in told))


def _told(path: Path, through: str, form: str) -> tuple[int, dict[str, Any]]:
    """How one file went: the exit code and its JSON; as text it is printed at once."""
    try:
        script = load_script(path)
    except InputError as error:
        if form == TEXT:
            click.echo(error.message, err=True)
        wrong = {"code": error.code, "problems": error.message.splitlines()}
        return WRONG, {"file": str(path), "holds": False, "error": wrong}
    report = run_through(through, script)
    if form == TEXT:
        click.echo(text_of(str(path), report))
    return HOLDS if report.holds else MISSED, json_of(str(path), through, report)


def run_through(through: str, script: Script) -> Report:
    """The story through the pure rules, or through a whole gate in a scratch folder."""
    if through == CORE:
        return run(script)
    from scanner.rehearsing.rehearsal_gate import run_through_gate

    return run_through_gate(script)


def _refuse_beside_ledger(files: tuple[Path, ...], through: str | None) -> None:
    if files:
        raise click.UsageError("a ledger is tried by itself: leave out FILES, or --ledger")
    if through is not None:
        raise click.UsageError("a ledger is tried by the rules alone: leave out --through")


def _tried_again(ledger: Path, rules: Path | None, form: str) -> int:
    """What differs under other rules, printed; the exit code."""
    from scanner.commands.terminal import paint
    from scanner.records.ledger_decisions import load_kept
    from scanner.rehearsing.retrial import retry
    from scanner.rehearsing.retrial_text import retrial_json, retrial_lines
    from scanner.rehearsing.rules_file import AS_RECORDED, load_rules

    other = AS_RECORDED if rules is None else load_rules(rules)
    path = ledger / FILE_NAME if ledger.is_dir() else ledger
    with reading(path), closing(connect_reader(path)) as connection:
        retrial = retry(load_kept(connection), other.put)
    if form == JSON:
        named = None if rules is None else str(rules)
        click.echo(json.dumps(retrial_json(str(ledger), named, retrial), ensure_ascii=False))
    else:
        for line in retrial_lines(str(ledger), retrial, paint):
            click.echo(line)
    return MISSED if retrial.differences else HOLDS
