"""A figure: one measured line of docs/performance.md, the same for every benchmark.

Law: a ratio stands beside its baseline of the same run; ``must`` and ``aim`` are goals that people hold it to, never a
test.

Source: docs/performance.md.
"""

from __future__ import annotations

from dataclasses import dataclass

SMALL, LARGE = 10_000, 1_000_000
"""Grants of the sites that figures compare; ``--large`` of `python benchmarks` makes the second one another."""


@dataclass(frozen=True, slots=True)
class Figure:
    """``number`` of docs/performance.md (None = beside it), value with its unit (``x`` = ratio), goals, and a note.

    ``is_least``: the goals are the least it should be, not the most.
    """

    number: int | None
    what: str
    value: float
    unit: str
    must: float | None = None
    aim: float | None = None
    note: str = ""
    is_least: bool = False

    @property
    def verdict(self) -> str:
        """Word and icon: what the goals make of it."""
        if self.must is None:
            return ""
        if self.aim is not None and self._reaches(self.aim):
            return "★ aim"
        return "✔ must" if self._reaches(self.must) else "✖ missed"

    def _reaches(self, goal: float) -> bool:
        return self.value >= goal if self.is_least else self.value <= goal


def percentile(values: list[float], percent: float) -> float:
    """The value that ``percent`` of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def show(figures: list[Figure]) -> None:
    """Print figures as a table."""
    print(f"{'#':>3}  {'figure':<58} {'value':>10}    {'must':>6} {'aim':>6}  verdict")
    for figure in figures:
        number = "" if figure.number is None else str(figure.number)
        least = "≥" if figure.is_least else ""
        must = "" if figure.must is None else f"{least}{figure.must:g}"
        aim = "" if figure.aim is None else f"{least}{figure.aim:g}"
        line = f"{number:>3}  {figure.what:<58} {figure.value:>10.3f} {figure.unit:<3}"
        print(f"{line}{must:>6} {aim:>6}  {figure.verdict:<7} {figure.note}".rstrip())
