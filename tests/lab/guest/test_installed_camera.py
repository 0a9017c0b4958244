"""Cameras that stall and cameras that are pulled out, as the kernel shows them."""

from __future__ import annotations

import threading
from pathlib import Path

from board import wait_until
from hardware.camera import Camera, CameraSettings
from hardware.system_clock import SystemClock
from installed_gate import InstalledGate, run

VIVID = Path("/sys/bus/platform/drivers/vivid")
VIVID_CAMERA = "/dev/video20"


def test_a_camera_that_stalls_is_told_while_the_lane_goes_on_and_is_found_again(
    gate: InstalledGate,
) -> None:
    restarts = gate.shown("NRestarts")
    wait_until(lambda: gate.status()["camera"]["state"] == "streaming", "a camera")
    gate.lens.stall()
    wait_until(lambda: gate.status()["camera"]["state"] != "streaming", "a stalled camera", 30)
    assert gate.status()["lane"]["phase"] == "IDLE"
    gate.lens.go_on()
    wait_until(lambda: gate.status()["camera"]["state"] == "streaming", "a camera", 90)

    with gate.watch() as watcher:
        answer = gate.admit(watcher, "3")

    assert answer["charged"] == 1
    assert gate.shown("NRestarts") == restarts


def test_a_camera_that_is_pulled_out_is_missed_and_found_when_it_is_back() -> None:
    run("modprobe", "vivid", "n_devs=1", "node_types=0x1", "vid_cap_nr=20")
    wait_until(Path(VIVID_CAMERA).exists, "a second camera")
    settings = CameraSettings(device=VIVID_CAMERA, width=640, height=360, fps=5)
    camera = Camera(settings, SystemClock().monotonic_ms)
    try:
        wait_until(lambda: camera.newest(0, 0.1) is not None, "a picture")
        (VIVID / "unbind").write_text("vivid.0", encoding="ascii")
        wait_until(lambda: camera.fault is not None, "a missing camera")
        assert camera.fault is not None
        assert camera.fault.code == "camera_missing"
        opened = camera.openings
        (VIVID / "bind").write_text("vivid.0", encoding="ascii")
        wait_until(lambda: camera.openings > opened, "the camera's return")
        wait_until(lambda: camera.state() not in {"opening", "back-off", "closed"}, "pictures")
    finally:
        camera.close()
        threading.Event().wait(0.5)
        run("modprobe", "-r", "vivid", may_fail=True)
