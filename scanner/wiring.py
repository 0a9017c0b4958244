"""The installer's settings, in the words of the lane and of the hardware.

Law: pure translation; a line that is not named is not wired, and nothing is guessed.

Source: docs/configuration.md; docs/hardware.md.
"""

from __future__ import annotations

from typing import Literal

from hardware.camera import CameraSettings
from hardware.line_framer import ScannerSettings
from hardware.pins import OutputLine
from hardware.settings import (
    IndicatorSettings,
    InputSettings,
    TurnstileSettings,
    WaySettings,
)
from scanner.config import Config
from scanner.core.lane_state import LaneSettings, Way
from scanner.reading.linear_shape import LinearShape
from scanner.sections import (
    CameraSection,
    IndicatorSection,
    ScannerSection,
    TurnstileSection,
    WaySection,
)

CONTACT_MIN_MS = 100
"""A fire or housing contact that bounces for less says nothing."""


def turnstile_settings(section: TurnstileSection) -> TurnstileSettings:
    """The arm's pins."""
    return TurnstileSettings(
        backend=section.backend,
        way_in=_way_settings(section, section.way_in),
        way_out=_way_settings(section, section.way_out),
        fire=_contact(section.fire_input, section.fire_contact),
        tamper=_contact(section.tamper_input, section.tamper_contact),
        walk_ms=section.simulated_walk_ms,
    )


def indicator_settings(section: IndicatorSection) -> IndicatorSettings:
    """The lamps' pins."""
    return IndicatorSettings(
        backend=section.backend,
        red=_output(section.red),
        green=_output(section.green),
        amber=_output(section.amber),
        buzzer=_output(section.buzzer),
        reject=_output(section.reject),
    )


def lane_settings(config: Config) -> LaneSettings:
    """Times and sensors, as the state machine needs them."""
    section = config.turnstile
    return LaneSettings(
        way_in=_way(section, section.way_in),
        way_out=_way(section, section.way_out),
        free_ms=section.free_max_min * 60_000,
    )


def camera_settings(name: str, section: CameraSection) -> CameraSettings:
    """What is asked of a real camera."""
    return CameraSettings(
        name=name,
        device=section.device,
        width=section.width,
        height=section.height,
        fps=section.fps,
        exposure_100us=round(section.exposure_ms * 10) or None,
    )


def linear_shape(section: CameraSection) -> LinearShape:
    """What the bars look like that this camera reads."""
    return LinearShape(section.bar_lengths, section.bar_prefixes)


def scanner_settings(name: str, section: ScannerSection) -> ScannerSettings:
    """One wired scanner."""
    return ScannerSettings(
        name=name,
        kind=section.kind,
        device=section.device,
        baud=section.baud,
        terminator=section.terminator,
        gap_ms=section.gap_ms,
        prefix=section.prefix,
        suffix=section.suffix,
        has_aim_id=section.aim_id,
        encoding=section.encoding,
    )


def _way_settings(section: TurnstileSection, way: WaySection) -> WaySettings | None:
    if not way.relay:
        return None
    return WaySettings(
        relay=OutputLine(line=way.relay, active_low=section.active_low),
        passage=_sensor(way),
        pulse_ms=section.pulse_ms,
    )


def _sensor(way: WaySection) -> InputSettings | None:
    if not way.sensor:
        return None
    return InputSettings(
        line=way.sensor,
        contact=way.sensor_contact,
        closes_to=way.sensor_closes_to,
        debounce_ms=way.sensor_debounce_ms,
        min_ms=way.sensor_min_ms,
    )


def _way(section: TurnstileSection, way: WaySection) -> Way | None:
    if not way.relay:
        return None
    return Way(
        watched=bool(way.sensor),
        pulse_ms=section.pulse_ms,
        passage_wait_ms=int(section.passage_wait_s * 1000),
    )


def _output(line: str) -> OutputLine | None:
    return OutputLine(line=line) if line else None


def _contact(line: str, contact: Literal["no", "nc"]) -> InputSettings | None:
    return InputSettings(line=line, contact=contact, min_ms=CONTACT_MIN_MS) if line else None
