"""Builds what a lane reads with: its cameras and wired scanners, each with its way.

Law: wiring only. Whatever was opened is closed in reverse order by the caller's stack. All cameras of a lane share one
second opinion, since one thread looks through them in turn.

Source: docs/hardware.md, "Several sources".
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from hardware.assemble import build_scanner
from hardware.camera import Camera
from hardware.frames import FrameSource
from hardware.replay import ReplayCamera
from hardware.system_clock import SystemClock
from scanner.choosing import Choice
from scanner.config import Config
from scanner.core.credential import clean
from scanner.core.units import Direction
from scanner.hearing import Ear, Hearing
from scanner.lookups import Lookups
from scanner.reading.candidate import Candidate
from scanner.reading.decode import build_decoders
from scanner.sections import CameraSection
from scanner.seeing import Eye, Seeing
from scanner.two_sides import Reader
from scanner.wiring import camera_settings, linear_shape, scanner_settings


def build_seeing(
    config: Config,
    clock: SystemClock,
    lane: Reader,
    lookups: Lookups,
    stack: contextlib.ExitStack,
) -> Seeing:
    """Every camera that the configuration names."""

    def is_known(candidate: Candidate) -> bool:
        return lookups.is_known(clean(candidate.payload), candidate.symbology)

    cameras = build_cameras(config, clock, stack)
    decoders = build_decoders(
        [section.formats for section in config.cameras.values()],
        shapes=map(linear_shape, config.cameras.values()),
    )
    eyes = []
    for (name, section), decoder in zip(config.cameras.items(), decoders, strict=True):
        stack.callback(decoder.close)
        way = _facing(section.direction, lookups)
        eyes.append(Eye(name, cameras[name], decoder, Choice(is_known), way))
    return Seeing(lane, tuple(eyes))


def build_hearing(
    config: Config,
    clock: SystemClock,
    lane: Reader,
    lookups: Lookups,
    stack: contextlib.ExitStack,
) -> Hearing:
    """Every wired scanner that the configuration names."""
    ears = []
    for name, section in config.scanners.items():
        source = build_scanner(scanner_settings(name, section), clock)
        stack.callback(source.close)
        ears.append(Ear(name, source, _facing(section.direction, lookups)))
    return Hearing(lane, tuple(ears))


def build_cameras(
    config: Config, clock: SystemClock, stack: contextlib.ExitStack
) -> dict[str, FrameSource]:
    """The lane's cameras by name; none where the configuration says that it has none."""
    cameras: dict[str, FrameSource] = {}
    for name, section in config.cameras.items():
        cameras[name] = _build_camera(name, section, clock)
        stack.callback(cameras[name].close)
    return cameras


def _build_camera(name: str, section: CameraSection, clock: SystemClock) -> FrameSource:
    if section.source == "replay":
        return ReplayCamera(
            Path(section.path),
            section.fps,
            clock.monotonic_ms,
            follow=section.follow,
            from_newest=section.follow,
            loop=section.loop,
        )
    settings = camera_settings(name, section)
    if section.source == "csi":
        from hardware.csi_camera import open_csi

        return Camera(settings, clock.monotonic_ms, open_csi)
    return Camera(settings, clock.monotonic_ms)


def _facing(named: str, lookups: Lookups) -> Callable[[], Direction]:
    """Which way a source opens: the one that is named, or the gate's, which the snapshot in use may change."""
    if named == "gate":
        return lambda: lookups.gate.direction or Direction.IN
    return lambda: Direction(named)
