"""The table that `make faults` ends with: what was done to gates, lines and centrals, how often, and what it cost.

Law: a row is fed by the tests that carry ``@pytest.mark.fault(name)`` and by nothing else. A test that plays a fault
more than once, or measures the recovery, says so by `Played`; of every other, one run without loss has been seen,
because it asserts that. Values travel in a report's properties, so they also arrive from another worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import pytest

MARK = "fault"
PROPERTY = "fault_played"

Property = tuple[str, list[Any]]


@dataclass
class Played:
    """How often the fault of this test was played, and what came of it."""

    runs: int = 0
    lost: int = 0
    doubled: int = 0
    recovered_ms: list[int] = field(default_factory=list)

    def add(self, *, lost: int = 0, doubled: int = 0, recovered_ms: int | None = None) -> None:
        """One more run: facts that are missing at the end, facts that are there twice, how long it took to be well."""
        self.runs += 1
        self.lost += lost
        self.doubled += doubled
        if recovered_ms is not None:
            self.recovered_ms.append(recovered_ms)


def properties_of(item: pytest.Item, report: pytest.TestReport) -> list[Property]:
    """What a report has to say for the table."""
    if report.when != "call" or report.skipped:
        return []
    played: Played = getattr(item, "funcargs", {}).get("played") or Played()
    if not played.runs:
        played.add()
    values = [played.runs, played.lost, played.doubled, played.recovered_ms, report.passed]
    return [(PROPERTY, [mark.args[0], *values]) for mark in item.iter_markers(MARK)]


@dataclass
class _Row:
    runs: int = 0
    lost: int = 0
    doubled: int = 0
    recovered_ms: list[int] = field(default_factory=list)
    is_good: bool = True

    def add(self, runs: int, lost: int, doubled: int, recovered_ms: list[int], good: bool) -> None:  # noqa: FBT001
        self.runs += runs
        self.lost += lost
        self.doubled += doubled
        self.recovered_ms += recovered_ms
        self.is_good &= good

    def words(self) -> tuple[str, ...]:
        recovered = "-"
        if self.recovered_ms:
            middle, worst = median(self.recovered_ms) / 1_000, max(self.recovered_ms) / 1_000
            recovered = f"{middle:.2f} (most {worst:.2f})"
        counts = (str(self.runs), str(self.lost), str(self.doubled))
        return (*counts, recovered) if self.is_good else (*counts, "FAILED")


def write_table(reports: Iterable[pytest.TestReport], write: Callable[[str], None]) -> None:
    """One line a fault, sorted by name; nothing where no fault was played."""
    rows: dict[str, _Row] = {}
    for report in reports:
        for name, value in report.user_properties:
            if name == PROPERTY and isinstance(value, (list, tuple)):
                fault, *values = value
                rows.setdefault(fault, _Row()).add(*values)
    if not rows:
        return
    width = max(len("fault"), *map(len, rows))
    lines = [("fault", "runs", "lost", "doubled", "recovered in s")]
    lines += [(fault, *rows[fault].words()) for fault in sorted(rows)]
    write("")
    for fault, runs, lost, doubled, recovered in lines:
        write(f"{fault:<{width}}  {runs:>5}  {lost:>4}  {doubled:>7}  {recovered}")
