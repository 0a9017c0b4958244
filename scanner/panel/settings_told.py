"""Every setting with its value, where it comes from, and what it means: the installer's and the site's.

Law: read-only. No secret is a setting; a path to one is told as the file tells it.

Source: docs/configuration.md; docs/console.md, "Settings".
"""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import Any

from scanner.config import Config, Setting, settings_table
from scanner.control import Reply
from scanner.core.rules import SitePolicy

OF_EACH_SCANNER, OF_EACH_CAMERA = "[scanner]", "camera"


def told_settings(config: Config, policy: SitePolicy | None) -> Reply:
    """The reply to ``{"do": "settings"}``; a setting that the file names is from the file, also as shipped."""
    rows = [_row(setting, config) for setting in settings_table()]
    site = [] if policy is None else [_site_row(policy, one.name) for one in fields(policy)]
    return {"settings": [*rows, *site]}


def _row(setting: Setting, config: Config) -> dict[str, Any]:
    return {
        "name": setting.name,
        "value": _shown(_value(config, setting.name)),
        "source": "file" if setting.name in config.named else "default",
        "kind": setting.kind,
        "default": setting.default,
        "meaning": setting.meaning,
    }


def _site_row(policy: SitePolicy, name: str) -> dict[str, Any]:
    return {"name": f"site.{name}", "value": _shown(getattr(policy, name)), "source": "central"}


def _value(config: Config, name: str) -> Any:
    """One value; of a setting that each scanner has (``[scanner].kind``), those of all; of cameras, if they differ."""
    section, _dot, rest = name.partition(".")
    if section == OF_EACH_CAMERA:
        values = tuple(getattr(camera, rest) for camera in config.camera_sections)
        return values[0] if len(set(values)) == 1 else values
    if section == OF_EACH_SCANNER:
        return tuple(getattr(scanner, rest) for scanner in config.scanner)
    found: Any = config
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _shown(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    return str(getattr(value, "zone", value))
