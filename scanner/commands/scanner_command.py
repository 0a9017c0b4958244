"""`portillon scanner`: what the wired scanners send, as it comes. For a technician, at the gate.

Law: it reads the devices itself and talks to no gate: what was scanned is shown on this screen and kept nowhere. A
scanner that the gate reads is the gate's alone, so the gate has to be stopped first; that is said.

Source: docs/commands.md; docs/hardware.md, "Wired scanners".
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from hardware.wired_scanner import WiredScanner
from scanner.commands.sync_command import CONFIG_OPTION
from scanner.config import load_config

LOOK_S = 0.1
NOTHING_TO_READ = 2


@click.command("scanner")
@CONFIG_OPTION
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 86_400),
    default=3_600,
    show_default=True,
    help="End after so long, or with Ctrl-C.",
)
def scanner(config_path: Path, seconds: float) -> None:
    """Show the raw bytes that wired scanners send, and what is made of them."""
    from hardware.assemble import build_scanner
    from hardware.system_clock import SystemClock
    from scanner.wiring import scanner_settings

    sections = load_config(config_path).scanners
    if not sections:
        click.secho("✖ the configuration names no [[scanner]]", fg="red", err=True)
        sys.exit(NOTHING_TO_READ)
    clock = SystemClock()
    found = [build_scanner(scanner_settings(*one), clock) for one in sections.items()]
    until_ms, pause = clock.monotonic_ms() + seconds * 1_000, threading.Event()
    try:
        watch(
            found, click.echo, lambda: clock.monotonic_ms() >= until_ms, lambda: pause.wait(LOOK_S)
        )
    finally:
        for one in found:
            one.close()


def watch(
    scanners: Sequence[WiredScanner],
    say: Callable[[str], object],
    is_over: Callable[[], bool],
    pause: Callable[[], object],
) -> None:
    """Tell what changes at each scanner until it is over."""
    told: dict[str, list[str]] = {}
    while not is_over():
        for one in scanners:
            name, lines = one.settings.name, lines_of(one)
            if told.get(name) != lines:
                told[name] = lines
                for line in lines:
                    say(f"{name}  {line}")
        pause()


def lines_of(one: WiredScanner) -> list[str]:
    """The scanner as it is now: state, fault, the newest raw bytes, what became of all of them."""
    fault = one.fault
    state = one.state() if fault is None else f"{one.state()}: {fault.message}\n  → {fault.hint}"
    if not one.last_raw:
        return [state]
    counts = ", ".join(f"{count} {what}" for what, count in asdict(one.counts).items())
    return [state, f"raw {one.last_raw!r}", counts]
