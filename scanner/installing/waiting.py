"""A gate whose set-up is under way waits: it opens nothing, holds nothing, and begins when the set-up is finished.

Law: the bench has the lane until then. This process still gives its signs of life, so that a box that is set up over
days is not started again and again.

Source: docs/console.md, "Set-up".
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from hardware.system_clock import SystemClock
from scanner.installing.progress import load_progress, progress_path
from scanner.notify import supervisor_of

LOG = logging.getLogger("portillon.gate")
LOOK_S = 0.5
WAITING = "being set up: not in service"


def is_set_up_under_way(config_path: Path) -> bool:
    """A set-up was begun, and not finished."""
    return load_progress(progress_path(config_path)).is_under_way


def await_set_up(config_path: Path, stop: threading.Event) -> bool:
    """Wait while a set-up is under way; False when told to stop."""
    if not is_set_up_under_way(config_path):
        return not stop.is_set()
    supervisor = supervisor_of(SystemClock().monotonic_ms)
    supervisor.ready(WAITING)
    LOG.warning(
        "this gate is being set up; it is not in service",
        extra={"code": "gate_being_set_up", "hint": "finish it: portillon-console --setup"},
    )
    while not stop.is_set() and is_set_up_under_way(config_path):
        supervisor.feed(lambda: WAITING, is_live=True)
        stop.wait(LOOK_S)
    return not stop.is_set()
