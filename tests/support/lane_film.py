"""A few frames of somebody who walks up and holds something up to the camera."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from hardware.frames import Frame, read_only
from scanner.reading.candidate import Candidate
from scanner.reading.decode import Decoder
from server_stub.demo.scenes import Scene, Shown, empty_lane, render

FRAME_MS = 33
EMPTY_FRAMES = 3


@cache
def _empty(number: int) -> Frame:
    return Frame(read_only(empty_lane(number)), FRAME_MS * number, number)


def film(shown: tuple[Shown, ...], frames: int, first: int = 0) -> Iterator[Frame]:
    """An empty lane for a moment, then the codes in a hand that is not quite still."""
    for number in range(first, first + EMPTY_FRAMES):
        yield replace(_empty(number - first), captured_ms=FRAME_MS * number, index=number)
    for number in range(first + EMPTY_FRAMES, first + EMPTY_FRAMES + frames):
        held = tuple(replace(one, rotation_deg=one.rotation_deg + number % 3) for one in shown)
        picture = render(Scene(shown=held, seed=number))
        yield Frame(read_only(picture), FRAME_MS * number, number)


def first_read(decoder: Decoder, frames: Iterator[Frame]) -> tuple[int, tuple[Candidate, ...]]:
    """After how many frames with something in view it was read, and what was read."""
    for number, frame in enumerate(frames, start=1 - EMPTY_FRAMES):
        found = decoder.read(frame)
        if found:
            return number, found
    return 0, ()


def all_reads(decoder: Decoder, frames: Iterator[Frame]) -> set[bytes]:
    """Every payload that was read."""
    return {candidate.payload for frame in frames for candidate in decoder.read(frame)}
