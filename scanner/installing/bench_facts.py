"""What a set-up's steps are judged by: read from the files and the last errand, each time anew.

Law: read-only. What cannot be read is not there.

Source: docs/console.md, "Set-up"; docs/sync.md, "Files".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from scanner.config import Config
from scanner.core.errors import GateError
from scanner.installing.steps import Facts, Step
from sync.device import Device, load_device

POINTER_BYTES = 4_096


def load_facts(config: Config, reach: Mapping[str, Any], *, is_in_service: bool) -> Facts:
    """All of them. ``reach``: what became of the last look at the network."""
    device = readable_device(config)
    about = about_of(config)
    return Facts(
        reach=_reach(reach),
        is_enrolled=device is not None,
        is_revoked=device is not None and device.is_revoked,
        snapshot_seq=pointer_seq(config.sync.cache_dir / "current"),
        has_ways=bool(about[Step.RELAY]),
        is_in_service=is_in_service,
        about=about,
    )


def about_of(config: Config) -> dict[str, str]:
    """What a word on a step is about; empty = nothing is fitted, or no gate yet."""
    turnstile = config.turnstile
    level = "low" if turnstile.active_low else "high"
    wired = [
        (name, way)
        for name, way in (("in", turnstile.way_in), ("out", turnstile.way_out))
        if way.relay
    ]
    relays = [f"{name} {way.relay} {level}" for name, way in wired]
    sensors = [f"{name} {way.sensor} {way.sensor_contact}" for name, way in wired if way.sensor]
    eyes = [f"{one.source} {one.path or one.device}" for one in config.cameras.values()]
    device = readable_device(config)
    return {
        Step.RELAY: ", ".join(relays),
        Step.SENSOR: ", ".join(sensors),
        Step.CAMERA: ", ".join(eyes),
        Step.SCAN: "" if device is None else device.device,
    }


def _reach(told: Mapping[str, Any]) -> str:
    if "ok" not in told:
        return ""
    return "ok" if told["ok"] else str(told.get("code") or "errand_failed")


def readable_device(config: Config) -> Device | None:
    """The papers of this device; None where there are none that can be read."""
    try:
        return load_device(config.sync.device_path)
    except (GateError, OSError):
        return None


def pointer_seq(path: Path) -> int:
    """The snapshot that is in place; 0 where there is none."""
    try:
        with path.open("rb") as file:
            return int(msgspec.json.decode(file.read(POINTER_BYTES))["seq"])
    except (OSError, msgspec.MsgspecError, KeyError, TypeError, ValueError):
        return 0


def is_camera_kept(config: Config) -> bool:
    """Cameras that no single answer describes stay as the file has them."""
    sections = config.camera_sections
    return len(sections) > 1 or any(one.source in {"csi", "replay"} for one in sections)
