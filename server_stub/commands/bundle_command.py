"""`portillon-central bundle`: gates without a network, by stick.

Source: docs/central.md, "Gates without a network".
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.core.errors import StoreError
from server_stub.central import Central
from server_stub.commands.terminal import answer, central_command

if TYPE_CHECKING:
    from server_stub.gates.bundle_intake import TakenBundle


@click.group()
def bundle() -> None:
    """Carry facts and snapshots on a stick, for gates without a network."""


@bundle.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@central_command
def import_(central: Central, path: Path, *, as_json: bool) -> None:
    """Take in what `portillon bundle export` wrote at a gate.

    Every row is judged as if it came over the network; what is here already is not counted again. Exit 1 if a person
    has to look: another truth under the same name (see `alert list`), or rows before these are missing.
    """
    from server_stub.gates.bundle_intake import take_bundle

    try:
        with path.open("rb") as file:
            taken = take_bundle(central, file)
    except OSError as error:
        raise StoreError(
            "stick_not_read",
            f"{path.name!r} cannot be read ({error.strerror}); nothing was changed",
            "is the stick still in, and may this account read it?",
        ) from error
    answer(taken, _words(taken), as_json=as_json)
    sys.exit(1 if taken.forked or taken.has_gap else 0)


def _words(taken: TakenBundle) -> str:
    mark = "✖" if taken.forked or taken.has_gap else "✔"
    lines = [
        f"{mark} device {taken.device}: {taken.new} new rows of {taken.rows}, held up to {taken.have}"
    ]
    if taken.rejected:
        lines.append(f"  {taken.rejected} rows cannot be read and are kept aside: see alert list")
    if taken.forked:
        lines.append(f"  {taken.forked} rows tell another story than the ones held: see alert list")
    if taken.has_gap:
        lines.append(
            "  rows before these are missing here; the next letter makes the gate send them"
        )
    return "\n".join([*lines, "  next: portillon-central bundle export PATH, and back to the gate"])


@bundle.command("export")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@central_command
def export(central: Central, path: Path, *, as_json: bool) -> None:
    """Publish, and write the snapshot with receipts and other lanes' facts for every gate to PATH (a .tar).

    At each gate: `portillon snapshot import PATH`.
    """
    from server_stub.gates.stick import write_stick

    made = write_stick(central, path)
    words = f"✔ snapshot {made.seq} and letters for {made.letters} gates in {path.name}, {made.bytes} bytes"
    answer(made, f"{words}\n  eject the stick before you pull it", as_json=as_json)
