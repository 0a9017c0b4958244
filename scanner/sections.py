"""Every setting of the installer's file, with its unit, limits and meaning: values only.

Law: what stands here is what there is; the tables below are also docs/configuration.md. No default names a line of the
turnstile, because wiring is never guessed.

Source: docs/configuration.md (generated from here).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import msgspec

Meta = msgspec.Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSection:
    """Where this gate keeps its files."""

    data_dir: Annotated[str, Meta(description="Folder of ledger, cache, peers and keys.")] = (
        "/var/lib/portillon"
    )
    runtime_dir: Annotated[
        str, Meta(description="Folder of the control socket; empty after a boot.")
    ] = "/run/portillon"
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING"], Meta(description="Least level of log lines.")
    ] = "INFO"


@dataclass(frozen=True, slots=True, kw_only=True)
class CentralSection:
    """The central this gate syncs with."""

    url: Annotated[
        str, Meta(description="Address of the central; plain http only on this machine.")
    ] = ""
    poll_s: Annotated[float, Meta(ge=0.2, le=3600, description="Seconds between two contacts.")] = (
        30.0
    )
    max_shrink: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="Share of its grants that a new snapshot may lack before a person has to say yes.",
        ),
    ] = 0.5
    key_path: Annotated[
        str, Meta(description="The device key; empty = `keys/device.key` in data_dir.")
    ] = ""
    ca_path: Annotated[
        str, Meta(description="Certificates to trust for https; empty = those shipped.")
    ] = ""


SourceName = Annotated[
    str, Meta(description="What it is called beside the others; empty = by its place here.")
]
SourceDirection = Annotated[
    Literal["gate", "in", "out"],
    Meta(description="Which way its codes open; gate = as the central says of this lane."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSection:
    """One camera; a lane with several has a `[[camera]]` for each."""

    name: SourceName = ""
    direction: SourceDirection = "gate"
    source: Annotated[
        Literal["v4l2", "csi", "replay", "none"],
        Meta(description="A USB or a ribbon camera, a folder or video played as one, or none."),
    ] = "v4l2"
    device: Annotated[
        str, Meta(description="V4L2 device, best by `/dev/v4l/by-id/…`; csi: its number.")
    ] = "/dev/video0"
    path: Annotated[str, Meta(description="Folder of images or video file to replay.")] = ""
    follow: Annotated[
        bool, Meta(description="Replay: keep showing the last image and wait for new ones.")
    ] = False
    loop: Annotated[bool, Meta(description="Replay: start again at the end.")] = False
    fps: Annotated[float, Meta(ge=1, le=120, description="Frames a second.")] = 30.0
    width: Annotated[int, Meta(ge=160, le=4096, description="Pixels.")] = 1280
    height: Annotated[int, Meta(ge=120, le=4096, description="Pixels.")] = 720
    exposure_ms: Annotated[
        float,
        Meta(
            ge=0, le=100, description="Fixed exposure; 0 = automatic. Short: no blur, needs light."
        ),
    ] = 0.0
    formats: Annotated[
        tuple[str, ...], Meta(description="Symbologies to read; see docs/decoding.md.")
    ] = ("qr", "aztec", "code128", "pdf417")
    bar_lengths: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=80)], ...],
        Meta(description="Bars are read only if they have so many characters; empty = any."),
    ] = ()
    bar_prefixes: Annotated[
        tuple[str, ...],
        Meta(description="Bars are read only if they begin with one of these; empty = any."),
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerSection:
    """One wired scanner; a lane may have several, each a `[[scanner]]` of its own."""

    name: SourceName = ""
    kind: Annotated[
        Literal["serial", "keyboard"],
        Meta(description="RS-232 or USB-CDC, or a USB keyboard wedge."),
    ] = "serial"
    device: Annotated[
        str, Meta(description="Best by `/dev/serial/by-id/…` or `/dev/input/by-id/…`.")
    ] = ""
    direction: SourceDirection = "gate"
    baud: Annotated[int, Meta(ge=1200, le=921_600, description="Serial: signs a second.")] = 9_600
    terminator: Annotated[
        Literal["any", "cr", "lf", "tab", "etx"],
        Meta(description="What ends a code; any = carriage return or line feed."),
    ] = "any"
    gap_ms: Annotated[
        int, Meta(ge=20, le=2000, description="A pause this long makes a code a fragment.")
    ] = 200
    prefix: Annotated[str, Meta(description="What it puts before each code; required then.")] = ""
    suffix: Annotated[str, Meta(description="What it puts after each code; required then.")] = ""
    aim_id: Annotated[
        bool, Meta(description="It puts the AIM identifier (`]Q1`) before each code.")
    ] = False
    encoding: Annotated[
        Literal["utf-8", "latin-1"], Meta(description="Characters of the line.")
    ] = "utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaySection:
    """Lines of one direction of the turnstile; empty = not wired. A line is a name or ``chip-label/offset``."""

    relay: Annotated[str, Meta(description="Output line that releases the arm.")] = ""
    sensor: Annotated[
        str, Meta(description="Input line that reports a passage; empty = nothing watches.")
    ] = ""
    sensor_contact: Annotated[
        Literal["no", "nc"],
        Meta(description="Contact that closes (no) or opens (nc) on a passage."),
    ] = "no"
    sensor_closes_to: Annotated[
        Literal["ground", "supply"], Meta(description="What the closed contact connects to.")
    ] = "ground"
    sensor_debounce_ms: Annotated[
        int, Meta(ge=0, le=100, description="A level counts once stable for this long.")
    ] = 5
    sensor_min_ms: Annotated[
        int, Meta(ge=0, le=5000, description="Shorter reports are ignored.")
    ] = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnstileSection:
    """The arm: relay, passage sensors and their times."""

    backend: Annotated[
        Literal["gpiod", "rpi_gpio", "simulated"],
        Meta(description="How pins are driven. Simulated only if you say so here."),
    ] = "gpiod"
    pulse_ms: Annotated[int, Meta(ge=100, le=2000, description="Length of the release pulse.")] = (
        300
    )
    passage_wait_s: Annotated[
        float, Meta(ge=1, le=60, description="How long a person may take to turn the arm.")
    ] = 5.0
    free_max_min: Annotated[
        int, Meta(ge=1, le=1440, description="How long the free mode lasts at most, in minutes.")
    ] = 30
    active_low: Annotated[bool, Meta(description="Relay boards that switch on at 0 V.")] = False
    fire_input: Annotated[
        str, Meta(description="Input that reports the fire contact (never drives it).")
    ] = ""
    fire_contact: Annotated[
        Literal["no", "nc"],
        Meta(description="Fire contact; nc, so that a cut wire reads as fire."),
    ] = "nc"
    tamper_input: Annotated[str, Meta(description="Input of the housing's contact.")] = ""
    tamper_contact: Annotated[
        Literal["no", "nc"],
        Meta(description="Housing contact; nc, so that a cut wire reads as opened."),
    ] = "nc"
    simulated_walk_ms: Annotated[
        int,
        Meta(ge=0, le=60_000, description="Simulation: a person turns the arm after this."),
    ] = 800
    way_in: Annotated[WaySection, Meta(description="Lines of the way in.")] = field(
        default_factory=WaySection
    )
    way_out: Annotated[WaySection, Meta(description="Lines of the way out.")] = field(
        default_factory=WaySection
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorSection:
    """Lamps and buzzer."""

    backend: Annotated[
        Literal["gpiod", "rpi_gpio", "simulated", "none"],
        Meta(description="How lamps are driven; none = no lamps wired."),
    ] = "none"
    red: Annotated[str, Meta(description="Output line.")] = ""
    green: Annotated[str, Meta(description="Output line.")] = ""
    amber: Annotated[str, Meta(description="Output line.")] = ""
    buzzer: Annotated[str, Meta(description="Output line.")] = ""
    reject: Annotated[
        str, Meta(description="Output line that is on for half a second after a refusal.")
    ] = ""
