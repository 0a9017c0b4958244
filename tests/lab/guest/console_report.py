"""A pytest plugin: tells the host of each test over the guest's console, as it happens.

Law: one line a test, that the host reads: outcome, seconds, name. A test that was skipped is told as such: in the lab
everything has to be there, so the host counts it as failed.

Source: docs/lab.md, "How it is made".
"""

from __future__ import annotations

from pathlib import Path

import pytest

CONSOLE = Path("/dev/ttyS0")
SHOWN_LINES = 30
"""Of a failure: the end is where the reason stands."""


def tell(line: str) -> None:
    """One line to the host."""
    with CONSOLE.open("w", encoding="utf-8") as console:
        console.write(f"\n{line}\n")


class ConsoleReport:
    """What is told of the tests of one boot."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._outcomes: dict[str, str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        tell(f"LAB-TESTS {len(session.items)}")

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        tell(f"LAB-BEGINS {name_of(nodeid)}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid
        self._seconds[name] = self._seconds.get(name, 0.0) + report.duration
        if report.outcome != "passed":
            self._outcomes[name] = report.outcome
            for line in report.longreprtext.splitlines()[-SHOWN_LINES:]:
                tell(f"LAB-SAYS {line}")
        if report.when == "teardown":
            outcome = self._outcomes.get(name, "passed")
            tell(f"LAB-TEST {outcome} {self._seconds[name]:.1f} {name_of(name)}")


def name_of(nodeid: str) -> str:
    """The file's subject and the test's sentence."""
    path, _, test = nodeid.partition("::")
    return f"{Path(path).stem.removeprefix('test_')}::{test}"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(ConsoleReport(), "console-report")
