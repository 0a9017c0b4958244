"""`portillon bundle`: this gate's facts for the central, on a stick.

Law: thin; works while the gate and sync run. The way back is `portillon snapshot import`.

Source: docs/commands.md; docs/sync.md, "Without a network".
"""

from __future__ import annotations

from pathlib import Path

import click

from scanner.commands.sync_command import CONFIG_OPTION, named_settings
from scanner.config import load_config


@click.group()
def bundle() -> None:
    """Carry facts to the central on a stick."""


@bundle.command("export")
@CONFIG_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def export(config_path: Path, path: Path, *, as_json: bool) -> None:
    """Write every fact that the central has not receipted to PATH, signed.

    Take it to `portillon-central bundle import PATH`. Nothing is lost if it never gets there: the next one holds
    everything again, and the central counts nothing twice.
    """
    import msgspec

    from hardware.system_clock import SystemClock
    from sync.bundle import export_bundle

    made = export_bundle(path, named_settings(load_config(config_path).sync), SystemClock())
    rows = f"rows {made.first} to {made.last}" if made.first <= made.last else "no new rows"
    words = f"✔ {rows} of device {made.device} in {path.name}, {made.bytes} bytes"
    words += "\n  eject the stick before you pull it"
    click.echo(msgspec.json.encode(made).decode() if as_json else words)
