"""What the Settings tab shows: every setting, its value, where it comes from, and what it means.

Law: pure; shows, never changes: the installer's file is the one place to change a setting, the central for a site's.

Source: docs/console.md, "Settings"; docs/configuration.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ui.board import Board
from ui.tongue import Tongue

SOURCES = ("default", "file", "central")


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting. ``mark`` says at a glance that it is not as shipped."""

    name: str
    mark: str
    text: str
    meaning: str


def rows(board: Board, tongue: Tongue, width: int, seek: str = "") -> tuple[SettingRow, ...]:
    """The settings whose name or meaning holds what is sought."""
    found = board.at("settings", "settings") or ()
    shown = (_row(setting, tongue, width) for setting in found)
    wanted = seek.casefold()
    return tuple(r for r in shown if wanted in r.name.casefold() or wanted in r.meaning.casefold())


def caption(found: tuple[SettingRow, ...], seek: str, tongue: Tongue) -> str:
    """What the list shows, in a sentence."""
    if not found:
        return tongue.say("settings_none")
    changed = sum(row.mark.strip() != "" for row in found)
    sought = f"“{seek}”" if seek else "—"
    count = tongue.number(len(found))
    return tongue.say("settings_caption", count=count, changed=changed, seek=sought)


def _row(setting: Mapping[str, Any], tongue: Tongue, width: int) -> SettingRow:
    name, source = str(setting["name"]), str(setting["source"])
    told = tongue.say(f"source_{source}") if source in SOURCES else source
    mark = " " if source == "default" else "●"
    text = f"{mark} {name:<36} {setting['value']!s:<24} {told}"
    return SettingRow(name, mark, text[: max(1, width)], _meaning(setting, tongue))


def _meaning(setting: Mapping[str, Any], tongue: Tongue) -> str:
    site = str(setting["name"]).replace(".", "_")
    meaning = (
        tongue.say(site) if tongue.knows(site) else tongue.tell(str(setting.get("meaning", "")))
    )
    kind, usual = setting.get("kind"), setting.get("default")
    limits = tongue.say("setting_limits", kind=_kind(str(kind), tongue), default=usual)
    return f"{meaning} {limits}" if kind else meaning


def _kind(kind: str, tongue: Tongue) -> str:
    """``whole number, 100 to 2000`` in the reader's language; a choice of words stays as the file has it."""
    name, _, limits = kind.partition(", ")
    told = tongue.say(f"kind_{name}") if tongue.knows(f"kind_{name}") else name
    low, found, high = limits.partition(" to ")
    return tongue.say("kind_range", kind=told, low=low, high=high) if found else told
