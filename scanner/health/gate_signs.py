"""What a gate's own state means: is it running, its pins, camera, scanners, keys, snapshot, contact and ledger.

Law: pure: what the gate says of itself (its status), what the files say, and a sign out. A gate that is not running is
red, and its devices are then looked at without being touched.

Source: docs/hardware.md, "Health".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scanner.health.sign import Sign, bad, good, look

Status = Mapping[str, Any]
"""The reply to ``{"do": "status"}``."""

OLD_S, TOO_OLD_S = 86_400, 7 * 86_400
SILENT_S = 3_600
UNSENT_MANY = 10_000
GATE = "portillon"


@dataclass(frozen=True, slots=True)
class LineState:
    """A pin: what for, and who has it (empty = nobody). ``fault``: it cannot be found, and why."""

    line: str
    purpose: str
    holder: str = ""
    fault: str = ""


def gate_sign(status: Status | None, why: str = "") -> Sign:
    """Does it run, in which mode, and what does it doubt?"""
    if status is None:
        return bad("gate", "gate_silent", why=why)
    lane, doubts = status["lane"], status["doubts"]
    if lane["blocked_by"]:
        return bad("gate", "gate_blocked", blocks=", ".join(lane["blocked_by"]))
    if doubts:
        return look("gate", "gate_doubts", codes=", ".join(doubts))
    if lane["mode"] != "normal":
        return look("gate", f"gate_{lane['mode']}")
    return good("gate", "gate_well")


def pins_sign(
    name: str, lines: Sequence[LineState], *, is_simulated: bool, is_running: bool
) -> Sign:
    """Are the lines there, and are they ours?"""
    if is_simulated:
        return look(name, "pins_simulated")
    if not lines:
        return good(name, "pins_none")
    missing = [f"{line.line} ({line.fault})" for line in lines if line.fault]
    taken = [f"{line.line} ({line.holder})" for line in lines if line.holder not in ("", GATE)]
    if missing:
        return bad(name, "pins_missing", told=", ".join(missing))
    if taken:
        return bad(name, "pins_taken", told=", ".join(taken))
    free = [line.line for line in lines if not line.holder]
    if is_running and free:
        return bad(name, "pins_not_held", lines=", ".join(free))
    text = "pins_held" if is_running else "pins_free"
    return good(name, text, lines=", ".join(line.line for line in lines))


def cameras_sign(status: Status | None, found: Mapping[str, bool]) -> Sign:
    """Do they send pictures? ``found``: each camera, and whether its device is there."""
    if not found:
        return good("camera", "camera_none")
    if status is None:
        gone = [name for name, is_there in found.items() if not is_there]
        if gone:
            return bad("camera", "cameras_gone", names=", ".join(gone))
        return look("camera", "cameras_plugged", names=", ".join(found))
    cameras = _cameras(status)
    if len(cameras) == 1:
        return _camera_sign(cameras[0])
    ill = [str(one["name"]) for one in cameras if not _sends(one)]
    if ill:
        return bad("camera", "cameras_ill", names=", ".join(ill))
    return good("camera", "cameras_send", count=len(cameras))


def _camera_sign(camera: Mapping[str, Any]) -> Sign:
    if _sends(camera):
        return good("camera", "camera_sends", frames=camera["frames"])
    return bad("camera", "camera_state", state=camera["state"])


def _cameras(status: Status) -> Sequence[Mapping[str, Any]]:
    """A gate that has not been started again since an update tells of one only."""
    return status.get("cameras") or [{"name": "camera", **status["camera"]}]


def _sends(camera: Mapping[str, Any]) -> bool:
    return bool(camera["state"] == "streaming")


def scanners_sign(status: Status | None, count: int) -> Sign:
    """Are the wired scanners there?"""
    if not count:
        return good("scanners", "scanners_none")
    if status is None:
        return look("scanners", "scanners_waiting", count=count)
    gone = [one["name"] for one in status["scanners"] if one["state"] != "ready"]
    if gone:
        return bad("scanners", "scanners_gone", names=", ".join(gone))
    return good("scanners", "scanners_well", count=count)


def keys_sign(device: str | None, *, is_revoked: bool, has_key: bool, is_private: bool) -> Sign:
    """Is this a gate of a site, and can it prove it?"""
    if device is None:
        return bad("keys", "keys_not_enrolled")
    if is_revoked:
        return bad("keys", "keys_revoked", device=device)
    if not has_key:
        return bad("keys", "keys_gone")
    if not is_private:
        return bad("keys", "keys_open")
    return good("keys", "keys_well", device=device)


def snapshot_sign(seq: int, age_s: int, *, is_held: bool) -> Sign:
    """What the gate decides by, and how old that is."""
    if not seq:
        return bad("snapshot", "snapshot_none")
    age: dict[str, Any] = {"seq": str(seq), "hours": age_s // 3600, "minutes": age_s % 3600 // 60}
    if is_held:
        return look("snapshot", "snapshot_waits", **age)
    if age_s >= TOO_OLD_S:
        return bad("snapshot", "snapshot_age", **age)
    if age_s >= OLD_S or age_s < 0:
        return look("snapshot", "snapshot_age", **age)
    return good("snapshot", "snapshot_age", **age)


def contact_sign(since_ok_s: int | None, unsent: int, alarms: Sequence[str]) -> Sign:
    """When the central was last heard of, and what waits to go up."""
    if since_ok_s is None:
        return look("contact", "contact_never")
    if alarms:
        codes = ", ".join(alarms)
        return bad("contact", "contact_wrong", ago=since_ok_s, unsent=unsent, codes=codes)
    is_late = since_ok_s > SILENT_S or unsent > UNSENT_MANY
    tell = look if is_late else good
    return tell("contact", "contact_last", ago=since_ok_s, unsent=unsent)


def chain_sign(rows: int, broken: str | None) -> Sign:
    """Is what was recorded whole?"""
    if broken is not None:
        return bad("chain", "chain_broken", broken=broken)
    return good("chain", "chain_whole", rows=rows)
