"""One presentation, one scan: a code held in front of the reader is read many times and judged once.

Law: pure, a value. Reads of the same cleaned bytes in the same direction less than the debounce time apart, counted
from the last read, are the same presentation; each code has its own timer. So is the code whose own passage is pending,
however long that takes and from whichever side it is seen. ``NOT_PASSED`` ends it: the visitor may try again at once.
An empty read is no scan. Time is this boot's monotonic clock, so no correction of the wall clock makes a scan out of a
read.

Source: docs/decisions.md, "Lane modes".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scanner.core.units import Direction, MonoMs

CODES_MAX = 64
"""Codes remembered at once: more than anybody can show within the debounce time. The oldest is forgotten."""

Shown = tuple[bytes, Direction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentations:
    """What has just been read at a lane.

    Attributes:
        debounce_ms: reads less than this apart are one presentation.
        last_reads: when each code was last read, oldest first.
        pending: the code whose passage is awaited.
    """

    debounce_ms: int
    last_reads: Mapping[Shown, MonoMs] = field(default_factory=dict)
    pending: Shown | None = None

    def see(self, cleaned: bytes, direction: Direction, now: MonoMs) -> tuple[bool, Presentations]:
        """Whether a read is still the same presentation (or none at all), and what is remembered after it."""
        if not cleaned:
            return True, self
        shown = (cleaned, direction)
        is_on_its_way = self.pending is not None and self.pending[0] == cleaned
        is_same = is_on_its_way or self._is_recent(shown, now)
        others = {
            other: at
            for other, at in self.last_reads.items()
            if other != shown and now - at < self.debounce_ms
        }
        while len(others) >= CODES_MAX:
            del others[next(iter(others))]
        return is_same, replace(self, last_reads={**others, shown: now})

    def awaiting(self, cleaned: bytes, direction: Direction) -> Presentations:
        """After a grant: this code's passage is pending."""
        return replace(self, pending=(cleaned, direction))

    def passed(self) -> Presentations:
        """After the passage: the code is remembered by its timer alone."""
        return replace(self, pending=None)

    def forget(self, cleaned: bytes, direction: Direction) -> Presentations:
        """After ``NOT_PASSED``: the code's next read is a new scan."""
        shown = (cleaned, direction)
        kept = {other: at for other, at in self.last_reads.items() if other != shown}
        return replace(
            self, last_reads=kept, pending=None if self.pending == shown else self.pending
        )

    def _is_recent(self, shown: Shown, now: MonoMs) -> bool:
        last = self.last_reads.get(shown)
        return last is not None and now - last < self.debounce_ms
