"""The installer's file: TOML, strict, every setting with its unit, limits and meaning in one place.

Law: an unknown key is an error that names the valid ones; a value out of range names its limit. Nothing is guessed:
a back end is simulated only because this file says so. The settings stand in `scanner.sections`.

Source: docs/configuration.md (generated from here).
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from scanner.contradictions import contradictions
from scanner.core.errors import ConfigError
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
PLACE = re.compile(r"`\$\.([a-z0-9_.\[\]]+)")
"""Where msgspec says that a value stands."""
INDEX = re.compile(r"\[\d*\]")
"""Which of several tables of one name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole file."""

    gate: GateSection = field(default_factory=GateSection)
    central: CentralSection = field(default_factory=CentralSection)
    camera: CameraSection | tuple[CameraSection, ...] = field(default_factory=CameraSection)
    scanner: tuple[ScannerSection, ...] = ()
    turnstile: TurnstileSection = field(default_factory=TurnstileSection)
    indicator: IndicatorSection = field(default_factory=IndicatorSection)
    named: frozenset[str] = field(default=frozenset(), compare=False)
    """Settings that the file names itself, by the names of `settings_table`; no setting."""

    @property
    def camera_sections(self) -> tuple[CameraSection, ...]:
        """Every camera's table as it stands: the one `[camera]`, or each `[[camera]]`."""
        return self.camera if isinstance(self.camera, tuple) else (self.camera,)

    @property
    def cameras(self) -> dict[str, CameraSection]:
        """The cameras that the lane has, by what they are called; one alone is just *camera*."""
        names = _called("camera", self.camera_sections, is_alone=self.camera_sections[1:] == ())
        found = zip(names, self.camera_sections, strict=True)
        return {name: section for name, section in found if section.source != "none"}

    @property
    def scanners(self) -> dict[str, ScannerSection]:
        """The wired scanners, by what they are called."""
        return dict(zip(_called("scanner", self.scanner), self.scanner, strict=True))

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


def _called(
    kind: str, sections: Sequence[CameraSection | ScannerSection], *, is_alone: bool = False
) -> list[str]:
    """Each by the name that it was given, else by its place in the file, from 1."""
    return [
        f"{kind} {section.name or number}" if section.name or not is_alone else kind
        for number, section in enumerate(sections, start=1)
    ]


def load_config(path: Path, *, may_lack_ways: bool = False) -> Config:
    """Read the file. ``may_lack_ways``: also one whose turnstile is still to be answered for.

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
    return parse_config(raw, path.name, may_lack_ways=may_lack_ways)


def parse_config(raw: bytes, name: str, *, may_lack_ways: bool = False) -> Config:
    """The settings of a file's bytes; ``name`` is for messages."""
    try:
        table = tomllib.loads(raw.decode("utf-8-sig"))  # some editors begin a file with a mark
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
    for message, hint in contradictions(config, may_lack_ways=may_lack_ways):
        raise ConfigError("config_bad_value", f"{name}: {message}", hint)
    return dataclasses.replace(config, named=frozenset(_named(table, "")))


def _named(table: dict[str, Any], place: str) -> Iterator[str]:
    """What a table sets; of the settings that each scanner or camera has, those that any of them sets."""
    for key, value in table.items():
        inner = "[scanner]." if key == "scanner" else f"{place}{key}."
        found = _tables(value, key)
        for _where, one in found:
            yield from _named(one, inner)
        if not found:
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
        inner = _section_of(hints[key])
        if inner is not None:
            for where, found in _tables(value, f"{place}{key}"):
                _refuse_unknown_keys(found, inner, name, f"{where}.")


def _section_of(hint: Any) -> type | None:
    """The section that a table, or each table of a list, is; None for a plain setting."""
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return hint
    return next((found for part in get_args(hint) if (found := _section_of(part))), None)


def _tables(value: Any, place: str) -> list[tuple[str, dict[str, Any]]]:
    """A table, or those of a list, each with its place."""
    if isinstance(value, dict):
        return [(place, value)]
    found = enumerate(value if isinstance(value, list) else ())
    return [(f"{place}[{n}]", one) for n, one in found if isinstance(one, dict)]


def _refuse_control_characters(table: dict[str, Any], name: str, place: str) -> None:
    """No path, address or line of this machine has any; the system's own complaint would name no setting."""
    for key, value in table.items():
        for where, found in _tables(value, f"{place}{key}"):
            _refuse_control_characters(found, name, f"{where}.")
        if isinstance(value, str) and not value.isprintable():
            raise ConfigError(
                "config_bad_value",
                f"{name}: {place}{key}: {value[:40]!r} has characters that cannot be printed",
                "type the value anew; in TOML a backslash is written twice, or the text in 'single quotes'",
            )


def _valid(complaint: str) -> str:
    """What the setting may be that msgspec complains about."""
    found = PLACE.search(complaint)
    kinds = {row.name.replace("[scanner]", "scanner"): row.kind for row in settings_table()}
    kind = kinds.get(INDEX.sub("", found[1])) if found else None
    return f" (valid: {kind})" if kind else ""


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
        kind = "list of text" if get_args(plain)[0] is str else "list of whole numbers"
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
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
