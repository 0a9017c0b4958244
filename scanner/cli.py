"""`portillon`: the gate's command line. Each sub-command lives in ``scanner/commands/``.

Law: a sub-command's module is imported only when it is called, so that `portillon --help` and the gate start fast. A
fault prints its message, code and hint, and exits 2; it never prints a traceback for what a person can mend. A terminal
that has no letter for ✔ is shown a ?.

Source: docs/commands.md.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from typing import Any

import click

from scanner.commands.terminal import NO_ROOM, not_written
from scanner.core.errors import ConfigError, GateError

COMMANDS: dict[str, tuple[str, str]] = {
    "setup": ("scanner.commands.setup_command", "Ask the few questions, write the configuration."),
    "fit": ("scanner.commands.fit_command", "Serve the set-up wizard of the console."),
    "network": (
        "scanner.commands.network_command",
        "Look at the network, and whether the central answers.",
    ),
    "gate": ("scanner.commands.gate_command", "Run the lane: camera to turnstile."),
    "sync": ("scanner.commands.sync_command", "Run the network side: snapshots down, facts up."),
    "enrol": ("scanner.commands.sync_command", "Make this device a gate of a site."),
    "lane": (
        "scanner.commands.lane_command",
        "Look at a running lane, change its mode, answer it.",
    ),
    "doctor": ("scanner.commands.doctor_command", "Look the gate over: machine, devices, files."),
    "decode": ("scanner.commands.decode_command", "Read the codes in pictures and say why not."),
    "scanner": ("scanner.commands.scanner_command", "Show what wired scanners send, as it comes."),
    "ledger": (
        "scanner.commands.ledger_command",
        "Show, explain, verify or export the recorded facts.",
    ),
    "rehearse": (
        "scanner.commands.rehearse_command",
        "Tell stories to the rules before they go live.",
    ),
    "bundle": ("scanner.commands.bundle_command", "Carry facts to the central on a stick."),
    "snapshot": (
        "scanner.commands.snapshot_command",
        "Show, bring or go back from the snapshot in use.",
    ),
}
"""Command → (module, one-line help). The module has a click command of that name."""


class LazyGroup(click.Group):
    """A click group that imports a sub-command only when it is needed."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[name][0])
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_module, text) in COMMANDS.items()])

    def main(self, *args: Any, **kwargs: Any) -> Any:
        _speak_to_any_terminal()
        fault: GateError
        try:
            return super().main(*args, **kwargs)
        except GateError as error:
            fault = error
        except PermissionError as error:
            fault = _not_allowed(error)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            fault = not_written("what this command says", error)
            with contextlib.suppress(OSError):
                sys.stdout.close()  # else what it still holds is tried again at the end
        click.secho(f"✖ {fault}", fg="red", err=True)
        sys.exit(2)


def _speak_to_any_terminal() -> None:
    """What a terminal has no letter for is shown as ?: a chain that is whole must not end in a fault."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _not_allowed(error: PermissionError) -> GateError:
    """A technician's own account may not look into the gate's folders; that is no crash."""
    return ConfigError(
        "account_may_not",
        f"this account may not touch {str(error.filename)!r} ({error.strerror})",
        "ask as the gate's account: sudo -u portillon portillon …",
    )


@click.group(cls=LazyGroup)
@click.version_option(package_name="portillon", message="portillon %(version)s")
def main() -> None:
    """An offline-first gate: reads a code, decides, opens the arm, loses nothing."""
