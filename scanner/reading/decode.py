"""The stream decoder: frame in, candidates out, at camera speed.

Law: a miss must not delay the next frame, so the tries for one code are spread over the frames that show it.
An unreadable frame is lost, never the gate: a decoder's exception is counted and swallowed. Which of several
candidates is a ticket is not decided here. Only the second opinion lives outside this thread.

Source: docs/decoding.md, "The stream".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.frames import Frame
from scanner.change import ChangeTest
from scanner.core.errors import DeviceError
from scanner.reading.candidate import Box, Candidate, Quad, bounds
from scanner.reading.linear_shape import ANY_SHAPE, LinearShape, is_cut_short
from scanner.reading.linear_values import is_same_value, printed_as
from scanner.reading.picture_views import steepened
from scanner.reading.second_opinion import SecondOpinion, ZbarProcess
from scanner.reading.symbologies import DEFAULT_FORMATS, SYMBOLOGIES, known_formats
from scanner.reading.zxing_reader import (
    Binarizer,
    Formats,
    Look,
    build_formats,
    is_structured_append_part,
    payload_of,
    quad_of,
    read_symbols,
    symbology_of,
)
from scanner.tries import FOLLOW_MARGIN_PX, Try, TryPlan

__all__ = ["DEFAULT_FORMATS", "Candidate", "Decoder", "build_decoder", "build_decoders"]

AGREEMENT_FRAMES = 30
"""How long an agreed value is not asked about again."""

SHARPEN_SIGMA_PX = 3.0
SHARPEN_AMOUNT = 3.0


class Decoder:
    """Reads the codes out of one camera's stream of frames.

    Args:
        formats: names of `scanner.reading.symbologies`; each one costs time on every change.
        second_opinion: who confirms linear codes; without one they all are single.
        shape: what linear codes look like here; others are not read.

    Raises:
        ConfigError: `format_unknown`.
    """

    def __init__(
        self,
        formats: Iterable[str] = DEFAULT_FORMATS,
        second_opinion: SecondOpinion | None = None,
        shape: LinearShape = ANY_SHAPE,
    ) -> None:
        self.faults = 0
        self.parts = 0
        self._formats = known_formats(formats)
        self._shape = shape
        self._plan = TryPlan(self._formats)
        self._change = ChangeTest()
        self._second_opinion = second_opinion
        self._zxing_formats: dict[tuple[str, ...], Formats] = {}
        self._frame_count = 0
        self._agreed: tuple[str, bytes] | None = None
        self._agreed_until = 0

    @property
    def fault(self) -> DeviceError | None:
        """Why linear codes get no second opinion; None while they do."""
        return None if self._second_opinion is None else self._second_opinion.fault

    def read(self, frame: Frame) -> tuple[Candidate, ...]:
        """The codes of this frame that could be read in the time of one frame."""
        self._frame_count += 1
        try:
            return self._read(frame)
        except Exception:  # noqa: BLE001 - whatever a decoder raises costs this frame, never the gate
            self.faults += 1
            return ()

    def close(self) -> None:
        """End the second opinion's process; may be called twice.

        zxing-cpp's own objects are let go of: it counts them, and complains on standard error, in lines that are no
        log, about each one that a thread still holds when the interpreter ends.
        """
        self._zxing_formats.clear()
        if self._second_opinion is not None:
            self._second_opinion.close()

    def _read(self, frame: Frame) -> tuple[Candidate, ...]:
        height, width = frame.grey.shape
        changed = self._change.changed_box(frame.grey)
        found: tuple[Candidate, ...] = ()
        read_formats: tuple[str, ...] = ()
        for attempt in self._plan.tries(changed, Box(0, 0, width, height), frame.captured_ms):
            # A harder try for what has been read already would only cost time.
            more = () if attempt.formats == read_formats else self._attempt(frame.grey, attempt)
            if more and not found:
                self._plan.note_read(_box_around(more), attempt)
                read_formats = attempt.formats
            found += more
        return found

    def _attempt(self, grey: NDArray[np.uint8], attempt: Try) -> tuple[Candidate, ...]:
        look = Look(
            invert=attempt.invert,
            rotate=attempt.rotate,
            binarizer=Binarizer.GlobalHistogram if attempt.by_histogram else Binarizer.LocalAverage,
        )
        cut = _prepared(_cut(grey, attempt.box), attempt)
        found: list[Candidate] = []
        for symbol in read_symbols(cut, self._formats_of(attempt.formats), look):
            symbology = symbology_of(symbol)
            if is_structured_append_part(symbol):
                self.parts += 1
            elif symbology is not None:
                name, printed = printed_as(symbology, payload_of(symbol), self._formats)
                found.append(Candidate(printed, name, _moved(quad_of(symbol), attempt)))
        values = [(one.symbology, one.payload) for one in found]
        believable = (one for one in found if self._is_believable(one, values))
        return tuple(self._with_opinion(grey, one) for one in believable)

    def _formats_of(self, names: tuple[str, ...]) -> Formats:
        if names not in self._zxing_formats:
            self._zxing_formats[names] = build_formats(names)
        return self._zxing_formats[names]

    def _is_believable(self, found: Candidate, values: Sequence[tuple[str, bytes]]) -> bool:
        if not found.is_linear:
            return True
        is_whole = not is_cut_short(found.symbology, found.payload, values)
        return is_whole and self._shape.fits(found.payload)

    def _with_opinion(self, grey: NDArray[np.uint8], found: Candidate) -> Candidate:
        return replace(found, agreed=self._is_agreed(grey, found)) if found.is_linear else found

    def _is_agreed(self, grey: NDArray[np.uint8], found: Candidate) -> bool:
        value = symbology, payload = found.symbology, found.payload
        if value == self._agreed and self._frame_count < self._agreed_until:
            return True
        if self._second_opinion is None:
            return False
        height, width = grey.shape
        box = bounds(found.quad).grown(FOLLOW_MARGIN_PX, Box(0, 0, width, height))
        for reading in self._second_opinion.read(_cut(grey, box), (symbology,)) or ():
            name, theirs = printed_as(reading.symbology, reading.payload, self._formats)
            if name == symbology and is_same_value(symbology, payload, theirs):
                self._agreed, self._agreed_until = value, self._frame_count + AGREEMENT_FRAMES
                return True
        return False


def build_decoder(
    formats: Iterable[str] = DEFAULT_FORMATS, *, second_opinion: bool = True
) -> Decoder:
    """A decoder for one camera, with the second opinion that its formats need, unless that is switched off."""
    (decoder,) = build_decoders([formats], second_opinion=second_opinion)
    return decoder


def build_decoders(
    formats: Iterable[Iterable[str]],
    *,
    shapes: Iterable[LinearShape] = (),
    second_opinion: bool = True,
) -> tuple[Decoder, ...]:
    """A decoder for each camera of one lane; they share one second opinion, which one thread asks.

    Args:
        formats: of each camera.
        shapes: of each camera; none = any.
        second_opinion: False leaves linear codes single.

    OpenCV is told to keep to one thread: the lane's small pictures gain nothing, its other threads lose.
    """
    cv2.setNumThreads(1)
    names = [known_formats(of_one) for of_one in formats]
    has_bars = any(SYMBOLOGIES[name].is_linear for of_one in names for name in of_one)
    opinion = ZbarProcess() if has_bars and second_opinion else None
    pairs = zip(names, tuple(shapes) or (ANY_SHAPE,) * len(names), strict=True)
    return tuple(Decoder(of_one, opinion, shape) for of_one, shape in pairs)


def _cut(grey: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    return grey[box.top : box.bottom, box.left : box.right]


def _prepared(grey: NDArray[np.uint8], attempt: Try) -> NDArray[np.uint8]:
    if attempt.sharpen:
        return steepened(grey, SHARPEN_SIGMA_PX, SHARPEN_AMOUNT)
    if attempt.scale == 1:
        return grey
    factor = attempt.scale
    method = cv2.INTER_LINEAR if factor > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(grey, None, fx=factor, fy=factor, interpolation=method), np.uint8)


def _moved(quad: Quad, attempt: Try) -> Quad:
    """Corners in the cut and scaled picture as corners of the frame."""
    left, top, scale = attempt.box.left, attempt.box.top, attempt.scale
    a, b, c, d = ((round(x / scale) + left, round(y / scale) + top) for x, y in quad)
    return a, b, c, d


def _box_around(candidates: tuple[Candidate, ...]) -> Box:
    box = bounds(candidates[0].quad)
    for candidate in candidates[1:]:
        box = box.joined(bounds(candidate.quad))
    return box
