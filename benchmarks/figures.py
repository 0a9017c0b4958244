"""A figure: one measured line of docs/performance.md, the same for every benchmark.

Law: a ratio stands beside its baseline of the same run; ``must`` and ``aim`` are goals that people hold it to, never a
test.

Source: docs/performance.md.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """``number`` of docs/performance.md (None = beside it), value with its unit (``x`` = ratio), goals, and a note."""

    number: int | None
    what: str
    value: float
    unit: str
    must: float | None = None
    aim: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """Word and icon: what the goals make of it."""
        if self.must is None:
            return ""
        if self.aim is not None and self.value <= self.aim:
            return "★ aim"
        return "✔ must" if self.value <= self.must else "✖ over"


def percentile(values: list[float], percent: float) -> float:
    """The value that ``percent`` of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def show(figures: list[Figure]) -> None:
    """Print figures as a table."""
    print(f"{'#':>3}  {'figure':<58} {'value':>10}    {'must':>6} {'aim':>6}  verdict")
    for figure in figures:
        number = "" if figure.number is None else str(figure.number)
        must = "" if figure.must is None else f"{figure.must:g}"
        aim = "" if figure.aim is None else f"{figure.aim:g}"
        line = f"{number:>3}  {figure.what:<58} {figure.value:>10.3f} {figure.unit:<3}"
        print(f"{line}{must:>6} {aim:>6}  {figure.verdict:<7} {figure.note}".rstrip())
