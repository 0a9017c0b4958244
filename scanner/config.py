"""The installer's file: TOML, strict, every setting with its unit, limits and meaning in one place.

Law: an unknown key is an error that names the valid ones; a value out of range names its limit. Nothing is guessed:
a back end is simulated only because this file says so. The settings stand in `scanner.sections`.

Source: docs/configuration.md (generated from here).
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from scanner.core.errors import ConfigError
from scanner.reading.symbologies import known_formats
from scanner.sections import (
    CameraSection,
    CentralSection,
    GateSection,
    IndicatorSection,
    ScannerSection,
    TurnstileSection,
)
from sync.settings import SyncSettings

CONFIG_BYTES = 256 * 1024
CSI_WIDTH_STEP_PX = 64
PLACE = re.compile(r"`\$\.([a-z0-9_.]+)")
"""Where msgspec says that a value stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole file."""

    gate: GateSection = field(default_factory=GateSection)
    central: CentralSection = field(default_factory=CentralSection)
    camera: CameraSection = field(default_factory=CameraSection)
    scanner: tuple[ScannerSection, ...] = ()
    turnstile: TurnstileSection = field(default_factory=TurnstileSection)
    indicator: IndicatorSection = field(default_factory=IndicatorSection)
    named: frozenset[str] = field(default=frozenset(), compare=False)
    """Settings that the file names itself, by the names of `settings_table`; no setting."""

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
    return dataclasses.replace(config, named=frozenset(_named(table, "")))


def _named(table: dict[str, Any], place: str) -> Iterator[str]:
    """What a table sets; of each wired scanner's settings, those that any of them sets."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _named(value, f"{place}{key}.")
        elif key == "scanner":
            for scanner in value:
                yield from _named(scanner, "[scanner].")
        else:
            yield place + key


def _refuse_unknown_keys(table: dict[str, Any], section: type, name: str, place: str) -> None:
    hints = {key: hint for key, hint in get_type_hints(section).items() if key != "named"}
    for key, value in table.items():
        if key not in hints:
            valid = ", ".join(sorted(hints))
            raise ConfigError(
                "config_unknown_key",
                f"{name}: {place}{key}: no such setting (valid: {valid})",
                "mend the spelling or take the line out",
            )
        inner = hints[key]
        if inner == tuple[ScannerSection, ...]:
            for n, item in enumerate(value if isinstance(value, list) else ()):
                if isinstance(item, dict):
                    _refuse_unknown_keys(item, ScannerSection, name, f"{place}{key}[{n}].")
        elif dataclasses.is_dataclass(inner) and isinstance(value, dict):
            _refuse_unknown_keys(value, inner, name, f"{place}{key}.")  # type: ignore[arg-type]


def _refuse_control_characters(table: dict[str, Any], name: str, place: str) -> None:
    """No path, address or line of this machine has any; the system's own complaint would name no setting."""
    for key, value in table.items():
        if isinstance(value, dict):
            _refuse_control_characters(value, name, f"{place}{key}.")
        elif isinstance(value, list) and key == "scanner":
            for n, item in enumerate(value):
                if isinstance(item, dict):
                    _refuse_control_characters(item, name, f"{place}{key}[{n}].")
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
    if config.camera.source == "csi" and config.camera.width % CSI_WIDTH_STEP_PX:
        raise ConfigError(
            "config_bad_value",
            f"{name}: camera.width {config.camera.width} is no multiple of {CSI_WIDTH_STEP_PX} px,"
            " as a ribbon camera needs it",
            "1280 and 640 are such widths",
        )
    if any(not scanner.device for scanner in config.scanner):
        raise ConfigError(
            "config_bad_value",
            f"{name}: a [[scanner]] names no device",
            "name it by /dev/serial/by-id/ or /dev/input/by-id/",
        )
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
        if item.name == "named":
            continue
        if item.name == "scanner":
            rows += _rows(ScannerSection(), "[scanner].")
        elif dataclasses.is_dataclass(value):
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
