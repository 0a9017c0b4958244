"""The arrows of docs/architecture.md hold, and each contract breaks when an arrow is turned round.

`make lint` runs the contracts on the checkout; here a copy of it gets one wrong import and the contract has to see it.
"""

from __future__ import annotations

import os
import re
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


def copied(folder: Path) -> Path:
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_arrows_of_the_checkout_point_down() -> None:
    result = lint_imports(ROOT)

    assert result.returncode == 0, result.stdout


TURNED_ROUND = [
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
]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the linter says of a copy in which every one of these arrows is turned round."""
    folder = copied(tmp_path_factory.mktemp("turned_round"))
    for module, statement, _contract in TURNED_ROUND:
        write_line(folder / module, statement)
    result = lint_imports(folder)
    assert result.returncode != 0
    return result.stdout


@pytest.mark.parametrize(("module", "statement", "contract"), TURNED_ROUND)
def test_an_arrow_turned_round_breaks_its_contract(
    broken: str, module: str, statement: str, contract: str
) -> None:
    summary, _, details = broken.partition("Broken contracts")
    importer = module.removesuffix(".py").replace("/", ".")
    imported = statement.rsplit(maxsplit=1)[-1]
    sections = re.split(r"\n(?=[^\n]+\n-{4,}\n)", details)  # a contract's name, underlined

    assert any(contract in line and "BROKEN" in line for line in summary.splitlines())
    (told,) = [section for section in sections if contract in section.partition("\n---")[0]]
    assert f"{importer} -> {imported}" in told


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("hardware/tried.py", "import scanner.core.errors"),
        ("server_stub/tried.py", "import scanner.core.units, sync.wire, sync.snapshot"),
    ],
)
def test_an_arrow_that_was_agreed_breaks_nothing(
    tmp_path: Path, module: str, statement: str
) -> None:
    copy = copied(tmp_path)
    write_line(copy / module, statement)

    result = lint_imports(copy)

    assert result.returncode == 0, result.stdout
