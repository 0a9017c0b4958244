"""What the style page forbids is refused by lint, and nobody switches that off."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.checkout import ROOT, modules, name_of, scripts

RUFF = Path(sys.executable).with_name("ruff")


def refusals(source: str, file: str) -> str:
    """What ruff's ban says about this source under this file name."""
    result = subprocess.run(
        [
            str(RUFF),
            "check",
            "--select",
            "TID251",
            "--output-format",
            "concise",
            "--stdin-filename",
            file,
            "-",
        ],
        cwd=ROOT,
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout


BANNED = [
    "import time\ntime.time()\n",
    "import time\ntime.time_ns()\n",
    "import time\ntime.monotonic()\n",
    "import time\ntime.monotonic_ns()\n",
    "import time\ntime.sleep(1)\n",
    "from time import sleep\nsleep(1)\n",
    "from datetime import datetime\ndatetime.now()\n",
    "import datetime\ndatetime.datetime.utcnow()\n",
    "from datetime import date\ndate.today()\n",
]


@pytest.mark.parametrize("source", BANNED)
@pytest.mark.parametrize("file", ["scanner/lane_loop.py", "sync/worker.py", "tests/unit/test_x.py"])
def test_the_clock_is_read_nowhere_else(source: str, file: str) -> None:
    assert "TID251" in refusals(source, file)


@pytest.mark.parametrize("source", BANNED)
def test_the_clock_is_read_in_a_system_clock(source: str) -> None:
    assert "TID251" not in refusals(source, "hardware/system_clock.py")


def test_a_mock_is_no_double() -> None:
    assert "TID251" in refusals("from unittest.mock import Mock\nMock()\n", "tests/unit/test_x.py")


@pytest.mark.parametrize("path", modules() + scripts(), ids=name_of)
def test_no_file_switches_a_ban_off(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert re.findall(r"noqa:.*TID251", text) == []
    assert re.findall(r"#\s*(?:noqa|ruff: noqa|type: ignore)\s*$", text, flags=re.MULTILINE) == []
