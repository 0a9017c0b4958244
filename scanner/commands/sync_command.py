"""`portillon sync` and `enrol`: the gate's network side from the command line.

Law: SIGTERM and SIGINT end at once, in the middle of whatever the line is doing: files here are whole at any instant.
Exit 0 when all went well, 1 when a contact had faults or sync crashed (systemd starts it again), 2 for what a person
can mend.

Source: docs/commands.md; docs/sync.md.
"""

from __future__ import annotations

import errno
import importlib.metadata
import logging
import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.config import load_config
from scanner.core.errors import GateError, InputError

if TYPE_CHECKING:
    from sync.settings import SyncSettings

LOG = logging.getLogger("portillon.sync")
END_WAIT_S = 0.5
"""A worker that is between two contacts ends by itself; one that waits for a line is left behind."""
STDIN = "-"

CONFIG_OPTION = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path("/etc/portillon/portillon.toml"),
    show_default=True,
    help="The installer's file.",
)


@click.command()
@CONFIG_OPTION
@click.option("--once", is_flag=True, help="One contact, then exit 0, or 1 if it had faults.")
@click.option("--json", "as_json", is_flag=True, help="Print the contact as one line of JSON.")
def sync(config_path: Path, *, once: bool, as_json: bool) -> None:
    """Run the network side: snapshots down, facts up."""
    from scanner.logs import start_logging

    config = load_config(config_path, may_lack_ways=True)
    start_logging(config.gate.log_level)
    settings = named_settings(config.sync)
    if once or as_json:
        _make_contact(settings, as_json=as_json)
    else:
        _keep_syncing(settings)


def _make_contact(settings: SyncSettings, *, as_json: bool) -> None:
    import msgspec

    from hardware.system_clock import SystemClock
    from sync.report import describe_report
    from sync.worker import run_once

    report = run_once(settings, SystemClock())
    click.echo(msgspec.json.encode(report).decode() if as_json else describe_report(report))
    sys.exit(0 if report.is_ok else 1)


def _keep_syncing(settings: SyncSettings) -> None:
    """Contacts run in a thread that may be left behind: a name look-up cannot be interrupted."""
    from hardware.system_clock import SystemClock
    from sync.worker import run

    stop, faults = threading.Event(), list[BaseException]()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def work() -> None:
        try:
            run(settings, SystemClock(), stop)
        except BaseException as error:  # noqa: BLE001  # handed to the main thread, which judges it
            faults.append(error)
        finally:
            stop.set()

    worker = threading.Thread(target=work, name="sync", daemon=True)
    worker.start()
    stop.wait()
    worker.join(END_WAIT_S)
    for fault in faults:
        if isinstance(fault, GateError):
            raise fault
        LOG.error("sync crashed", exc_info=fault)
        sys.exit(1)


@click.command()
@CONFIG_OPTION
@click.option("--url", default="", help="Where the central is, if the code does not say.")
@click.argument("code", metavar="TOKEN_OR_FILE_OR_-")
def enrol(config_path: Path, url: str, code: str) -> None:
    """Make this device a gate of a site.

    The code is the text of the central's enrolment QR, a file with that text, ``-`` for standard input, or the bare
    token with --url.
    """
    from hardware.system_clock import SystemClock
    from sync.enrolment import enrol as enrol_device
    from sync.enrolment import parse_invitation

    settings = named_settings(load_config(config_path, may_lack_ways=True).sync)
    invitation = parse_invitation(_read_code(code), url or settings.central_url)
    device = enrol_device(invitation, settings, SystemClock())
    click.echo(f"✔ this is now gate {device.gate_no} of {device.site!r}, device {device.device}")
    click.echo("  next: portillon sync (or: systemctl start portillon-sync)")


def _read_code(code: str) -> bytes:
    from sync.enrolment import TEXT_BYTES

    if code == STDIN:
        return sys.stdin.buffer.read(TEXT_BYTES + 1)
    path = Path(code)
    try:
        if path.is_file():
            with path.open("rb") as file:
                return file.read(TEXT_BYTES + 1)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # a whole code, and no name
            return os.fsencode(code)
        raise InputError(
            "enrolment_file_unreadable",
            f"{path.name!r} cannot be read ({error.strerror})",
            "name a readable file, or pass the code itself",
        ) from error
    return os.fsencode(code)


def named_settings(settings: SyncSettings) -> SyncSettings:
    """The settings with the software's name and version, for the central's list of devices."""
    try:
        version = f"/{importlib.metadata.version('portillon')}"
    except importlib.metadata.PackageNotFoundError:
        # run from a checkout that was never installed
        version = ""
    return replace(settings, software=f"portillon{version}")
