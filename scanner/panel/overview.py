"""Everything that a console shows of a gate at one glance: its status, the day, the line to the central, the machine.

Law: read-only. The lane is asked for its status as anybody asks it; the rest is read beside it. What cannot be read is
None: a screen says "not known", and nothing stops.

Source: docs/architecture.md, "Control socket"; docs/sync.md, "Status".
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from scanner.control import Reply
from scanner.core.rules import SitePolicy
from scanner.core.units import SECOND_MS
from scanner.panel.day_counts import DayCounts
from sync.push_state import PushState, load_push
from sync.session import QUIET
from sync.wire import HEART_BEAT_S

STATUS_BYTES = 256 * 1024
HEAT_FILES = "thermal_zone*/temp"
HEAT_FOLDER = Path("/sys/class/thermal")
MILLI = 1_000
PUSH_SILENT_MS = int(4 * HEART_BEAT_S * SECOND_MS)
"""Sync ends a stream that was silent for three heart-beats; one that is older was left by a sync that is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Of one gate. ``status`` asks the lane; ``policy`` may be asked from any thread."""

    status: Callable[[], Reply]
    policy: Callable[[], SitePolicy]
    counts: DayCounts
    data_dir: Path
    push_path: Path
    wall_ms: Callable[[], int]
    up_ms: Callable[[], int]

    def tell(self) -> Reply:
        """The reply to ``{"do": "overview"}``."""
        status, policy, came = self.status(), self.policy(), self.counts.count()
        return {
            **status,
            "site": {
                "zone": policy.calendar.zone,
                "soft_age_s": policy.soft_age_s,
                "hard_age_s": policy.hard_age_s,
            },
            "today": {"entries": came.entries, "exits": came.exits, "inside": came.inside},
            "network": load_network(self.data_dir / "peers" / "status.json"),
            "push": told_push(load_push(self.push_path), self.wall_ms()),
            "machine": self._machine(),
        }

    def _machine(self) -> dict[str, Any]:
        disk = shutil.disk_usage(self.data_dir)
        return {
            "temperature_c": load_heat(HEAT_FOLDER.glob(HEAT_FILES)),
            "disk_free": disk.free,
            "disk_bytes": disk.total,
            "memory_bytes": _resident_bytes(Path("/proc/self/statm")),
            "load": os.getloadavg()[0],
            "up_s": self.up_ms() // SECOND_MS,
        }


def load_network(path: Path) -> dict[str, Any] | None:
    """The newest contact by sync's own word; None before the first."""
    try:
        with path.open("rb") as file:
            told = msgspec.json.decode(file.read(STATUS_BYTES))
        report = told["report"]
        held = report.get("held_snapshot") or {}
        return {
            "last_at": report["at_ms"],
            "last_ok_at": told.get("last_ok_at_ms"),
            "failures": told.get("failures", 0),
            "have": report.get("have", 0),
            "held": report.get("held", 0),
            "faults": [_fault(one) for one in report.get("faults", ())],
            "waits": _fault(held["doubt"]) if "doubt" in held else None,
        }
    except (OSError, msgspec.MsgspecError, KeyError, TypeError, AttributeError):
        return None


def told_push(push: PushState | None, wall_ms: int) -> dict[str, Any] | None:
    """Whether the central pushes; a stream that is open and silent for too long is not believed."""
    if push is None:
        return None
    silent_ms = wall_ms - (push.heard_at_ms or push.since_ms)
    is_dead = push.is_connected and silent_ms > PUSH_SILENT_MS
    return {
        "state": "silent" if is_dead else "connected" if push.is_connected else "polling",
        "since": push.since_ms,
        "heard_at": push.heard_at_ms,
        "told_at": push.told_at_ms,
        "code": push.code or None,
    }


def _fault(told: dict[str, Any]) -> dict[str, Any]:
    """A fault of a contact; an alarm is one that a person has to look at."""
    words = {name: str(told.get(name, "")) for name in ("code", "message", "hint")}
    return {**words, "is_alarm": not told.get("is_line") and words["code"] not in QUIET}


def load_heat(files: Iterable[Path]) -> float | None:
    """The hottest of the sensors in °C; None where there is none."""
    found = []
    for path in files:
        try:
            found.append(int(path.read_text(encoding="ascii")) / MILLI)
        except (OSError, ValueError):
            continue
    return max(found, default=None)


def _resident_bytes(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def load_peers(path: Path) -> Reply:
    """What is known of each other lane's ledger: how many facts, and when the newest happened."""
    import sqlite3
    from contextlib import closing, suppress
    from urllib.parse import quote

    found: list[dict[str, Any]] = []
    sql = (
        "SELECT device, count(*), max(CASE WHEN json_valid(body) THEN body ->> 'at' END)"
        " FROM fact GROUP BY device ORDER BY device LIMIT 100"
    )
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    with suppress(sqlite3.Error), closing(sqlite3.connect(uri, uri=True, timeout=0.5)) as peers:
        for device, facts, last_at in peers.execute(sql):
            found.append({"device": device, "facts": facts, "last_at": last_at})
    return {"peers": found}
