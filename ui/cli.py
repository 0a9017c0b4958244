"""`portillon-console`: the screens of a gate.

Law: its own process; the gate is unharmed when it crashes. Textual is imported only once the arguments are right.

Source: docs/commands.md.
"""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--runtime-dir",
    type=click.Path(path_type=Path),
    default=Path("/run/portillon"),
    show_default=True,
    help="Folder of the gate's control socket.",
)
@click.version_option(package_name="portillon", message="portillon %(version)s")
def main(runtime_dir: Path) -> None:
    """Show the lane: the answer to each scan, in colour, with icon and word."""
    from ui.lane_screen import LaneScreen

    LaneScreen(runtime_dir / "gate.sock").run()
