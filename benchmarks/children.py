"""Measured processes of our own: a benchmark's file run once more, where it finds the files beside it.

Law: `make` keeps checkouts off the import path (``PYTHONSAFEPATH``), so a child is told where the benchmarks lie.

Source: docs/performance.md.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def child(file: str, *words: str) -> list[str]:
    """How to run a benchmark's file with these words."""
    return [sys.executable, file, *words]


def environment() -> dict[str, str]:
    """As ours, with the benchmarks to import from."""
    return os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
