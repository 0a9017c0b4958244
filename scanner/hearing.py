"""From wired scanners to the lane: each at its way, the newest code of each, between two frames.

Law: never waits. A scanner that is gone is a doubt that is told once, and the lane goes on with what it has. The same
code before a scanner and a camera is one presentation, because the lane says so, not because somebody here compares.

Source: docs/hardware.md, "Wired scanners".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hardware.line_framer import ScannedLine
from hardware.wired_scanner import LineSource
from scanner.core.units import Direction
from scanner.lane_parts import Read
from scanner.logs import OnceLog
from scanner.panel.raw_lines import told_scanner
from scanner.two_sides import Reader

LOG = logging.getLogger("portillon.scanner")


@dataclass(frozen=True, slots=True)
class Ear:
    """One scanner, and which way a code before it opens."""

    name: str
    source: LineSource
    direction: Callable[[], Direction]
    doubts: OnceLog = field(default_factory=lambda: OnceLog(LOG))


@dataclass(frozen=True, slots=True)
class Hearing:
    """All wired scanners of one lane."""

    lane: Reader
    ears: Sequence[Ear] = ()

    def listen(self) -> bool:
        """Take in what was scanned; True when a scan was decided."""
        answers = [self._listen(ear) for ear in self.ears]
        return any(answers)

    @property
    def doubt_codes(self) -> tuple[str, ...]:
        """Codes of what is wrong with them now."""
        return tuple(sorted({code for ear in self.ears for code in ear.doubts.open_codes}))

    def states(self) -> list[dict[str, Any]]:
        """One line a scanner, for the technician; of the newest lines the shape alone, so no code gets about."""
        return [
            {"name": ear.name, "direction": ear.direction().value, **told_scanner(ear.source)}
            for ear in self.ears
        ]

    def _listen(self, ear: Ear) -> bool:
        _judge(ear)
        line = ear.source.take()
        return line is not None and self._read(line, ear.direction())

    def _read(self, line: ScannedLine, direction: Direction) -> bool:
        return self.lane.read(Read(line.payload, line.symbology), direction) is not None


def _judge(ear: Ear) -> None:
    """Told once when it is gone and once when it is back, however often it is tried again in between."""
    fault = ear.source.fault
    if fault is not None:
        ear.doubts.doubt(fault)
    elif ear.source.state() == "ready":
        ear.doubts.all_settled()
