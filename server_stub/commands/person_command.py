"""`portillon-central person export | erase`.

Source: docs/privacy.md, "Export", "Erasure".
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from server_stub.central import Central
from server_stub.commands.private_file import new_private_file
from server_stub.commands.terminal import answer, central_command
from server_stub.people.erasure import Erased, erase_person
from server_stub.people.person_export import export_person


@click.group()
def person() -> None:
    """What is held about a person: give it to them, or forget them."""


@person.command("export")
@click.argument("who")
@click.option(
    "--to", "path", type=click.Path(path_type=Path, dir_okay=False), help="Into a new file, 0600."
)
@central_command
def export(central: Central, who: str, path: Path | None, *, as_json: bool) -> None:
    """Everything held about WHO, an e-mail address or a customer_id, as JSON."""
    if path is None:
        click.echo(_document(central, who))
        return
    with new_private_file(path) as file:
        file.write(_document(central, who))
    answer({"written": str(path)}, f"✔ written to {path}", as_json=as_json)


@person.command("erase")
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do not ask: it cannot be undone.")
@central_command
def erase(central: Central, who: str, *, yes: bool, as_json: bool) -> None:
    """Forget WHO, an e-mail address or a customer_id. It cannot be undone."""
    if not yes:
        click.confirm("Forget this person for ever?", abort=True, err=True)
    done = erase_person(central, who)
    answer(done, _sentence(done), as_json=as_json)


def _document(central: Central, who: str) -> str:
    return msgspec.json.format(msgspec.json.encode(export_person(central, who))).decode()


def _sentence(done: Erased) -> str:
    said = (
        f"✔ customer {done.customer_id} is forgotten: {done.rights} rights and {done.codes} codes ended;"
        f" {done.orders} orders stay for the accounts and {done.facts} facts in the counts, without the person"
    )
    if not done.is_scrubbed:
        said += f"\n✖ old pages are still in the database's files: run `person erase {done.customer_id}` again"
    return said
