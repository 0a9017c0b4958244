"""The arm and the eye on the bench: a lane's devices while it is set up, and not in service.

Law: an arm that is opened is locked first, and locked again however it is let go. It moves for one person at a time,
when `Arm.pulse` is called and never by itself: a pulse ends by the guard's own deadline, and the next has to wait.

Source: docs/console.md, "Set-up"; docs/hardware.md, "The pulse".
"""

from __future__ import annotations

import contextlib
from typing import Any

from hardware.assemble import build_turnstile
from hardware.frames import FrameSource
from hardware.simulated import SimulatedTurnstile
from hardware.system_clock import SystemClock
from scanner.building_sources import build_cameras
from scanner.config import Config
from scanner.core.errors import InputError
from scanner.panel.aiming import Sight
from scanner.panel.levels import told_levels
from scanner.reading.decode import Decoder, build_decoders
from scanner.reading.picture_limits import BRIGHTEST, DARKEST, SHARP_SHARE
from scanner.wiring import linear_shape, turnstile_settings

PULSE_PAUSE_MS = 2_000
"""From one pulse to the next, at least: a key that is held down moves the arm once."""


class Arm:
    """Relays and contacts of a configuration, opened for trying.

    Raises:
        DeviceError: ``line_busy``, ``line_unknown`` ...: nothing was opened.
    """

    def __init__(self, config: Config, clock: SystemClock) -> None:
        self._section = config.turnstile
        self._clock = clock
        self._turnstile = build_turnstile(turnstile_settings(config.turnstile), clock)
        self._ways: tuple[str, ...] = tuple(turnstile_settings(config.turnstile).ways())
        self.turns: dict[str, int] = {
            way: 0 for way in self._ways if self._turnstile.has_sensor(way)
        }
        self.pulses = dict.fromkeys(self._ways, 0)
        self._last_pulse_ms: int | None = None

    def tick(self) -> None:
        """Count what the contacts reported."""
        for signal in self._turnstile.signals():
            if signal.kind == "passage" and signal.active and signal.direction in self.turns:
                self.turns[signal.direction] += 1

    def pulse(self, way: object) -> None:
        """Open once.

        Raises:
            InputError: ``pulse_way_unknown``, ``pulse_too_soon``; DeviceError: ``line_failed``.
        """
        if way not in self.pulses:
            raise InputError(
                "pulse_way_unknown",
                f"direction {str(way)[:40]!r} is none of this lane's (valid: {', '.join(self._ways)});"
                " nothing was done",
                "name one of the lane's ways",
            )
        now_ms = self._clock.monotonic_ms()
        if self._last_pulse_ms is not None and now_ms - self._last_pulse_ms < PULSE_PAUSE_MS:
            raise InputError(
                "pulse_too_soon",
                f"the last pulse was less than {PULSE_PAUSE_MS} ms ago; the arm stays shut",
                "wait until it is locked again, then ask once",
            )
        self._last_pulse_ms = now_ms
        self._turnstile.pulse(str(way))
        self.pulses[str(way)] += 1

    def turn(self, way: object) -> None:
        """Somebody turns a simulated arm by hand.

        Raises:
            InputError: ``turn_not_simulated``.
        """
        if not isinstance(self._turnstile, SimulatedTurnstile) or way not in self.turns:
            raise InputError(
                "turn_not_simulated",
                "a turn was asked of a real arm; nothing is done",
                "turn the real one by hand",
            )
        self._turnstile.push(str(way))

    def tell(self) -> dict[str, Any]:
        """Levels as a running gate tells them, and what was counted since."""
        levels = told_levels(self._turnstile, self._section)
        return {**levels, "turns": self.turns, "pulses": self.pulses}

    @property
    def has_turned(self) -> bool:
        """Every sensor reported, and rests again."""
        rests = not any(self._turnstile.sensor_active(way) for way in self.turns)
        return bool(self.turns) and all(self.turns.values()) and rests

    def close(self) -> None:
        """Lock, and give the lines back."""
        self._turnstile.close()


class Glance:
    """One camera, its decoder and what it saw."""

    def __init__(self, camera: FrameSource, decoder: Decoder) -> None:
        self.camera = camera
        self.sight = Sight()
        self._decoder = decoder
        self._last_index = 0

    def look(self) -> list[bytes]:
        """Take in the newest frame, if there is one; what was read in it."""
        frame = self.camera.newest(self._last_index, 0.0)
        if frame is None:
            return []
        self._last_index = frame.index
        codes = self._decoder.read(frame)
        self.sight.note(frame, codes)
        return [one.payload for one in codes]


class Eye:
    """The cameras of a configuration; what is shown is the one that read something last."""

    def __init__(self, config: Config, clock: SystemClock) -> None:
        self._clock = clock
        self._opened = contextlib.ExitStack()
        cameras = build_cameras(config, clock, self._opened)
        formats = [section.formats for section in config.cameras.values()]
        shapes = map(linear_shape, config.cameras.values())
        decoders = build_decoders(formats, shapes=shapes, second_opinion=False)
        for decoder in decoders:
            self._opened.callback(decoder.close)
        pairs = zip(cameras.values(), decoders, strict=True)
        self._glances = [Glance(camera, decoder) for camera, decoder in pairs]
        self._shown = self._glances[0] if self._glances else None
        self.is_good = False

    def look(self) -> list[bytes]:
        """What the newest frames hold."""
        found: list[bytes] = []
        for glance in self._glances:
            codes = glance.look()
            if codes:
                self._shown = glance
                self.is_good = self.is_good or self._is_good()
            found += codes
        return found

    def _is_good(self) -> bool:
        told = self.tell()
        return bool(
            DARKEST <= told["exposure"]["mean"] <= BRIGHTEST and told["sharpness"] >= SHARP_SHARE
        )

    def tell(self) -> dict[str, Any]:
        """As a running gate's ``camera``."""
        if self._shown is None:
            return {"state": "none", "reads": []}
        camera, clock = self._shown.camera, self._clock
        told = self._shown.sight.tell(camera.state(), clock.monotonic_ms(), clock.now_ms())
        return told if camera.fault is None else {**told, "fault": camera.fault.message}

    def close(self) -> None:
        """Let go of the cameras."""
        self._opened.close()
