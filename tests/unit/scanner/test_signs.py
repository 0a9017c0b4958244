"""Each reading and the light it gets; every light that is not green says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from hardware.machine import Power, Room, Wear
from hardware.system_clock import SyncState
from scanner.health.gate_signs import (
    LineState,
    cameras_sign,
    chain_sign,
    contact_sign,
    gate_sign,
    keys_sign,
    pins_sign,
    scanners_sign,
    snapshot_sign,
)
from scanner.health.machine_signs import (
    EARLIEST_MS,
    battery_clock_sign,
    clock_sign,
    disk_sign,
    power_sign,
    temperature_sign,
    wear_sign,
)
from scanner.health.sign import Light, Sign, worst

GREEN, AMBER, RED = Light
NOW_MS = EARLIEST_MS + 1_000_000_000
KEPT, UNKEPT, DENIED = SyncState.SYNCHRONISED, SyncState.UNSYNCHRONISED, SyncState.DENIED
STEADY = Power(is_under_voltage=False, is_slowed=False, was_since_boot=False)


TWO_CAMERAS = [
    {"name": "camera 1", "state": "streaming", "frames": 9},
    {"name": "camera out", "state": "stale", "frames": 4},
]


def room(free_mb: int, *, is_read_only: bool = False) -> Room:
    return Room(free_mb * 1_000_000, 32_000_000_000, is_read_only)


def status(**fields: Any) -> dict[str, Any]:
    lane = {"mode": "normal", "blocked_by": []} | fields.pop("lane", {})
    camera = {"state": "streaming", "frames": 7}
    return {"lane": lane, "doubts": [], "camera": camera, "scanners": []} | fields


def line(holder: str = "", fault: str = "") -> LineState:
    return LineState("GPIO17", "relay in", holder, fault)


def pins(*lines: LineState, is_simulated: bool = False, is_running: bool = True) -> Sign:
    return pins_sign("relay", lines, is_simulated=is_simulated, is_running=is_running)


def keys(device: str | None = "gate-1", **fields: bool) -> Sign:
    return keys_sign(
        device, **({"is_revoked": False, "has_key": True, "is_private": True} | fields)
    )


ROWS: list[tuple[str, Sign, Light]] = [
    ("time is kept", clock_sign(KEPT, NOW_MS, is_proven=False), GREEN),
    ("signed time is known", clock_sign(DENIED, 0, is_proven=True), GREEN),
    ("nobody keeps the time", clock_sign(UNKEPT, NOW_MS, is_proven=False), AMBER),
    ("the call is filtered", clock_sign(DENIED, NOW_MS, is_proven=False), AMBER),
    ("1970", clock_sign(UNKEPT, 0, is_proven=False), RED),
    ("no battery clock", battery_clock_sign(KEPT, NOW_MS, None), GREEN),
    ("battery clock agrees", battery_clock_sign(KEPT, NOW_MS, NOW_MS + 1_000), GREEN),
    ("battery clock is off", battery_clock_sign(KEPT, NOW_MS, NOW_MS + 121_000), AMBER),
    ("who is right is not known", battery_clock_sign(UNKEPT, NOW_MS, NOW_MS + 121_000), GREEN),
    ("empty battery", battery_clock_sign(UNKEPT, NOW_MS, 0), AMBER),
    ("much room", disk_sign(room(20_000)), GREEN),
    ("little room", disk_sign(room(499)), AMBER),
    ("no room", disk_sign(room(63)), RED),
    ("read-only", disk_sign(room(20_000, is_read_only=True)), RED),
    ("no folder", disk_sign(None), RED),
    ("a card that is silent", wear_sign(None), GREEN),
    ("a young card", wear_sign(Wear(3, 1)), GREEN),
    ("an old card", wear_sign(Wear(8, 1)), AMBER),
    ("a card that warns", wear_sign(Wear(1, 2)), AMBER),
    ("a card at its end", wear_sign(Wear(11, 1)), RED),
    ("a card that warns urgently", wear_sign(Wear(1, 3)), RED),
    ("no sensor", temperature_sign(None), GREEN),
    ("cool", temperature_sign(45.0), GREEN),
    ("hot", temperature_sign(75.0), AMBER),
    ("too hot", temperature_sign(85.0), RED),
    ("no watch on the supply", power_sign(None), GREEN),
    ("steady", power_sign(STEADY), GREEN),
    (
        "slowed before",
        power_sign(Power(is_under_voltage=False, is_slowed=False, was_since_boot=True)),
        AMBER,
    ),
    (
        "low voltage",
        power_sign(Power(is_under_voltage=True, is_slowed=True, was_since_boot=True)),
        RED,
    ),
    ("a gate that is well", gate_sign(status()), GREEN),
    ("a gate in doubt", gate_sign(status(doubts=["camera_missing"])), AMBER),
    ("a closed lane", gate_sign(status(lane={"mode": "closed"})), AMBER),
    ("a lane in a fire", gate_sign(status(lane={"blocked_by": ["fire"]})), RED),
    ("no gate", gate_sign(None, "connection refused"), RED),
    ("our pins", pins(line("portillon")), GREEN),
    ("free pins of a gate at rest", pins(line(), is_running=False), GREEN),
    ("no pins", pins(), GREEN),
    ("an arm of air", pins(is_simulated=True), AMBER),
    ("somebody else's pins", pins(line("gpioset"), is_running=False), RED),
    ("pins that are not there", pins(line(fault="no such line"), is_running=False), RED),
    ("pins that the gate lost", pins(line()), RED),
    ("pictures come", cameras_sign(status(), {"camera": True}), GREEN),
    ("no camera is meant to be", cameras_sign(None, {}), GREEN),
    ("a camera that waits", cameras_sign(None, {"camera": True}), AMBER),
    ("no camera", cameras_sign(None, {"camera 1": True, "camera 2": False}), RED),
    (
        "a covered camera",
        cameras_sign(status(camera={"state": "covered"}), {"camera": True}),
        RED,
    ),
    ("one of two cameras", cameras_sign(status(cameras=TWO_CAMERAS), {"camera 1": True}), RED),
    ("no scanner is meant to be", scanners_sign(None, 0), GREEN),
    ("scanners that wait", scanners_sign(None, 1), AMBER),
    (
        "a scanner is there",
        scanners_sign(status(scanners=[{"name": "scanner 1", "state": "ready"}]), 1),
        GREEN,
    ),
    (
        "a scanner is gone",
        scanners_sign(status(scanners=[{"name": "scanner 1", "state": "back-off"}]), 1),
        RED,
    ),
    ("enrolled", keys(), GREEN),
    ("not enrolled", keys(None), RED),
    ("revoked", keys(is_revoked=True), RED),
    ("no key", keys(has_key=False), RED),
    ("a key for everybody", keys(is_private=False), RED),
    ("a fresh snapshot", snapshot_sign(7, 60, is_held=False), GREEN),
    ("a snapshot of yesterday", snapshot_sign(7, 86_400, is_held=False), AMBER),
    ("a snapshot of tomorrow", snapshot_sign(7, -60, is_held=False), AMBER),
    ("one that waits for a yes", snapshot_sign(7, 60, is_held=True), AMBER),
    ("a snapshot of last week", snapshot_sign(7, 7 * 86_400, is_held=False), RED),
    ("no snapshot", snapshot_sign(0, 0, is_held=False), RED),
    ("in contact", contact_sign(30, 0, ()), GREEN),
    ("never in contact", contact_sign(None, 0, ()), AMBER),
    ("an hour of silence", contact_sign(3_601, 5, ()), AMBER),
    ("a contact with an alarm", contact_sign(30, 0, ("base_wrong_site",)), RED),
    ("a whole chain", chain_sign(12, None), GREEN),
    ("a broken chain", chain_sign(3, "row 4 was edited"), RED),
]


@pytest.mark.parametrize(("sign", "light"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_reading_has_its_light_and_whatever_is_not_green_says_what_to_do(
    sign: Sign, light: Light
) -> None:
    assert sign.light is light, sign
    assert sign.says
    assert bool(sign.hint) is (light is not GREEN)


def test_the_worst_light_is_the_gates() -> None:
    signs = [row[1] for row in ROWS]
    assert worst(signs) is RED
    assert worst([]) is GREEN


def test_a_light_has_an_icon_and_a_word_of_its_own() -> None:
    assert [(light.icon, light.word, light.value) for light in Light] == [
        ("✔", "good", 0),
        ("▲", "look", 1),
        ("✖", "bad", 2),
    ]
