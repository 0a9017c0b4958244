"""Decoding: figure 15 of docs/performance.md, and what an empty lane and a stream of visitors cost.

Law: every number stands beside its baseline, measured in the same minute by turns. No test asserts a time.

Use: `python benchmarks/decode_bench.py [--json FILE]`.

Source: docs/decoding.md, "Measured".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import mean, median
from time import process_time

import cv2
import numpy as np
import zxingcpp
from figures import Figure, show
from numpy.typing import NDArray
from pyzbar import pyzbar

from hardware.frames import Frame, read_only
from scanner.reading.decode import DEFAULT_FORMATS, Decoder
from scanner.reading.zxing_reader import build_formats
from server_stub.demo.scenes import Scene, Shown, empty_lane, render

Grey = NDArray[np.uint8]

QR_ONLY = ("qr",)
FRAME_MS = 33
ROUNDS = 15
EMPTY_FRAMES = 150
TICKET = bytes(range(40, 190))
"""150 bytes: a QR of version 8 at level M, as a signed ticket's."""

VISITORS = (
    Shown(payload=b"1" + TICKET),
    Shown(payload=b"2" + TICKET, tilt_deg=35, rotation_deg=15, px_per_module=4),
    Shown(payload=b"3" + TICKET, medium="paper", rotation_deg=90, px_per_module=3),
    Shown(payload=b"4" + TICKET, brightness=0.3, motion_modules=0.6),
    Shown(payload=b"5" + TICKET, inverted=True),
    Shown(payload=b"6" + TICKET, glare=True, moire=0.6, px_per_module=6),
    Shown(payload=b"7" + TICKET, blur_modules=0.5),
    Shown(payload=b"8" + TICKET, covered=0.12, rotation_deg=180),
)


def compared(
    number: int | None, what: str, ours_ms: float, baseline_ms: float, must: float, note: str = ""
) -> Figure:
    """Ours for one of the baseline, both in CPU ms a frame, and both told in the note."""
    told = f"{ours_ms:.3f} / {baseline_ms:.3f} ms"
    return Figure(number, what, ours_ms / baseline_ms, "x", must, None, f"{told} {note}".strip())


def cpu_ms(work: Callable[[], object]) -> float:
    """CPU time of this process for one call: other processes of a busy machine do not count."""
    began_s = process_time()
    work()
    return 1000 * (process_time() - began_s)


def zxing_bare(grey: Grey, formats: tuple[str, ...]) -> list[zxingcpp.Barcode]:
    """The bare decoder's call, its defaults as they come."""
    return zxingcpp.read_barcodes(grey, formats=build_formats(formats))


def zbar_qr(grey: Grey) -> object:
    """Pyzbar on the whole frame, as most programs call it."""
    return pyzbar.decode(grey, symbols=[pyzbar.ZBarSymbol.QRCODE])


def frames(pictures: Iterable[Grey]) -> list[Frame]:
    """Pictures as a 30 fps camera would deliver them."""
    return [
        Frame(read_only(picture), FRAME_MS * number, number)
        for number, picture in enumerate(pictures, start=1)
    ]


def read_all(decoder: Decoder, stream: list[Frame]) -> set[bytes]:
    """Every payload that the stream decoder finds."""
    return {candidate.payload for frame in stream for candidate in decoder.read(frame)}


def figure_15(formats: tuple[str, ...], name: str) -> list[Figure]:
    """One frame at 640 by 480, hit and miss: a new decoder's first frame, so that nothing is skipped."""
    hit = render(Scene(shown=(Shown(payload=TICKET, px_per_module=4),)), 640, 480)
    miss = render(Scene(seed=1, walker=0.4), 640, 480)
    figures = []
    for label, picture in (("hit", hit), ("miss", miss)):
        frame = frames([picture])[0]
        ours, bare = [], []
        for _ in range(ROUNDS):
            decoder = Decoder(formats)
            ours.append(cpu_ms(lambda d=decoder, f=frame: d.read(f)))
            bare.append(cpu_ms(lambda f=frame: zxing_bare(f.grey, formats)))
        figures.append(
            compared(
                15, f"frame → payload, {label}, {name} / bare call", median(ours), median(bare), 1.3
            )
        )
    return figures


def empty_lane_cost() -> list[Figure]:
    """A lane with nobody in it, 1280 by 720, noise and all."""
    stream = frames([empty_lane(seed) for seed in range(20)] * (EMPTY_FRAMES // 20))
    figures = []
    for formats, name in ((QR_ONLY, "qr"), (DEFAULT_FORMATS, "default formats")):
        decoder = Decoder(formats)
        # The first frames of a stream are looked at, whatever they show.
        read_all(decoder, stream[:20])
        later = [Frame(f.grey, f.captured_ms + 10_000, f.index + 1_000) for f in stream]
        ours = cpu_ms(lambda d=decoder, s=later: read_all(d, s)) / len(later)
        zxing = mean(cpu_ms(lambda f=f: zxing_bare(f.grey, QR_ONLY)) for f in stream[:40])
        zbar = mean(cpu_ms(lambda f=f: zbar_qr(f.grey)) for f in stream[:15])
        figures.append(
            compared(None, f"empty lane, {name} / zxing-cpp qr every frame", ours, zxing, 1 / 3)
        )
        figures.append(
            compared(None, f"empty lane, {name} / pyzbar qr every frame", ours, zbar, 1 / 30)
        )
    return figures


def visit(shown: Shown, number: int) -> list[Grey]:
    """A third of a second of empty lane, then half a second of a hand that is not quite still."""
    pictures = [empty_lane(100 * number + step, walker=0.2) for step in range(10)]
    for step in range(15):
        held = {name: getattr(shown, name) for name in Shown.__slots__}
        held["rotation_deg"] = shown.rotation_deg + step % 3
        held["centre"] = (0.5 + 0.004 * step, 0.45)
        scene = Scene(shown=(Shown(**held),), seed=step, walker=0.6)
        pictures.append(render(scene))
    return pictures


def stream_of_visitors() -> list[Figure]:
    """Eight visitors with eight kinds of trouble, one after the other."""
    stream = frames([picture for n, shown in enumerate(VISITORS) for picture in visit(shown, n)])
    wanted = {shown.payload for shown in VISITORS}
    found: set[bytes] = set()
    decoder = Decoder(QR_ONLY)
    ours = cpu_ms(lambda: found.update(read_all(decoder, stream))) / len(stream)
    by_zxing: set[bytes] = set()

    def every_frame() -> None:
        for frame in stream:
            by_zxing.update(symbol.bytes for symbol in zxing_bare(frame.grey, QR_ONLY))

    zxing = cpu_ms(every_frame) / len(stream)
    note = f"read {len(found & wanted)}/8, zxing-cpp on every frame {len(by_zxing & wanted)}/8"
    return [compared(None, "8 visitors, qr / zxing-cpp qr every frame", ours, zxing, 1.0, note)]


def rows() -> list[Figure]:
    """All figures, in one run."""
    cv2.setNumThreads(1)
    return [
        *figure_15(QR_ONLY, "qr"),
        *figure_15(DEFAULT_FORMATS, "default formats"),
        *empty_lane_cost(),
        *stream_of_visitors(),
    ]


if __name__ == "__main__":
    show(rows())
