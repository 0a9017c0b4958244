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


SWITCHED_OFF = re.compile(
    r"noqa:.*TID251|#\s*(?:noqa|ruff: noqa|type: ignore)\s*$", flags=re.MULTILINE
)

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


def refused(file: str) -> set[str]:
    """Which of them are refused in this file, all asked at once: each takes two lines."""
    found = (line for line in refusals("".join(BANNED), file).splitlines() if "TID251" in line)
    return {BANNED[(int(line.split(":")[1]) - 1) // 2] for line in found}


@pytest.mark.parametrize("file", ["scanner/lane_loop.py", "sync/worker.py", "tests/unit/test_x.py"])
def test_the_clock_is_read_nowhere_else(file: str) -> None:
    assert refused(file) == set(BANNED)


def test_the_clock_is_read_in_a_system_clock() -> None:
    assert refused("hardware/system_clock.py") == set()


def test_a_mock_is_no_double() -> None:
    assert "TID251" in refusals("from unittest.mock import Mock\nMock()\n", "tests/unit/test_x.py")


def test_no_file_switches_a_ban_off() -> None:
    texts = {name_of(path): path.read_text(encoding="utf-8") for path in modules() + scripts()}

    assert [name for name, text in texts.items() if SWITCHED_OFF.search(text)] == []
