"""The ribbon camera is a child process: its brightness plane is read, and its end is an unplugged camera."""

from __future__ import annotations

import pytest

from hardware.camera import CameraSettings
from hardware.csi_camera import CsiDevice, csi_command, open_csi

WIDTH, HEIGHT = 64, 2
SETTINGS = CameraSettings(device="0", width=WIDTH, height=HEIGHT, exposure_100us=20)


def child(script: str) -> CsiDevice:
    return CsiDevice(("sh", "-c", script), WIDTH, HEIGHT, silent_after_ms=50)


def test_each_picture_is_the_brightness_plane_of_one_frame() -> None:
    """128 bytes of brightness, 64 of colour: the second frame begins where the first one's colours end."""
    device = child("printf 'A%.0s' $(seq 128); printf '.%.0s' $(seq 64); printf 'B%.0s' $(seq 192)")
    pictures = [device.read()[1] for _ in range(2)]
    assert [picture.shape for picture in pictures if picture is not None] == [(HEIGHT, WIDTH)] * 2
    assert [int(picture.max()) for picture in pictures if picture is not None] == [65, 66]
    assert device.read() == (False, None)
    device.release()


def test_a_picture_that_was_cut_off_is_none() -> None:
    device = child("printf 'A%.0s' $(seq 100)")
    assert device.read() == (False, None)
    device.release()


def test_a_child_that_sends_nothing_has_failed_and_is_ended() -> None:
    device = child("exec sleep 600")
    assert device.read() == (False, None)
    device.release()


def test_the_vendors_program_is_asked_for_raw_pictures_of_this_camera() -> None:
    command = " ".join(csi_command("rpicam-vid", SETTINGS))
    assert "--camera 0 --codec yuv420 --width 64 --height 2" in command
    assert "--output - --shutter 2000" in command
    assert csi_command("rpicam-vid", CameraSettings(device="1"))[-1] == "-"


def test_without_the_vendors_program_there_is_no_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert open_csi(SETTINGS) is None
