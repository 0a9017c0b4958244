"""Picture advice: why a code may not have been read, in words for the technician.

Law: pure. Says what was measured beside what would be needed; never guesses more than the numbers tell.

Source: docs/decoding.md, "Why a card does not read".
"""

from __future__ import annotations

from scanner.reading.decode_file import PictureReport
from scanner.reading.picture_limits import BRIGHTEST, DARKEST

PIXELS_PER_MODULE = 2
LEAST_SHARPNESS = 60


def advise(report: PictureReport, width: int, height: int, formats: tuple[str, ...]) -> list[str]:
    """One line for each thing that may be in the way."""
    lines = [
        f"tried {len(report.tried)} views ({', '.join(report.tried)})",
        f"looked for {', '.join(formats)}",
        f"picture {width} by {height} pixels",
        f"sharpness {report.sharpness:.0f}, mean brightness {report.mean_brightness:.0f} of 255",
    ]
    if report.verdict.doubtful:
        lines.append(
            f"bars were read {report.verdict.doubtful} times but not believed: the decoders disagree;"
            " hold the card flat and closer"
        )
    if report.sharpness < LEAST_SHARPNESS:
        lines.append(
            f"blurred: sharpness under {LEAST_SHARPNESS}; hold still, clean the lens, set the focus"
        )
    if report.mean_brightness < DARKEST:
        lines.append("very dark: light the lane, or turn the screen's brightness up")
    if report.mean_brightness > BRIGHTEST:
        lines.append("very bright: shorten the exposure, shade the lamp")
    modules = min(width, height) // PIXELS_PER_MODULE
    lines.append(
        f"{PIXELS_PER_MODULE} pixels a module are needed: a code of up to {modules} modules could fit here;"
        " a ticket's QR (version 8) has 49 and needs 98 pixels and its quiet zone"
    )
    return lines
