"""`portillon-console`: the screens of a gate.

Law: its own process; the gate is unharmed when it crashes. Something is to be seen at once: a first picture is written
before Textual, which takes a good part of a second to load on a small computer, is imported at all.

Source: docs/commands.md; docs/console.md.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import click

from scanner.texts.catalogue import language_of, languages
from ui.settingup.first_start import CONFIG, RUNTIME_DIR, is_first_start, set_up

CLEAR = "\x1b[?1049h\x1b[2J\x1b[H\x1b[?25l"
"""The other screen, empty, without a cursor: the one that Textual goes on with."""

FRAMES_PER_S = "120"
GARBAGE = 50_000
"""Objects between two collections."""


@click.command()
@click.option(
    "--runtime-dir",
    type=click.Path(path_type=Path),
    default=RUNTIME_DIR,
    show_default=True,
    help="Folder of the gate's control socket.",
)
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="The installer's file, for the set-up; without it /etc/portillon/portillon.toml.",
)
@click.option("--lane", is_flag=True, help="Only the lane, over the whole screen: for gate staff.")
@click.option(
    "--setup",
    "is_setup",
    is_flag=True,
    help="Set this gate up, or go on with it. A box that is not set up begins so by itself.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(languages()),
    help="The language to begin with; without it the environment's (LANG), else English.",
)
@click.option(
    "--ready-after",
    "ready_after_s",
    type=click.FloatRange(1, 60),
    default=4.0,
    show_default=True,
    help="Seconds that an answer stays before the lane says READY again.",
)
@click.version_option(package_name="portillon", message="portillon %(version)s")
def main(
    runtime_dir: Path,
    config_path: Path | None,
    language: str | None,
    ready_after_s: float,
    *,
    lane: bool,
    is_setup: bool,
) -> None:
    """Show a gate: the lane, its scans, sync, hardware, health, settings and log."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(
            "a screen needs a terminal, and this is none; programs ask `portillon lane status --json`"
        )
    language = language or language_of(os.environ)
    is_named = config_path is not None or runtime_dir == RUNTIME_DIR
    config_path = config_path or CONFIG
    if is_setup or (is_named and not lane and is_first_start(config_path, runtime_dir)):
        sys.exit(set_up(config_path, language))
    _paint_first(language)
    # half as long from a key to its picture; Textual reads it when it is loaded
    os.environ.setdefault("TEXTUAL_FPS", FRAMES_PER_S)

    from ui.console import Console
    from ui.gate_line import SocketLine
    from ui.system_clock import SystemClock

    # what was loaded stays, and a screen makes little garbage: no walk through all of it while somebody waits
    gc.freeze()
    gc.set_threshold(GARBAGE)
    clock = SystemClock()
    console = Console(
        SocketLine(runtime_dir / "gate.sock", clock),
        clock,
        language,
        is_lane_only=lane,
        ready_after_s=ready_after_s,
    )
    console.run()
    sys.exit(console.return_code or 0)


def _paint_first(language: str) -> None:
    """The word of a lane that is not heard yet, in the middle of the terminal."""
    if not sys.stdout.isatty():
        return
    from ui.first_picture import first_picture

    size = os.get_terminal_size(sys.stdout.fileno())
    sys.stdout.write(CLEAR + first_picture(language, size.columns, size.lines))
    sys.stdout.flush()
