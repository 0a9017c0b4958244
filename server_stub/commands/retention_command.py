"""`portillon-central retention`.

Source: docs/privacy.md, "How long".
"""

from __future__ import annotations

from dataclasses import asdict

import click

from server_stub.central import Central
from server_stub.commands.terminal import answer, central_command, progress
from server_stub.people.retention import Retained, run_retention
from server_stub.people.retention_periods import load_periods, set_period


@click.group()
def retention() -> None:
    """How long what can be led back to a person is kept."""


@retention.command("run")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only say what would go.")
@central_command
def run(central: Central, *, is_dry: bool, as_json: bool) -> None:
    """Purge what is older than its period. Twice or two at once purges once."""
    with progress("ledgers", is_quiet=as_json) as watch:
        done = run_retention(central, is_dry=is_dry, watch=watch)
    answer(done, _sentence(done), as_json=as_json)


@retention.command("show")
@central_command
def show(central: Central, *, as_json: bool) -> None:
    """Show the periods."""
    with central.database.read() as connection:
        periods = load_periods(connection)
    lines = [f"{name} {days}" for name, days in asdict(periods).items()]
    answer(periods, "\n".join(lines), as_json=as_json)


@retention.command("set")
@click.argument("name")
@click.argument("days", type=int)
@central_command
def set_days(central: Central, name: str, days: int, *, as_json: bool) -> None:
    """Set one period, in days."""
    with central.database.write() as connection:
        set_period(connection, name, days)
    answer({"done": True}, f"✔ {name} is {days} days", as_json=as_json)


def _sentence(done: Retained) -> str:
    head = "would go (nothing was changed)" if done.is_dry else "✔ went"
    return (
        f"{head}: {done.facts} facts of {done.ledgers} ledgers into daily counts,"
        f" {done.put_aside} rows that were put aside, {done.drafts} carts,"
        f" {done.sign_ins} codes and sessions, {done.letters} letters"
    )
