"""The arrows of docs/architecture.md hold, and each contract breaks when an arrow is turned round.

`make lint` runs the contracts on the checkout; here a copy of it gets one wrong import and the contract has to see it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.checkout import PACKAGES, ROOT

LINTER = Path(sys.executable).with_name("lint-imports")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"}
    return subprocess.run(
        [str(LINTER), "--no-logo", "--no-cache"],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def write_line(source: Path, statement: str) -> None:
    with source.open("a", encoding="utf-8") as file:
        file.write(f"\n{statement}\n")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_arrows_of_the_checkout_point_down() -> None:
    result = lint_imports(ROOT)

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("scanner/core/tried.py", "import sqlite3", "scanner.core is pure"),
        ("scanner/core/tried.py", "import time", "scanner.core is pure"),
        ("scanner/core/tried.py", "import random", "scanner.core is pure"),
        ("scanner/core/tried.py", "import sync.wire", "scanner.core is pure"),
        ("scanner/core/tried.py", "import cbor2", "only token knows a third party"),
        ("scanner/core/tried.py", "import numpy", "only token knows a third party"),
        ("scanner/ports.py", "import scanner.cli", "layers"),
        ("sync/wire.py", "import hardware", "layers"),
        ("sync/wire.py", "import scanner.ports", "layers"),
        ("hardware/tried.py", "import scanner.core.units", "hardware imports of ours only"),
        ("hardware/tried.py", "import sync.wire", "hardware imports of ours only"),
        ("server_stub/tried.py", "import scanner.ports", "the central uses of ours only"),
        ("server_stub/tried.py", "import sync.session", "the central uses of ours only"),
        ("ui/tried.py", "import sqlite3", "ui never reaches"),
        ("ui/tried.py", "import sync.wire", "ui never reaches"),
        ("ui/tried.py", "import hardware", "ui never reaches"),
        ("scanner/ports.py", "import requests", "the gate's process holds no network client"),
        ("hardware/tried.py", "import tuf", "the gate's process holds no network client"),
    ],
)
def test_an_arrow_turned_round_breaks_its_contract(
    copy: Path, module: str, statement: str, contract: str
) -> None:
    write_line(copy / module, statement)

    result = lint_imports(copy)

    assert result.returncode != 0
    assert any(contract in line and "BROKEN" in line for line in result.stdout.splitlines())


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("hardware/tried.py", "import scanner.core.errors"),
        ("server_stub/tried.py", "import scanner.core.units, sync.wire, sync.snapshot"),
    ],
)
def test_an_arrow_that_was_agreed_breaks_nothing(copy: Path, module: str, statement: str) -> None:
    write_line(copy / module, statement)

    result = lint_imports(copy)

    assert result.returncode == 0, result.stdout
