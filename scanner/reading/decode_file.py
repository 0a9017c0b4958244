"""Reading one picture with all the time it needs: for the technician, never on the lane.

Law: every view of the ladder that could still change the answer is tried; a later step is taken only while
the picture is not settled. A wrong value is worse than none.

Source: docs/decoding.md, "All the time it needs".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.reading.candidate import Candidate
from scanner.reading.linear_values import printed_as
from scanner.reading.picture_views import (
    MakeView,
    View,
    as_it_is,
    averaged_down,
    brightened,
    contrasted,
    scaled,
    sharpened,
    shrunk_to,
    softened,
    turned,
)
from scanner.reading.second_opinion import SecondOpinion
from scanner.reading.symbologies import SYMBOLOGIES
from scanner.reading.zxing_reader import (
    Binarizer,
    Look,
    build_formats,
    is_structured_append_part,
    payload_of,
    quad_of,
    read_symbols,
    symbology_of,
)
from scanner.verdict import Reading, Verdict, judge


@dataclass(frozen=True, slots=True)
class Rung:
    """One view, and who looks at it.

    Args:
        binarizers: one look of zxing-cpp each.
        zbar: whether the second decoder looks too.
        linear_only: the view helps bars and harms nothing else's chances, so skip it without bars.
    """

    name: str
    make: MakeView
    binarizers: tuple[Binarizer, ...] = (Binarizer.LocalAverage,)
    zbar: bool = False
    linear_only: bool = False


HANDY_PIXELS = 1_900_000
"""Larger pictures are shrunk to this before the ladder's second step; it leaves room for views of twice the size."""

_BOTH = (Binarizer.LocalAverage, Binarizer.GlobalHistogram)

LADDER: tuple[tuple[Rung, ...], ...] = (
    (
        Rung("as it is", as_it_is, _BOTH, zbar=True),
        Rung("2x enlarged", scaled(2), zbar=True),
    ),
    (
        Rung("1.5x enlarged", scaled(1.5)),
        Rung("3x enlarged", scaled(3)),
        Rung("half size", scaled(0.5), zbar=True),
        Rung("sharpened", sharpened(1, 2, 2), zbar=True),
        Rung("2x sharpened", sharpened(2, 4, 2), zbar=True),
        Rung("2x local contrast", contrasted(2), zbar=True),
        Rung("3x rows averaged", averaged_down(3, 9, 3, 4), linear_only=True),
        Rung("2x global histogram", scaled(2), (Binarizer.GlobalHistogram,)),
        Rung("fixed threshold", as_it_is, (Binarizer.FixedThreshold,)),
    ),
    (
        Rung("softened", softened(1), zbar=True),
        Rung("brightened", brightened(0.5)),
        Rung("2x sharpened more", sharpened(2, 2, 6), _BOTH),
        Rung("quarter size", scaled(0.25)),
        *(Rung(f"turned by {angle}°", turned(angle), zbar=True) for angle in (45, 20, -20)),
    ),
)


@dataclass(frozen=True, slots=True)
class PictureReport:
    """What was found in a picture, and what was done to find it.

    Args:
        tried: the names of the views, in order.
        sharpness: variance of the Laplacian; under about 100 the picture is blurred.
    """

    verdict: Verdict
    tried: tuple[str, ...]
    sharpness: float
    mean_brightness: float

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The codes that are believed."""
        return tuple(candidate for candidate, _ in self.verdict.believed)


def read_picture(
    grey: NDArray[np.uint8], formats: tuple[str, ...], second_opinion: SecondOpinion | None = None
) -> PictureReport:
    """Find every code of these formats in a picture.

    Args:
        grey: height by width.
        formats: names of `scanner.reading.symbologies`.
        second_opinion: who confirms linear codes; without one all of them are single.
    """
    readings: list[Reading] = []
    tried: list[str] = []
    verdict = judge(())
    whole, handy = as_it_is(grey), shrunk_to(grey, HANDY_PIXELS)
    for step, rungs in enumerate(LADDER):
        # The pixels of a telephone's camera are looked at once; twelve more looks would take a minute.
        source = handy if step else whole
        for rung in rungs:
            view = source.seen_through(rung.make) if _is_of_use(rung, formats) else None
            if view is not None:
                tried.append(rung.name)
                readings += _read_with_zxing(view, rung, formats)
                readings += _read_with_zbar(view, rung, formats, second_opinion)
        verdict = judge(readings)
        if verdict.is_settled:
            break
    sharpness = float(cv2.Laplacian(grey, cv2.CV_64F).var())
    return PictureReport(verdict, tuple(tried), sharpness, float(grey.mean()))


def _is_of_use(rung: Rung, formats: Iterable[str]) -> bool:
    return not rung.linear_only or any(SYMBOLOGIES[name].is_linear for name in formats)


def _read_with_zxing(view: View, rung: Rung, formats: tuple[str, ...]) -> list[Reading]:
    readings = []
    for binarizer in rung.binarizers:
        found = read_symbols(view.grey, build_formats(formats), Look(binarizer=binarizer))
        for symbol in found:
            symbology = symbology_of(symbol)
            if symbology is None:
                continue
            name, payload = printed_as(symbology, payload_of(symbol), formats)
            readings.append(
                Reading(
                    name,
                    payload,
                    view.quad(quad_of(symbol)),
                    rung.name,
                    "zxing",
                    text=symbol.text,
                    is_part=is_structured_append_part(symbol),
                )
            )
    return readings


def _read_with_zbar(
    view: View, rung: Rung, formats: tuple[str, ...], second_opinion: SecondOpinion | None
) -> list[Reading]:
    if second_opinion is None or not rung.zbar:
        return []
    found = second_opinion.read(view.grey, formats) or []
    readings = []
    for reading in found:
        name, payload = printed_as(reading.symbology, reading.payload, formats)
        if name in formats:
            quad = view.box_quad(reading.box)
            readings.append(Reading(name, payload, quad, rung.name, "zbar"))
    return readings
