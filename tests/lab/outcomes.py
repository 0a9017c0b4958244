"""What the lab's tests came to: read from the guest's console, shown as they come, and as a table at the end.

Law: a test that was skipped, or began and was never heard of again, has failed. A boot that tells of fewer tests than
it collected has failed.

Source: docs/lab.md.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field

SAYS = "LAB-SAYS "
"""The guest's words about what failed."""
TEST = re.compile(r"^LAB-TEST (\w+) ([\d.]+) (.+)$")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row."""

    subject: str
    sentence: str
    passed: bool
    seconds: float
    note: str = ""


@dataclass
class Table:
    """All rows so far. A terminal also sees which test runs now."""

    rows: list[Outcome] = field(default_factory=list)

    def add(self, name: str, seconds: float, *, passed: bool, note: str = "") -> None:
        """A test has ended."""
        subject, _, test = name.partition("::")
        sentence = test.removeprefix("test_").replace("_", " ")
        row = Outcome(subject.replace("_", " "), sentence, passed, seconds, note)
        self.rows.append(row)
        say(text_of(row))

    def hear(self, line: str) -> None:
        """A line of the console, of which most are not for us."""
        if found := TEST.match(line):
            outcome, seconds, name = found.groups()
            note = "" if outcome == "passed" else outcome
            self.add(name, float(seconds), passed=outcome == "passed", note=note)
        elif line.startswith(SAYS):
            say(f"lab:     {line.removeprefix(SAYS)}")

    @property
    def has_failed(self) -> bool:
        """True when anything did, or nothing was run."""
        return not self.rows or not all(row.passed for row in self.rows)

    def text(self) -> str:
        """The table as the end of a run, subject by subject."""
        parts = []
        for subject in dict.fromkeys(row.subject for row in self.rows):
            rows = [row for row in self.rows if row.subject == subject]
            parts.append(f"\n{subject}\n" + "\n".join(text_of(row, indent="  ") for row in rows))
        failed = sum(not row.passed for row in self.rows)
        seconds = sum(row.seconds for row in self.rows)
        return "\n".join(
            (*parts, f"\n{len(self.rows)} tests, {failed} failed, {seconds:.0f} s in them")
        )


def text_of(row: Outcome, indent: str = "lab:   ") -> str:
    """One row."""
    mark, note = ("✔" if row.passed else "✖"), (f" ({row.note})" if row.note else "")
    return f"{indent}{mark} {row.seconds:6.1f} s  {row.sentence}{note}"


def say(text: str) -> None:
    """A line for who watches."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
