"""`portillon rehearse`: stories told to the rules, or to a whole gate in virtual time.

Law: exit 0 if every expectation of every file holds, 1 if some do not, 2 if a file is wrong; a wrong file does not keep
the others from being told. Standard output holds reports only; what is wrong with a file goes to standard error, or
with ``--format json`` into its place in the list.

Source: docs/rehearsal.md; docs/commands.md.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import click

from scanner.core.errors import InputError
from scanner.core.rehearsal import Report, run
from scanner.core.rehearsal_script import Script
from scanner.rehearsal_file import load_script
from scanner.rehearsal_text import json_of, text_of

HOLDS, MISSED, WRONG = 0, 1, 2
CORE, GATE = "core", "gate"
TEXT, JSON = "text", "json"


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--through",
    type=click.Choice([CORE, GATE]),
    default=CORE,
    show_default=True,
    help="The rules alone, or ledger, cache, lane and a simulated turnstile.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([TEXT, JSON]),
    default=TEXT,
    show_default=True,
    help="For people, or for programs.",
)
def rehearse(files: tuple[Path, ...], through: str, form: str) -> None:
    """Tell stories to the rules and see whether they end as expected.

    FILES are rehearsal files (TOML).
    """
    logging.getLogger("portillon").addHandler(logging.NullHandler())
    told = [_told(path, through, form) for path in files]
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
    from scanner.rehearsal_gate import run_through_gate

    return run_through_gate(script)
