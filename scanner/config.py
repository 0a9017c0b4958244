"""The installer's file: TOML, strict, every setting with its unit, limits and meaning in one place.

Law: an unknown key is an error that names the valid ones; a value out of range names its limit. Nothing is guessed:
a back end is simulated only because this file says so. The tables below are also docs/configuration.md.

Source: docs/configuration.md (generated from here).
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from scanner.core.errors import ConfigError
from scanner.reading.symbologies import known_formats
from sync.settings import SyncSettings

Meta = msgspec.Meta
CONFIG_BYTES = 256 * 1024
PLACE = re.compile(r"`\$\.([a-z0-9_.]+)")
"""Where msgspec says that a value stands."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSection:
    """What the gate sees."""

    source: Annotated[
        Literal["v4l2", "replay", "none"],
        Meta(description="A camera, a folder or video played as one, or none."),
    ] = "v4l2"
    device: Annotated[str, Meta(description="V4L2 device, best by `/dev/v4l/by-id/…`.")] = (
        "/dev/video0"
    )
    path: Annotated[str, Meta(description="Folder of images or video file to replay.")] = ""
    follow: Annotated[
        bool, Meta(description="Replay: keep showing the last image and wait for new ones.")
    ] = False
    loop: Annotated[bool, Meta(description="Replay: start again at the end.")] = False
    fps: Annotated[float, Meta(ge=1, le=120, description="Frames a second.")] = 30.0
    width: Annotated[int, Meta(ge=160, le=4096, description="Pixels.")] = 1280
    height: Annotated[int, Meta(ge=120, le=4096, description="Pixels.")] = 720
    formats: Annotated[
        tuple[str, ...], Meta(description="Symbologies to read; see docs/decoding.md.")
    ] = ("qr", "aztec", "code128", "pdf417")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole file."""

    gate: GateSection = field(default_factory=GateSection)
    central: CentralSection = field(default_factory=CentralSection)
    camera: CameraSection = field(default_factory=CameraSection)
    turnstile: TurnstileSection = field(default_factory=TurnstileSection)
    indicator: IndicatorSection = field(default_factory=IndicatorSection)

    @property
    def data_dir(self) -> Path:
        """Folder of everything durable."""
        return Path(self.gate.data_dir)

    @property
    def runtime_dir(self) -> Path:
        """Folder of the control socket and the lock."""
        return Path(self.gate.runtime_dir)

    @property
    def sync(self) -> SyncSettings:
        """What the network side needs to know."""
        key_path = self.central.key_path or self.data_dir / "keys" / "device.key"
        return SyncSettings(
            data_dir=self.data_dir,
            runtime_dir=self.runtime_dir,
            key_path=Path(key_path),
            central_url=self.central.url,
            poll_s=self.central.poll_s,
            max_shrink=self.central.max_shrink,
            ca_file=Path(self.central.ca_path) if self.central.ca_path else None,
        )

    @property
    def is_simulated(self) -> bool:
        """True when an arm turns only in software; shown everywhere."""
        return self.turnstile.backend == "simulated"


def load_config(path: Path) -> Config:
    """Read the file.

    Raises:
        ConfigError: ``config_missing``, ``config_not_toml``, ``config_unknown_key``, ``config_bad_value``.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            "config_missing",
            f"configuration {str(path)!r} cannot be read ({error.strerror})",
            "pass --config FILE; docs/configuration.md has an example",
        ) from error
    if len(raw) > CONFIG_BYTES:
        raise ConfigError(
            "config_not_toml", f"{path.name} has {len(raw)} bytes, over {CONFIG_BYTES} bytes"
        )
    return parse_config(raw, path.name)


def parse_config(raw: bytes, name: str) -> Config:
    """The settings of a file's bytes; ``name`` is for messages."""
    try:
        table = tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            "config_not_toml", f"{name}: not TOML: {error}", "mend the line that is named"
        ) from error
    _refuse_unknown_keys(table, Config, name, "")
    _refuse_control_characters(table, name, "")
    try:
        config = msgspec.convert(table, Config, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(
            "config_bad_value",
            f"{name}: {error}{_valid(str(error))}",
            "see docs/configuration.md for the setting's type and limits",
        ) from error
    _refuse_contradictions(config, name)
    return config


def _refuse_unknown_keys(table: dict[str, Any], section: type, name: str, place: str) -> None:
    hints = get_type_hints(section)
    for key, value in table.items():
        if key not in hints:
            valid = ", ".join(sorted(hints))
            raise ConfigError(
                "config_unknown_key",
                f"{name}: {place}{key}: no such setting (valid: {valid})",
                "mend the spelling or take the line out",
            )
        inner = hints[key]
        if dataclasses.is_dataclass(inner) and isinstance(value, dict):
            _refuse_unknown_keys(value, inner, name, f"{place}{key}.")  # type: ignore[arg-type]


def _refuse_control_characters(table: dict[str, Any], name: str, place: str) -> None:
    """No path, address or line of this machine has any; the system's own complaint would name no setting."""
    for key, value in table.items():
        if isinstance(value, dict):
            _refuse_control_characters(value, name, f"{place}{key}.")
        elif isinstance(value, str) and not value.isprintable():
            raise ConfigError(
                "config_bad_value",
                f"{name}: {place}{key}: {value[:40]!r} has characters that cannot be printed",
                "type the value anew; in TOML a backslash is written twice, or the text in 'single quotes'",
            )


def _valid(complaint: str) -> str:
    """What the setting may be that msgspec complains about."""
    found = PLACE.search(complaint)
    kinds = {row.name: row.kind for row in settings_table()}
    return f" (valid: {kinds[found[1]]})" if found and found[1] in kinds else ""


def _refuse_contradictions(config: Config, name: str) -> None:
    try:
        known_formats(config.camera.formats)
    except ConfigError as error:
        raise ConfigError(
            "config_bad_value", f"{name}: camera.formats: {error.message}", error.hint
        ) from error
    if config.camera.source == "replay" and not config.camera.path:
        raise ConfigError(
            "config_bad_value",
            f"{name}: camera.path is empty, but camera.source is 'replay'",
            "name the folder or video to play",
        )
    way = config.turnstile.way_in
    if not config.is_simulated and not (way.relay or config.turnstile.way_out.relay):
        raise ConfigError(
            "config_bad_value",
            f"{name}: turnstile.way_in.relay and turnstile.way_out.relay are both empty",
            "name the relay's line (docs/hardware.md), or say turnstile.backend = 'simulated'",
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of docs/configuration.md."""

    name: str
    kind: str
    default: str
    meaning: str


def settings_table() -> tuple[Setting, ...]:
    """Every setting with type, limits, default and meaning."""
    return tuple(_rows(Config(), ""))


def _rows(section: Any, place: str) -> list[Setting]:
    rows: list[Setting] = []
    hints = get_type_hints(type(section), include_extras=True)
    for item in dataclasses.fields(section):
        value, hint = getattr(section, item.name), hints[item.name]
        if dataclasses.is_dataclass(value):
            rows += _rows(value, f"{place}{item.name}.")
        else:
            kind, meaning = _kind(hint)
            rows.append(Setting(place + item.name, kind, _toml(value), meaning))
    return rows


def _kind(hint: Any) -> tuple[str, str]:
    plain, meta = get_args(hint)
    if get_origin(plain) is Literal:
        kind = " | ".join(f'"{value}"' for value in get_args(plain))
    elif get_origin(plain) is tuple:
        kind = "list of text"
    else:
        kind = {str: "text", bool: "true | false", int: "whole number", float: "number"}[plain]
    if meta.ge is not None:
        kind += f", {meta.ge:g} to {meta.le:g}"
    return kind, meta.description


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{v}"' for v in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
