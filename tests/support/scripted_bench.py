"""A bench that answers from a script, in memory: for the pictures of the set-up wizard.

Law: knows one box, half of it set up. Nothing is written and nothing moves.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from support.scripted_gate import CAMERA, HARDWARE
from ui.gate_line import Reply
from ui.settingup.steps_view import STEPS

REACHED: dict[str, Any] = {
    "ok": True,
    "code": "ok",
    "url": "https://central.example",
    "clock": {"now": 0, "state": "unsynchronised"},
    "interfaces": [
        {"name": "eth0", "is_up": True, "addresses": ["192.0.2.17", "2001:db8::17"]},
        {"name": "wlan0", "is_up": False, "addresses": []},
    ],
}
ANSWERS = {
    "site": "Musée des Moulages",
    "direction": "both",
    "relay_in": "GPIO17",
    "sensor_in": "GPIO22",
    "relay_out": "GPIO27",
    "sensor_out": "",
    "central": "https://central.example",
    "camera": "/dev/video0",
}
DEVICE = {"site": "museum", "gate_no": 3, "central": "https://central.example"}


def look(step: str) -> dict[str, Any]:
    """What the bench tells when somebody has come to ``step``."""
    place = STEPS.index(step)
    steps = {
        name: {"state": "done" if number < place else "open", "why": ""}
        for number, name in enumerate(STEPS)
    }
    steps["network"]["state"] = "done"
    if step == "scan":
        steps["sensor"]["state"] = "passed_over"
    if step == "camera":
        steps[step]["state"] = "done"
    return {
        "ok": True,
        "config": "/etc/portillon/portillon.toml",
        "runtime_dir": "/run/portillon",
        "simulated": False,
        "in_service": step == "scan",
        "is_ours": step != "scan",
        "finished": step == "scan",
        "step": step,
        "steps": steps,
        "missing": [],
        "answers": ANSWERS if place >= STEPS.index("direction") else {"central": ""},
        "is_camera_kept": False,
        "device": DEVICE if place > STEPS.index("enrolment") else None,
        "snapshot_seq": 1207 if place > STEPS.index("enrolment") else 0,
        "errands": {"reach": REACHED},
        "arm": _arm() if step in {"relay", "sensor"} else None,
        "fault": None,
    }


def _arm() -> dict[str, Any]:
    return {**HARDWARE, "turns": {"in": 2}, "pulses": {"in": 1, "out": 0}}


@dataclass
class ScriptedBench:
    """Fits `ui.gate_line.GateLine`."""

    step: str = STEPS[0]
    wrong: dict[str, Any] = field(default_factory=dict)
    """What the last enrolment came back with."""
    is_scanned: bool = False
    _told: queue.Queue[None] = field(default_factory=queue.Queue)

    def ask(self, do: str, within_s: float = 2.0, **fields: object) -> Reply:
        """See `GateLine`."""
        del within_s
        if do == "visit":
            self.step = str(fields["step"])
        self.is_scanned |= do == "word"
        if do == "camera":
            return CAMERA
        found = look(self.step)
        if self.is_scanned:
            found["steps"]["scan"]["state"] = "done"
        if self.wrong:
            found["errands"] = {**found["errands"], "enrol": self.wrong}
        return found if do == "look" else {"ok": True}

    def listen(self) -> Iterator[Reply | None]:
        """See `GateLine`."""
        while True:
            try:
                self._told.get(timeout=0.05)
            except queue.Empty:
                yield None
