"""A camera that stalls, is unplugged, covered or frozen is told, and found again."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.camera import (
    STALE_AFTER_MS,
    Camera,
    CameraSettings,
    grey_of,
    open_v4l2,
    request_settings,
)
from hardware.picture_health import DARK_AFTER_MS, FROZEN_AFTER_MS, PictureHealth
from hardware.simulated_camera import SimulatedVideoDevice
from support.eventually import eventually
from support.fixed_clock import FixedClock
from support.greys import grey_of_level

SETTINGS = CameraSettings(device="/dev/video-of-the-test")


def noise(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (48, 64)).astype(np.uint8)


class Socket:
    """The USB socket: hands out what is plugged in, one device after the other."""

    def __init__(self) -> None:
        self.devices: list[SimulatedVideoDevice] = []
        self.opened: list[SimulatedVideoDevice] = []

    def plug_in(self) -> SimulatedVideoDevice:
        self.devices.append(SimulatedVideoDevice())
        return self.devices[-1]

    def open(self, _settings: CameraSettings) -> SimulatedVideoDevice | None:
        if not self.devices:
            return None
        self.opened.append(self.devices.pop(0))
        return self.opened[-1]


@pytest.fixture
def socket() -> Socket:
    return Socket()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def camera(socket: Socket, clock: FixedClock) -> Iterator[Camera]:
    socket.plug_in()
    camera = Camera(SETTINGS, clock.monotonic_ms, socket.open, first_back_off_s=0.01)
    assert eventually(lambda: bool(socket.opened))
    yield camera
    for device in socket.opened:
        device.unplug()
    camera.close()


def test_a_picture_of_the_sensor_becomes_the_newest_frame(
    camera: Camera, socket: Socket, clock: FixedClock
) -> None:
    socket.opened[0].show(grey_of_level(80))
    frame = camera.newest(0, 5)

    assert frame is not None
    assert (int(frame.grey[0, 0]), frame.captured_ms) == (80, clock.monotonic_ms())
    assert eventually(lambda: camera.state() == "streaming")


def test_a_camera_that_stalls_is_stale_after_two_seconds(
    camera: Camera, socket: Socket, clock: FixedClock
) -> None:
    socket.opened[0].show(noise(1))
    assert eventually(lambda: camera.state() == "streaming")
    clock.pass_ms(STALE_AFTER_MS)
    before = camera.state()
    clock.pass_ms(1)

    assert (before, camera.state()) == ("streaming", "stale")


def test_a_stalled_camera_that_goes_on_is_streaming_again(
    camera: Camera, socket: Socket, clock: FixedClock
) -> None:
    socket.opened[0].show(noise(1))
    assert eventually(lambda: camera.state() == "streaming")
    clock.pass_ms(STALE_AFTER_MS + 1)
    socket.opened[0].show(noise(2))

    assert eventually(lambda: camera.state() == "streaming")


def test_a_camera_that_opens_and_sends_nothing_is_stale(camera: Camera, clock: FixedClock) -> None:
    clock.pass_ms(STALE_AFTER_MS + 1)

    assert camera.state() == "stale"


def test_an_unplugged_camera_is_released_and_found_again(camera: Camera, socket: Socket) -> None:
    socket.opened[0].show(noise(1))
    assert camera.newest(0, 5) is not None
    second = socket.plug_in()
    socket.opened[0].unplug()
    second.show(noise(2))
    frame = camera.newest(1, 5)

    assert frame is not None
    assert socket.opened[0].is_released
    assert np.array_equal(frame.grey, noise(2))


def test_a_camera_that_is_not_there_backs_off_and_says_why(
    socket: Socket, clock: FixedClock
) -> None:
    camera = Camera(SETTINGS, clock.monotonic_ms, socket.open, first_back_off_s=30)

    assert eventually(lambda: camera.state() == "back-off")
    assert camera.fault is not None
    assert camera.fault.code == "camera_missing"
    assert camera.newest(0, 0) is None
    camera.close()
    assert camera.state() == "closed"


def test_a_camera_in_back_off_closes_at_once(socket: Socket, clock: FixedClock) -> None:
    camera = Camera(SETTINGS, clock.monotonic_ms, socket.open, first_back_off_s=3600)
    assert eventually(lambda: camera.state() == "back-off")
    camera.close()
    camera.close()

    assert camera.newest(0, 5) is None


def test_a_picture_that_cannot_be_understood_is_a_failure_of_the_camera(
    camera: Camera, socket: Socket
) -> None:
    second = socket.plug_in()
    socket.opened[0].show(np.frombuffer(b"torn jpeg", np.uint8)[None, :])
    second.show(noise(2))

    assert camera.newest(0, 5) is not None
    assert socket.opened[0].is_released


def test_a_missing_device_file_is_no_device() -> None:
    assert open_v4l2(SETTINGS) is None


def test_settings_are_read_back_as_the_camera_has_them() -> None:
    device = SimulatedVideoDevice(pixel_formats=("YUYV",))
    answer = request_settings(device, CameraSettings(device="x", width=640, exposure_100us=50))

    assert answer["pixels"] == "YUYV"
    assert answer["width"] == 640
    assert answer["exposure"] == 50
    assert device.get(cv2.CAP_PROP_BUFFERSIZE) == 1
    assert device.get(cv2.CAP_PROP_AUTO_EXPOSURE) == 1


def test_a_camera_may_choose_its_own_exposure() -> None:
    device = SimulatedVideoDevice()
    request_settings(device, SETTINGS)

    assert device.get(cv2.CAP_PROP_AUTO_EXPOSURE) == 3


def yuyv() -> NDArray[np.uint8]:
    return np.dstack([noise(3), noise(4)])


def jpeg() -> NDArray[np.uint8]:
    ok, coded = cv2.imencode(".jpg", grey_of_level(90))
    assert ok
    return np.asarray(coded, np.uint8).reshape(1, -1)


@pytest.mark.parametrize(
    ("raw", "grey"),
    [
        (noise(3), noise(3)),
        (yuyv(), noise(3)),
        (np.dstack([noise(3)] * 3), noise(3)),
        (jpeg(), grey_of_level(90)),
    ],
    ids=["GREY", "YUYV", "BGR", "JPEG"],
)
def test_every_pixel_format_becomes_grey(raw: NDArray[np.uint8], grey: NDArray[np.uint8]) -> None:
    found = grey_of(raw)

    assert found is not None
    assert np.array_equal(found, grey)
    assert found.flags.c_contiguous


def health_after(pictures: list[NDArray[np.uint8]], over_ms: int) -> str | None:
    health = PictureHealth()
    for number, picture in enumerate(pictures):
        health.note(picture, 1_000 + number * over_ms // (len(pictures) - 1))
    return health.fault


def test_a_living_picture_has_no_fault() -> None:
    assert health_after([noise(seed) for seed in range(5)], 60_000) is None


def test_a_black_picture_is_covered_after_two_seconds() -> None:
    assert health_after([noise(1)] + [grey_of_level(3)] * 4, DARK_AFTER_MS - 1) is None
    assert health_after([grey_of_level(3)] * 5, DARK_AFTER_MS) == "covered"


def test_a_hand_over_the_lens_is_covered_however_bright() -> None:
    assert health_after([grey_of_level(180 + n) for n in range(5)], DARK_AFTER_MS) == "covered"


def test_a_picture_that_repeats_to_the_last_pixel_is_frozen() -> None:
    assert health_after([noise(1)] * 5, FROZEN_AFTER_MS - 1) is None
    assert health_after([noise(1)] * 5, FROZEN_AFTER_MS) == "frozen"


def test_a_lens_that_is_free_again_has_no_fault() -> None:
    assert health_after([grey_of_level(3)] * 5 + [noise(1)], 60_000) is None


def test_a_covered_camera_says_so_as_its_state(
    camera: Camera, socket: Socket, clock: FixedClock
) -> None:
    for level in range(4):
        socket.opened[0].show(grey_of_level(level))
        frame = camera.newest(level, 5)
        assert frame is not None
        clock.pass_ms(DARK_AFTER_MS // 3 + 1)
    socket.opened[0].show(grey_of_level(5))

    assert eventually(lambda: camera.state() == "covered")
