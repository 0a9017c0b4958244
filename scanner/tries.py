"""The try plan: what a frame is worth, where to look in it, for which codes, how.

Law: a frame gets at most three calls of the decoder, and only the fourth frame in a row that stays unread gets
that many; what one frame does not try the next one does. Pure but for what it remembers of the stream.

Source: docs/decoding.md, "The stream".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from scanner.reading.candidate import Box
from scanner.reading.symbologies import SYMBOLOGIES

QUIET_FRAMES = 12
"""Frames without change after which a frame is not looked at."""

FULL_LOOK_EVERY_MS = 500
"""However quiet the lane: a code may have faded into the background."""

FOLLOW_FRAMES = 6
"""How long the place of the last code is looked at first."""

STILL_FRAMES = 60
"""The same for full looks: a code that is held still must not seem to come and go."""

LOOK_AROUND_EVERY = 3
"""While a code is followed, one frame of so many looks for others beside it."""

FOLLOW_MARGIN_PX = 60
CHANGE_MARGIN_PX = 24

LINEAR_EVERY = 3
"""Of so many frames one is searched for bars."""

HARDER_EVERY = 4
"""Of so many frames one is sharpened, and the one after it enlarged."""


@dataclass(frozen=True, slots=True)
class Try:
    """One call of the decoder.

    Args:
        box: the part of the frame to look at.
        formats: names of `scanner.reading.symbologies`.
        invert: also look for light codes on dark ground (dark mode).
        rotate: also turn the part by 90°, which only rows of bars need.
        by_histogram: one threshold for the whole part, instead of one for each neighbourhood.
        sharpen: steepen the edges first, against defocus.
        scale: 2 enlarges the part first, 0.5 halves it.
    """

    box: Box
    formats: tuple[str, ...]
    invert: bool = False
    rotate: bool = False
    by_histogram: bool = False
    sharpen: bool = False
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class _Sighting:
    """The last read: where, and the try that made it."""

    box: Box
    made_by: Try
    at_frame: int


class TryPlan:
    """Spreads the tries for what is in front of the lens over the frames that show it."""

    def __init__(self, formats: tuple[str, ...]) -> None:
        self._matrix = tuple(name for name in formats if not SYMBOLOGIES[name].is_linear)
        self._linear = tuple(name for name in formats if SYMBOLOGIES[name].is_linear)
        self._frame_count = 0
        self._turn = 0
        self._quiet_frames = 0
        self._region: Box | None = None
        self._seen: _Sighting | None = None
        self._full_look_due_ms = 0

    def tries(self, changed: Box | None, whole: Box, captured_ms: int) -> list[Try]:
        """The tries that the next frame is worth, best first; none for a quiet lane."""
        self._frame_count += 1
        self._quiet_frames = 0 if changed else self._quiet_frames + 1
        if self._quiet_frames >= QUIET_FRAMES:
            return self._full_look(whole, captured_ms)
        if changed:
            self._region = changed.grown(CHANGE_MARGIN_PX, whole)
        followed = self._followed(whole, FOLLOW_FRAMES)
        if followed is not None and self._frame_count % LOOK_AROUND_EVERY:
            return [followed]
        self._turn += 1
        return self._spread(
            self._region or whole, whole, self._turn - 1, is_unread=followed is None
        )

    def note_read(self, box: Box, made_by: Try) -> None:
        """Remember that a code was read there by this try."""
        self._seen = _Sighting(box, made_by, self._frame_count)

    def _followed(self, whole: Box, frames: int) -> Try | None:
        """What read the last code, at its place, if that is fewer than so many frames ago."""
        seen = self._seen
        if seen is None or self._frame_count - seen.at_frame >= frames:
            return None
        return replace(seen.made_by, box=seen.box.grown(FOLLOW_MARGIN_PX, whole))

    def _spread(self, region: Box, whole: Box, turn: int, *, is_unread: bool) -> list[Try]:
        """The tries of the `turn`-th frame in a row that shows something."""
        is_large = region.area * 2 > whole.area
        tries: list[Try] = []
        if self._matrix:
            formats = self._some_matrix(turn) if is_large else self._matrix
            tries.append(Try(region, formats, invert=turn % 2 == 1))
        if self._linear and (turn % LINEAR_EVERY == 1 or not self._matrix):
            tries.append(self._linear_try(region, turn, is_large=is_large))
        if self._matrix and not is_large and is_unread:
            tries += self._harder(region, turn)
        return tries

    def _harder(self, region: Box, turn: int) -> list[Try]:
        """What one frame in two adds for a matrix code that stays unread; dark mode every second time."""
        invert = turn // HARDER_EVERY % 2 == 1
        frames_to_come = HARDER_EVERY - 1 - turn % HARDER_EVERY
        if frames_to_come == 1:
            return [Try(region, self._matrix, invert=invert, sharpen=True)]
        if frames_to_come == 0:
            return [
                Try(region, self._matrix, invert=invert, scale=2),
                Try(region, self._matrix, invert=invert, by_histogram=True),
            ]
        return []

    def _some_matrix(self, turn: int) -> tuple[str, ...]:
        """QR each time, one other matrix format every second time: the whole frame is costly."""
        others = tuple(name for name in self._matrix if name != "qr")
        if not others or "qr" not in self._matrix:
            return self._matrix
        return ("qr", others[turn // 2 % len(others)]) if turn % 2 else ("qr",)

    def _linear_try(self, region: Box, turn: int, *, is_large: bool) -> Try:
        """Bars in any direction; a large region is halved, a small one sharpened, every second time."""
        again = turn % 2 == 0
        return Try(
            region,
            self._linear,
            invert=turn % 4 == 0,
            rotate=True,
            sharpen=again and not is_large,
            scale=0.5 if is_large and not again else 1,
        )

    def _full_look(self, whole: Box, captured_ms: int) -> list[Try]:
        """Nothing moves: the whole frame twice a second, for one kind of code a time."""
        if captured_ms < self._full_look_due_ms:
            return []
        self._full_look_due_ms = captured_ms + FULL_LOOK_EVERY_MS
        self._turn += 1
        followed = self._followed(whole, STILL_FRAMES)
        if followed is not None and self._turn % LOOK_AROUND_EVERY:
            return [followed]
        if self._linear and (self._turn % LINEAR_EVERY == 0 or not self._matrix):
            return [Try(whole, self._linear, rotate=True, scale=0.5)]
        return [Try(whole, self._some_matrix(self._turn), invert=self._turn // 2 % 2 == 1)]
