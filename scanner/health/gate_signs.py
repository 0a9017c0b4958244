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
SEE_JOURNAL = "journalctl -u portillon-gate -n 50; each code is in docs/troubleshooting.md"


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
        return bad("gate", f"the gate does not answer: {why}", "systemctl status portillon-gate")
    lane, doubts = status["lane"], status["doubts"]
    if lane["blocked_by"]:
        return bad(
            "gate",
            f"the lane is blocked: {', '.join(lane['blocked_by'])}",
            "fire: it clears with the contact; out_of_order: mend it, then `portillon lane repaired`",
        )
    if doubts:
        return look("gate", f"the gate doubts: {', '.join(doubts)}", SEE_JOURNAL)
    if lane["mode"] != "normal":
        return look("gate", f"the lane is {lane['mode']}", "portillon lane mode normal")
    return good("gate", "the gate answers; nothing is in doubt")


def pins_sign(
    name: str, lines: Sequence[LineState], *, is_simulated: bool, is_running: bool
) -> Sign:
    """Are the lines there, and are they ours?"""
    if is_simulated:
        return look(name, "SIMULATED: no arm turns", "name the real lines, see docs/hardware.md")
    if not lines:
        return good(name, "none is wired")
    told = [f"{line.line} ({line.purpose}): {line.fault}" for line in lines if line.fault]
    told += [
        f"{line.line} ({line.purpose}) is held by {line.holder!r}"
        for line in lines
        if line.holder not in ("", GATE)
    ]
    if told:
        return bad(name, "; ".join(told), "see `gpioinfo`, and the wiring page")
    free = [line.line for line in lines if not line.holder]
    if is_running and free:
        return bad(
            name, f"the gate runs and does not hold {', '.join(free)}", "restart portillon-gate"
        )
    held = "held by the gate" if is_running else "free, as the gate does not run"
    return good(name, f"{', '.join(line.line for line in lines)}: {held}")


def cameras_sign(status: Status | None, found: Mapping[str, bool]) -> Sign:
    """Do they send pictures? ``found``: each camera, and whether its device is there."""
    if not found:
        return good("camera", "none is configured")
    if status is None:
        gone = [name for name, is_there in found.items() if not is_there]
        if gone:
            return bad("camera", f"not there: {', '.join(gone)}", "its cable: `ls /dev/v4l/by-id`")
        return look("camera", f"there: {', '.join(found)}; the gate does not run", "start the gate")
    ill = [f"{one['name']} is {one['state']!r}" for one in _cameras(status) if not _sends(one)]
    if ill:
        return bad("camera", "; ".join(ill), "see its cable, its lens and its light")
    told = [f"{one['name']} sends pictures ({one['frames']} so far)" for one in _cameras(status)]
    return good("camera", "; ".join(told))


def _cameras(status: Status) -> Sequence[Mapping[str, Any]]:
    """A gate that has not been started again since an update tells of one only."""
    return status.get("cameras") or [{"name": "camera", **status["camera"]}]


def _sends(camera: Mapping[str, Any]) -> bool:
    return bool(camera["state"] == "streaming")


def scanners_sign(status: Status | None, count: int) -> Sign:
    """Are the wired scanners there?"""
    if not count:
        return good("scanners", "none is configured")
    if status is None:
        return look("scanners", f"{count} configured; the gate does not run", "start the gate")
    gone = [one["name"] for one in status["scanners"] if one["state"] != "ready"]
    if gone:
        return bad(
            "scanners", f"not there: {', '.join(gone)}", "see the cable, `ls /dev/serial/by-id`"
        )
    return good("scanners", f"{count} of {count} are there")


def keys_sign(device: str | None, *, is_revoked: bool, has_key: bool, is_private: bool) -> Sign:
    """Is this a gate of a site, and can it prove it?"""
    if device is None:
        return bad(
            "keys", "this device is not enrolled", "portillon enrol CODE, or before its camera"
        )
    if is_revoked:
        return bad("keys", f"the central revoked {device!r}", "enrol it again with a new code")
    if not has_key:
        return bad(
            "keys",
            "the device key is not there: nothing can be sent or fetched",
            "revoke the device at the central and enrol it again; facts go by stick meanwhile",
        )
    if not is_private:
        return bad(
            "keys", "the device key may be read by other accounts", "chmod 600 it; enrol anew"
        )
    return good("keys", f"device {device!r}, its key is here and private")


def snapshot_sign(seq: int, age_s: int, *, is_held: bool) -> Sign:
    """What the gate decides by, and how old that is."""
    if not seq:
        return bad("snapshot", "there is none yet: this gate knows nobody", "portillon sync --once")
    says = f"snapshot {seq}, {age_s // 3600} h {age_s % 3600 // 60} min old"
    if is_held:
        return look("snapshot", f"{says}; a newer one waits for a yes", "portillon snapshot status")
    if age_s >= TOO_OLD_S:
        return bad("snapshot", says, "bring one by stick: `portillon snapshot import`")
    if age_s >= OLD_S or age_s < 0:
        return look(
            "snapshot", says, "see the contact with the central: `portillon snapshot status`"
        )
    return good("snapshot", says)


def contact_sign(since_ok_s: int | None, unsent: int, alarms: Sequence[str]) -> Sign:
    """When the central was last heard of, and what waits to go up."""
    if since_ok_s is None:
        return look(
            "contact", "the central was never reached", "see [central] url, and the network"
        )
    says = f"last good contact {since_ok_s} s ago, {unsent:,} facts wait to go up"
    if alarms:
        return bad(
            "contact", f"{says}; {', '.join(alarms)}", "docs/troubleshooting.md has each code"
        )
    if since_ok_s > SILENT_S or unsent > UNSENT_MANY:
        return look("contact", says, "the gate goes on; see the network, or carry facts by stick")
    return good("contact", says)


def chain_sign(rows: int, broken: str | None) -> Sign:
    """Is what was recorded whole?"""
    if broken is not None:
        return bad("chain", broken, "portillon ledger verify; keep the file, see docs/ledger.md")
    return good("chain", f"{rows:,} facts, the chain is whole")
