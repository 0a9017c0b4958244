"""From frame to coil: figure 16 of docs/performance.md.

Law: the gate's own parts in real time: pictures from files at 30 frames a second, decoder, look-ups, durable ledger,
simulated pins. Decoding and the commit are timed by themselves and taken off; what is left is ours. No test asserts a
time.

Use: `python benchmarks/frame_bench.py`.

Source: docs/performance.md.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
from figures import Figure, percentile, show
from scan_bench import DEVICE, build_base

from hardware.indicator import NullIndicator
from hardware.replay import ReplayCamera
from hardware.simulated import SimulatedTurnstile, simulated_settings
from hardware.system_clock import SystemClock
from scanner.choosing import Choice
from scanner.core.lane_state import LaneSettings, Way
from scanner.core.units import Direction, Instant
from scanner.gate_clock import GateClock
from scanner.lane_loop import Lane
from scanner.lane_parts import LanePorts
from scanner.lookups import Lookups
from scanner.reading.decode import Decoder
from scanner.records.ledger import Ledger
from scanner.seeing import Eye, Seeing
from server_stub.demo.scenes import Scene, Shown, empty_lane, render

VISITORS = 40
FRAMES_SHOWN, FRAMES_EMPTY = 5, 8
FPS = 30
MUST_MS, AIM_MS = 10.0, 3.0


@dataclass(slots=True)
class Stopwatch:
    """What one visitor's way took, in ms; the decoder's and the ledger's shares are noted as they happen."""

    decode_ms: float = 0.0
    commit_ms: float = 0.0
    seen_at: float = 0.0
    ours_ms: list[float] = field(default_factory=list)

    def time(self, share: str, call: Any) -> Any:
        """``call`` with its time added to a share."""

        def timed(*arguments: Any, **named: Any) -> Any:
            began = perf_counter()
            try:
                return call(*arguments, **named)
            finally:
                setattr(self, share, getattr(self, share) + (perf_counter() - began) * 1e3)

        return timed

    def coil(self, call: Any) -> Any:
        """``call`` (the pulse), which ends a visitor's way."""

        def timed(direction: str) -> None:
            whole = (perf_counter() - self.seen_at) * 1e3
            self.ours_ms.append(whole - self.decode_ms - self.commit_ms)
            call(direction)

        return timed

    def watch(self, camera: ReplayCamera) -> Any:
        """The camera's ``newest``, which begins a frame's way."""

        def newest(after: int, timeout_s: float) -> Any:
            frame = ReplayCamera.newest(camera, after, timeout_s)
            self.seen_at, self.decode_ms, self.commit_ms = perf_counter(), 0.0, 0.0
            return frame

        return newest


def draw(folder: Path, tickets: list[bytes]) -> int:
    """Pictures of visitors with empty lanes between them; how many."""
    number = 0
    for seed, ticket in enumerate(tickets):
        pictures = [empty_lane(seed)] * FRAMES_EMPTY
        scene = Scene(shown=(Shown(payload=ticket, rotation_deg=seed % 20),), seed=seed)
        pictures += [render(scene)] * FRAMES_SHOWN
        for picture in pictures:
            number += 1
            cv2.imwrite(str(folder / f"{number:05d}.png"), picture)
    return number


def rows() -> list[Figure]:
    """Figure 16."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        ours_ms = _measure(Path(scratch), stack)
    if len(ours_ms) < VISITORS:
        raise RuntimeError(f"{len(ours_ms)} of {VISITORS} visitors were admitted: no honest figure")
    note = f"p50 {percentile(ours_ms, 50):.2f} ms, {len(ours_ms)} visitors"
    return [
        Figure(
            16,
            "frame → coil − decode − commit, p99",
            percentile(ours_ms, 99),
            "ms",
            MUST_MS,
            AIM_MS,
            note,
        )
    ]


def _measure(folder: Path, stack: contextlib.ExitStack) -> list[float]:
    clock, watch = SystemClock(), Stopwatch()
    tickets = build_base(folder / "cache", 10_000, clock.now_ms())[1 : 2 * VISITORS : 2]
    (folder / "frames").mkdir()
    frames = draw(folder / "frames", tickets)
    seeing, lane = _build(folder, clock, watch, stack)
    _run(seeing, lane, frames / FPS + 1)
    return watch.ours_ms


def _build(
    folder: Path, clock: SystemClock, watch: Stopwatch, stack: contextlib.ExitStack
) -> tuple[Seeing, Lane]:
    ledger = stack.enter_context(Ledger.open(folder / "ledger", DEVICE))
    lookups = Lookups(folder / "cache", ledger.own)
    stack.callback(lookups.close)
    turnstile = stack.enter_context(
        SimulatedTurnstile(simulated_settings(watched=False, pulse_ms=100), clock)
    )
    turnstile.pulse = watch.coil(turnstile.pulse)  # type: ignore[method-assign]
    ledger.append = watch.time("commit_ms", ledger.append)  # type: ignore[method-assign]
    ports = LanePorts(
        clock=GateClock(clock, folder / "none.json", Instant(0)),
        ledger=ledger,
        lookups=lookups,
        turnstile=turnstile,
        indicator=NullIndicator(),
    )
    lane = Lane(ports, LaneSettings(way_in=Way(watched=False, pulse_ms=100)))
    camera = ReplayCamera(folder / "frames", FPS, clock.monotonic_ms)
    stack.callback(camera.close)
    camera.newest = watch.watch(camera)  # type: ignore[method-assign]
    decoder = Decoder(("qr",))
    decoder.read = watch.time("decode_ms", decoder.read)  # type: ignore[method-assign]
    eye = Eye("camera", camera, decoder, Choice(lambda _c: False), lambda: Direction.IN)
    return Seeing(lane, (eye,)), lane


def _run(seeing: Seeing, lane: Lane, seconds: float) -> None:
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    while not stop.is_set():
        seeing.look(0.02)
        lane.tick()
    timer.join()


if __name__ == "__main__":
    show(rows())
