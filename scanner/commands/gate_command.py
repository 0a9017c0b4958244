"""`portillon gate`: run the lane until SIGTERM or Ctrl-C.

Law: SIGTERM and SIGINT end the lane tidily; the arm is locked first. Exit 0 after a tidy end, 2 for what keeps the gate
from starting and a person can mend, 1 for a crash (systemd starts us again). The process's one catch-all lives here.

Source: docs/commands.md.
"""

from __future__ import annotations

import faulthandler
import logging
import signal
import sys
import threading
from pathlib import Path

import click

from scanner.config import load_config
from scanner.core.errors import GateError
from scanner.foreign_lines import adopt_stderr
from scanner.installing.waiting import await_set_up, is_set_up_under_way
from scanner.logs import start_logging

LOG = logging.getLogger("portillon.gate")


@click.command()
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path("/etc/portillon/portillon.toml"),
    show_default=True,
    help="The installer's file.",
)
def gate(config_path: Path) -> None:
    """Run the lane: camera to turnstile."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if is_set_up_under_way(config_path):
        start_logging("INFO")
    while await_set_up(config_path, stop):
        _run(config_path, stop)
        if not is_set_up_under_way(config_path):
            return


def _run(config_path: Path, stop: threading.Event) -> None:
    """The lane, until it is told to stop, or to give way to a set-up before it was ever in service."""
    config = load_config(config_path)
    sys.stderr = adopt_stderr()
    faulthandler.enable(sys.stderr)  # the watchdog's SIGABRT tells where every thread hung
    start_logging(config.gate.log_level)
    from scanner.daemon import run_gate

    try:
        run_gate(config, stop, lambda: is_set_up_under_way(config_path))
    except GateError:
        raise
    except Exception:
        LOG.exception("the gate crashed")
        sys.exit(1)
