"""One card before sources that face different ways: it goes the way of the one that saw it first.

Law: remembers codes for the debounce time, never for longer, and never opens or refuses by itself. Within one direction
the lane knows one presentation by itself. Between the two of a two-way lane it must not, as who went in may come out
again; but a card between two cameras, or a telephone that is carried through with its screen on, is nobody coming out.
So the source that saw a code first keeps it until it has not seen it for the debounce time; one that opened is kept for
as long as anybody sees it, because it is being carried through.

Source: docs/hardware.md, "Several sources".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scanner.asking import Answer
from scanner.core.credential import clean
from scanner.core.lane_facts import may_open
from scanner.core.units import Direction
from scanner.lane_parts import Counts, Read

CODES_MAX = 64
"""As many as a lane remembers."""


class Reader(Protocol):
    """Whoever decides on what is read: a lane, or these two sides before it."""

    counts: Counts

    def read(self, seen: Read, direction: Direction = ...) -> Answer | None:
        """Decide on what was read; None when it is no new scan."""
        ...


@dataclass(slots=True)
class Sighting:
    """A code in view: which way it went, when it was last seen so, and whether it opened."""

    direction: Direction
    last_ms: int
    has_opened: bool


class TwoSides:
    """Before one lane. ``window_ms`` is its debounce time, which a snapshot may change."""

    def __init__(
        self, lane: Reader, monotonic_ms: Callable[[], int], window_ms: Callable[[], int]
    ) -> None:
        self.counts = lane.counts
        self._lane = lane
        self._monotonic_ms = monotonic_ms
        self._window_ms = window_ms
        self._sightings: dict[bytes, Sighting] = {}

    def read(self, seen: Read, direction: Direction = Direction.IN) -> Answer | None:
        """See `Reader.read`."""
        code, now_ms = clean(seen.payload), self._monotonic_ms()
        self._forget(now_ms)
        first = self._sightings.get(code)
        if first is not None and first.direction is not direction:
            self._see_from_behind(first, now_ms)
            return None
        answer = self._lane.read(seen, direction)
        if answer is not None:
            self._sightings[code] = Sighting(direction, now_ms, may_open(answer.decision))
        elif first is not None:
            first.last_ms = now_ms
        return answer

    def _see_from_behind(self, first: Sighting, now_ms: int) -> None:
        """The same presentation."""
        self.counts.reads += 1
        self.counts.same_presentation += 1
        if first.has_opened:
            first.last_ms = now_ms

    def _forget(self, now_ms: int) -> None:
        window_ms = self._window_ms()
        for code, sighting in list(self._sightings.items()):
            if now_ms - sighting.last_ms >= window_ms or len(self._sightings) > CODES_MAX:
                del self._sightings[code]
