"""What `make lint` asks, asked beside the other tests: format, ruff, types.

Source: the Makefile; `test_import_contracts` asks the import contracts.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.checkout import PACKAGES, ROOT

BIN = Path(sys.executable).parent


@pytest.mark.early
@pytest.mark.timeout(600)  # mypy's first run reads every library
@pytest.mark.parametrize(
    "words",
    [
        ("ruff", "format", "--check", "--quiet", "."),
        ("ruff", "check", "--quiet", "."),
        ("mypy", "--no-error-summary", *PACKAGES),
    ],
    ids=["ruff format", "ruff check", "mypy"],
)
def test_the_tools_find_nothing(words: tuple[str, ...]) -> None:
    program, *arguments = words
    found = subprocess.run(
        [str(BIN / program), *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (found.stdout + found.stderr, found.returncode) == ("", 0)
