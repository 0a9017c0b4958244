"""What each process loads: a fresh interpreter imports its module and says what came along.

Import contracts see what is written; this sees what happens, through third parties too.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.checkout import ROOT, dotted, modules

NETWORK = {"requests", "urllib3", "tuf", "httpx", "http.client", "http_message_signatures"}
CENTRAL = {"litestar", "sqlalchemy", "alembic", "uvicorn", "psycopg"}
SCREEN = {"textual", "rich"}
SLOW = {"sqlite_utils", "structlog", "numpy.testing", "setuptools", "pip"}
PICTURES = {"cv2", "numpy", "zxingcpp", "pyzbar"}
PINS = {"gpiod", "RPi", "serial", "evdev"}

FORBIDDEN = {
    "scanner.daemon": NETWORK
    | CENTRAL
    | SCREEN
    | SLOW
    | {"sync.client", "sync.worker", "sync.trust"},
    "scanner.commands.gate_command": NETWORK | CENTRAL | SCREEN | SLOW,
    "scanner.commands.fit_command": NETWORK | CENTRAL | SCREEN | SLOW,
    "scanner.installing.bench": NETWORK | CENTRAL | SCREEN | {"sync.client", "sync.worker"},
    "scanner.commands.network_command": CENTRAL | SCREEN | PICTURES | PINS | {"sqlite3"},
    "scanner.cli": NETWORK
    | CENTRAL
    | SCREEN
    | SLOW
    | PICTURES
    | PINS
    | {"cryptography", "sqlite3"},
    "scanner.commands.ledger_command": NETWORK | CENTRAL | SCREEN | PICTURES | PINS,
    "scanner.commands.lane_command": NETWORK | CENTRAL | SCREEN | SLOW | PICTURES | PINS,
    "scanner.commands.sync_command": CENTRAL | SCREEN | PICTURES | PINS | {"hardware"},
    "scanner.commands.decode_command": NETWORK | CENTRAL | SCREEN | {"sqlite3", "sqlite_utils"},
    "scanner.core.decision": NETWORK
    | CENTRAL
    | SCREEN
    | SLOW
    | PICTURES
    | PINS
    | {"socket", "sqlite3"},
    "sync.worker": CENTRAL | SCREEN | PICTURES | PINS | {"hardware"},
    "ui.cli": NETWORK | CENTRAL | PICTURES | PINS | {"sync", "hardware", "sqlite3", "sqlite_utils"},
    "server_stub.cli": PINS | SCREEN | {"hardware", "ui", "sync.client", "sync.worker"},
}
"""Module → what must not be loaded with it. A module that is still to be written is asked from its first day on."""

HERE = {dotted(path) for path in modules()}


def loaded_by(module: str) -> set[str]:
    """The names in ``sys.modules`` after a fresh interpreter imported the module."""
    program = f"import sys, {module}; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


@pytest.mark.parametrize("module", sorted(HERE & set(FORBIDDEN)))
def test_a_process_loads_nothing_that_is_not_its_own(module: str) -> None:
    assert sorted(loaded_by(module) & FORBIDDEN[module]) == []


def test_what_is_loaded_is_seen() -> None:
    assert {"sqlite3", "scanner.core.errors"} <= loaded_by("sqlite3, scanner.core.errors")
