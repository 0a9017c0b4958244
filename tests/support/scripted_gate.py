"""A gate that answers from a script, in memory: for screens, their pictures and monkeys.

Law: behaves as a gate's socket does: one PIN is right, an act is done only with it, unknown requests are refused. What
was asked and what was done can be looked at afterwards.
"""

from __future__ import annotations

import base64
import queue
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scanner.health.sign import bad, good, look
from scanner.panel.doctoring import told_sign
from ui.gate_line import ANSWER_WITHIN_S, Reply, SilentError

NOW = 1_772_391_321_000
"""Sunday 1 March 2026, 19:55:21 in Paris."""
RIGHT_PIN = "271828"
ACTS = frozenset({"answer", "release", "pulse", "mode", "lamps", "roll_back", "wipe"})

OVERVIEW: dict[str, Any] = {
    "ok": True,
    "gate": {"no": 1, "name": "Museum 1", "zone_no": 1},
    "simulated": False,
    "lane": {"mode": "normal", "phase": "IDLE", "blocked_by": []},
    "reads": {"all": 4210, "same_presentation": 3702, "not_read": 3, "not_recorded": 0},
    "camera": {"state": "streaming", "frames": 90_210, "decoder_faults": 0},
    "clock": {"now": NOW, "state": "trusted"},
    "snapshot": {"seq": 1207, "age_s": 320},
    "doubts": [],
    "question": None,
    "next": None,
    "site": {"zone": "Europe/Paris", "soft_age_s": 3600, "hard_age_s": 259_200},
    "today": {"entries": 1284, "exits": 1071, "inside": 213},
    "ledger": {"head": 20_418},
    "ways": ["in"],
    "push": {
        "state": "connected",
        "since": NOW - 7_200_000,
        "heard_at": NOW - 3_000,
        "told_at": NOW - 95_000,
        "code": None,
    },
    "network": {
        "last_at": NOW - 4_000,
        "last_ok_at": NOW - 4_000,
        "failures": 0,
        "have": 20_405,
        "held": 20_405,
        "faults": [],
        "waits": None,
    },
    "machine": {
        "temperature_c": 61.3,
        "disk_free": 21_300_000_000,
        "disk_bytes": 31_000_000_000,
        "memory_bytes": 148_000_000,
        "load": 0.42,
        "up_s": 187_000,
    },
}

SCAN: dict[str, Any] = {
    "event": "scan",
    "seq": 20_418,
    "at": NOW,
    "direction": "in",
    "outcome": "SUCCESS",
    "reason": "OK",
    "flags": [],
    "remaining": None,
    "seat": None,
    "charged": 1,
    "inspection": False,
    "wait_s": None,
    "valid_until": None,
    "last_used_at": None,
    "last_used_gate": None,
    "colour": "green",
    "icon": "✔",
    "word": "WELCOME",
}

ANSWERS: dict[str, dict[str, Any]] = {
    "success": SCAN | {"remaining": 49, "seat": "A-12"},
    "highlighted": SCAN
    | {
        "outcome": "HIGHLIGHTED",
        "reason": "LAST_ENTRY",
        "flags": ["EXPIRES_SOON"],
        "icon": "★",
        "remaining": 0,
        "valid_until": NOW + 6 * 86_400_000,
    },
    "action": SCAN
    | {
        "outcome": "ACTION",
        "reason": "DETAILS_REQUIRED",
        "colour": "amber",
        "icon": "?",
        "word": "PLEASE WAIT",
    },
    "repeated": SCAN
    | {
        "outcome": "REPEATED",
        "reason": "USED",
        "colour": "orange",
        "icon": "↻",
        "word": "ALREADY SCANNED",
        "last_used_at": NOW - 5_400_000,
        "last_used_gate": 3,
    },
    "declined": SCAN
    | {
        "outcome": "DECLINED",
        "reason": "EXPIRED",
        "colour": "red",
        "icon": "✖",
        "word": "NO ENTRY",
        "valid_until": NOW - 40 * 86_400_000,
    },
    "checked_out": SCAN
    | {
        "outcome": "CHECKED_OUT",
        "reason": "EXIT",
        "colour": "blue",
        "icon": "→",
        "word": "GOODBYE",
        "direction": "out",
    },
}
"""A notice for each outcome."""

_ROWS = (
    ("SUCCESS", "OK", {"passage": "passed"}),
    ("REPEATED", "TOO_SOON", {"passage": "shut", "staff": "force"}),
    ("SUCCESS", "OK", {"passage": "not_passed"}),
    ("ACTION", "DETAILS_REQUIRED", {"passage": "passed", "staff": "accept"}),
    ("DECLINED", "EXPIRED", {"passage": "shut"}),
    ("HIGHLIGHTED", "LAST_ENTRY", {"passage": "passed", "persons": 2}),
    ("CHECKED_OUT", "EXIT", {"passage": "passed"}),
    ("DECLINED", "UNKNOWN", {"passage": "shut", "inspection": True}),
)
SCANS: dict[str, Any] = {
    "ok": True,
    "more": 20_395,
    "scans": [
        {"seq": 20_418 - n, "at": NOW - 9_000 * n, "outcome": outcome, "reason": reason, **more}
        for n, (outcome, reason, more) in enumerate(_ROWS * 3)
    ],
}
EXPLAINED = {
    "en": (
        "✖ NO ENTRY  DECLINED EXPIRED  decision 20414 of G1",
        "The validity is over: an end is exclusive, `now == until` is expired.",
        "",
        "When      2026-03-01 19:54:45 (Europe/Paris)",
        "Clock     trusted",
        "How it was decided",
        "   6  Is there a right behind the code? ✔ yes (rights: 1)",
        "   9  Is the right not over yet? ✖ no → EXPIRED (valid until: 2026-01-20 00:00:00)",
    ),
    "fr": (
        "✖ ENTRÉE REFUSÉE  DECLINED EXPIRED  décision 20414 de G1",
        "La validité est finie.",
        "",
        "Quand     01/03/2026 19:54:45 (Europe/Paris)",
        "Horloge   fiable",
        "Comment c'était décidé",
        "   6  Y a-t-il un droit derrière le code ? ✔ oui (droits : 1)",
        "   9  Le droit court-il encore ? ✖ non → EXPIRED (valable jusqu'au : 20/01/2026 00:00:00)",
    ),
}
HARDWARE: dict[str, Any] = {
    "ok": True,
    "backend": "gpiod",
    "simulated": False,
    "ways": [
        {
            "direction": "in",
            "relay": "GPIO17",
            "relay_on": True,
            "sensor": "GPIO22",
            "sensor_active": False,
        },
        {"direction": "out", "relay": "GPIO27", "relay_on": False, "sensor": None},
    ],
    "inputs": {"fire": False, "tamper": None},
    "scanners": [
        {
            "name": "desk",
            "state": "ready",
            "fault": None,
            "kind": "serial",
            "counts": {"codes": 1_412, "fragments": 2, "unframed": 1},
            "lines": [
                {
                    "bytes": 19,
                    "prefix": True,
                    "aim": "]C1",
                    "code": "99999999999999",
                    "suffix": None,
                    "end": "␍",
                },
                {
                    "bytes": 14,
                    "prefix": False,
                    "aim": "",
                    "code": "9999999999999",
                    "suffix": None,
                    "end": "␍",
                },
            ],
        }
    ],
}
DOCTOR: dict[str, Any] = {
    "ok": True,
    "at": NOW - 6_000,
    "light": "red",
    "signs": [
        told_sign(sign)
        for sign in (
            good("clock", "clock_source"),
            good("rtc", "rtc_well"),
            good("disk", "disk_room", free=21_300, all=31_000),
            look("wear", "wear_share", percent=80),
            good("temperature", "heat", celsius=61),
            good("power", "power_well"),
            look("gate", "gate_doubts", codes="camera_silent"),
            good("relay", "pins_held", lines="GPIO17, GPIO27"),
            good("sensors", "pins_held", lines="GPIO22"),
            good("lamps", "pins_none"),
            bad("camera", "camera_state", state="covered"),
            good("scanners", "scanners_well", count=1),
            good("keys", "keys_well", device="g-3f21"),
            good("snapshot", "snapshot_age", seq="1207", hours=0, minutes=5),
            good("contact", "contact_last", ago=4, unsent=13),
            good("chain", "chain_whole", rows=20_418),
        )
    ],
}
SETTINGS: dict[str, Any] = {
    "ok": True,
    "settings": [
        {
            "name": "gate.data_dir",
            "value": "/var/lib/portillon",
            "source": "default",
            "kind": "text",
            "default": '"/var/lib/portillon"',
            "meaning": "Folder of ledger, cache, peers and keys.",
        },
        {
            "name": "turnstile.pulse_ms",
            "value": 250,
            "source": "file",
            "kind": "whole number, 100 to 2000",
            "default": "300",
            "meaning": "Length of the release pulse.",
        },
        {"name": "debounce_s", "value": 3, "source": "central", "meaning": ""},
    ],
}
LOG: dict[str, Any] = {
    "ok": True,
    "lines": [
        {
            "at_ms": NOW - 60_000,
            "level": "info",
            "from": "portillon.gate",
            "message": "gate Museum 1 is ready",
        },
        {
            "at_ms": NOW - 30_000,
            "level": "warning",
            "from": "portillon.camera",
            "message": "the camera is 'covered'; no code can be read until it is back",
            "code": "camera_silent",
        },
        {
            "at_ms": NOW - 20_000,
            "level": "info",
            "from": "portillon.camera",
            "message": "over: camera_silent",
            "code": "camera_silent",
        },
    ],
}
PEERS: dict[str, Any] = {
    "ok": True,
    "peers": [
        {"device": "d-9f31", "facts": 812, "last_at": NOW - 2_000},
        {"device": "d-77a0", "facts": 790, "last_at": NOW - 11_000},
    ],
}


def plain(text: str) -> str:
    """A screen's text with plain blanks, as it is read aloud."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def picture(width: int = 96, height: int = 54) -> dict[str, Any]:
    """A lane with something bright in the middle of it."""
    levels = bytearray(
        min(255, 60 + 80 * y // height + (110 if _is_code(x, y, width, height) else 0))
        for y in range(height)
        for x in range(width)
    )
    corners = [[0.36, 0.24], [0.62, 0.24], [0.62, 0.72], [0.36, 0.72]]
    grey = base64.b64encode(bytes(levels)).decode()
    return {"width": width, "height": height, "grey": grey, "outlines": [corners]}


def _is_code(x: int, y: int, width: int, height: int) -> bool:
    across, down = x / width, y / height
    return 0.38 < across < 0.6 and 0.28 < down < 0.68 and (x // 2 + y // 3) % 2 == 0


CAMERA: dict[str, Any] = {
    "ok": True,
    "state": "streaming",
    "picture": picture(),
    "sharpness": 71,
    "exposure": {"mean": 118},
    "code": "qr",
    "reads": [
        {"at": NOW - 3_000, "symbology": "qr", "bytes": 214, "shape": "A9:Aa9Aa9aA9…"},
        {"at": NOW - 12_000, "symbology": "code128", "bytes": 12, "shape": "999999999999"},
    ],
}


@dataclass
class ScriptedGate:
    """Fits `ui.gate_line.GateLine`."""

    replies: dict[str, Reply] = field(
        default_factory=lambda: {
            "overview": OVERVIEW,
            "scans": SCANS,
            "hardware": HARDWARE,
            "camera": CAMERA,
            "settings": SETTINGS,
            "log": LOG,
            "peers": PEERS,
            "doctor": DOCTOR,
        }
    )
    is_silent: bool = False
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    told: queue.Queue[Reply | None] = field(default_factory=queue.Queue)

    def ask(self, do: str, within_s: float = ANSWER_WITHIN_S, **fields: object) -> Reply:
        """See `GateLine`."""
        del within_s
        self.asked.append((do, fields))
        if self.is_silent:
            raise SilentError("scripted")
        if do == "explain":
            return {"ok": True, "lines": EXPLAINED[str(fields["language"])]}
        if do not in ACTS:
            return self.replies.get(do, {"ok": False, "code": "control_unknown_command"})
        if fields.get("pin") != RIGHT_PIN:
            return {"ok": False, "code": "operator_pin_wrong", "message": "…", "hint": "…"}
        self.done.append(do)
        return {"ok": True}

    def listen(self) -> Iterator[Reply | None]:
        """See `GateLine`."""
        while True:
            try:
                yield self.told.get(timeout=0.05)
            except queue.Empty:
                yield None


@dataclass
class ScriptedClock:
    """Stands still."""

    at_ms: int = NOW

    def now_ms(self) -> int:
        """See `ui.system_clock.Clock`."""
        return self.at_ms

    def monotonic_ms(self) -> int:
        """See `ui.system_clock.Clock`."""
        return self.at_ms
