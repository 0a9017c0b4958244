"""Settings that are good each for itself and cannot all be true: two cameras at one device, a lane without a relay.

Law: pure; each contradiction is a value: what is wrong, by its place in the file, and what would be right.

Source: docs/configuration.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from scanner.core.errors import ConfigError
from scanner.reading.symbologies import known_formats
from scanner.sections import CameraSection, ScannerSection

if TYPE_CHECKING:
    from scanner.config import Config

CSI_WIDTH_STEP_PX = 64
"""The image processor pads rows to this; a multiple of it comes without padding."""
CAMERAS_MAX = 4
"""One thread looks through all of them, in turn."""

Source = CameraSection | ScannerSection


class Contradiction(NamedTuple):
    """What is wrong, and what would be right."""

    message: str
    hint: str


def contradictions(config: Config, *, may_lack_ways: bool = False) -> Iterator[Contradiction]:
    """Whatever in this file speaks against something else in it."""
    for place, camera in _camera_places(config):
        yield from _of_camera(camera, place)
    yield from _of_sources(config)
    if not may_lack_ways:
        yield from _of_turnstile(config)


def _camera_places(config: Config) -> Iterator[tuple[str, CameraSection]]:
    if isinstance(config.camera, CameraSection):
        yield "camera", config.camera
        return
    for number, camera in enumerate(config.camera):
        yield f"camera[{number}]", camera


def _of_camera(camera: CameraSection, place: str) -> Iterator[Contradiction]:
    try:
        known_formats(camera.formats)
    except ConfigError as error:
        yield Contradiction(f"{place}.formats: {error.message}", error.hint)
    if camera.source == "csi" and camera.width % CSI_WIDTH_STEP_PX:
        yield Contradiction(
            f"{place}.width {camera.width} is no multiple of {CSI_WIDTH_STEP_PX} px, as a ribbon camera needs it",
            "1280 and 640 are such widths",
        )
    if camera.source == "replay" and not camera.path:
        yield Contradiction(
            f"{place}.path is empty, but {place}.source is 'replay'",
            "name the folder or video to play",
        )


def _of_sources(config: Config) -> Iterator[Contradiction]:
    """Each camera and scanner is named once and looks at a device of its own."""
    cameras = [one for one in config.camera_sections if one.source != "none"]
    if len(cameras) > CAMERAS_MAX:
        yield Contradiction(
            f"{len(cameras)} cameras, over {CAMERAS_MAX}",
            "one lane looks through a few; give another lane a gate of its own",
        )
    if any(not scanner.device for scanner in config.scanner):
        yield Contradiction(
            "a [[scanner]] names no device", "name it by /dev/serial/by-id/ or /dev/input/by-id/"
        )
    yield from _of_pairs("camera", cameras, config.cameras)
    yield from _of_pairs("scanner", config.scanner, config.scanners)


def _of_pairs(
    kind: str, listed: Sequence[Source], named: Mapping[str, Source]
) -> Iterator[Contradiction]:
    if len(named) < len(listed):
        yield Contradiction(f"two [[{kind}]] have the same name", "give each a name of its own")
    devices = [_looks_at(one) for one in listed]
    for device in sorted({one for one in devices if devices.count(one) > 1}):
        yield Contradiction(
            f"two [[{kind}]] have the device {device!r}", "give each a device of its own"
        )


def _looks_at(section: Source) -> str:
    if isinstance(section, CameraSection) and section.source == "replay":
        return section.path
    return section.device


def _of_turnstile(config: Config) -> Iterator[Contradiction]:
    turnstile = config.turnstile
    if not config.is_simulated and not (turnstile.way_in.relay or turnstile.way_out.relay):
        yield Contradiction(
            "turnstile.way_in.relay and turnstile.way_out.relay are both empty",
            "name the relay's line (docs/hardware.md), or say turnstile.backend = 'simulated'",
        )
