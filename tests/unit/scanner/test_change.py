"""The change test sees a visitor and forgives what is none."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from scanner.change import GRID_PX, ChangeTest
from scanner.reading.candidate import Box

WIDTH, HEIGHT = 640, 480
SHIFTS = 32


@cache
def noise() -> NDArray[np.float32]:
    """Enough for so many shifts each way; making it anew for each picture took longer than judging them."""
    rows, columns = HEIGHT + SHIFTS, WIDTH + SHIFTS
    return np.random.default_rng(0).standard_normal((rows, columns), dtype=np.float32)


def lane(seed: int, brighter: float = 0.0, spread: float = 4.0) -> NDArray[np.uint8]:
    top, left = divmod(619 * seed % SHIFTS**2, SHIFTS)
    shifted = noise()[top : top + HEIGHT, left : left + WIDTH]
    return np.clip(120 + brighter + spread * shifted, 0, 255).astype(np.uint8)


def with_card(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    picture[200:280, 300:400] = 230
    return picture


@pytest.fixture
def change() -> ChangeTest:
    change = ChangeTest()
    for seed in range(20):
        change.changed_box(lane(seed))
    return change


def test_the_first_frame_differs_all_over() -> None:
    assert ChangeTest().changed_box(lane(1)) == Box(0, 0, WIDTH, HEIGHT)


def test_a_camera_that_changes_its_size_begins_anew(change: ChangeTest) -> None:
    assert change.changed_box(lane(1)[:240, :320]) == Box(0, 0, 320, 240)


def test_noise_is_no_change(change: ChangeTest) -> None:
    assert [change.changed_box(lane(seed)) for seed in range(100, 130)] == [None] * 30


def test_a_noisy_camera_is_learned_to_be_noisy() -> None:
    change = ChangeTest()
    boxes = [change.changed_box(lane(seed, spread=18)) for seed in range(60)]

    assert boxes[30:] == [None] * 30


def test_exposure_and_flicker_are_no_change(change: ChangeTest) -> None:
    boxes = [change.changed_box(lane(seed, brighter=12 * (seed % 3))) for seed in range(30)]

    assert boxes == [None] * 30


def test_a_card_is_a_change_around_its_place(change: ChangeTest) -> None:
    box = change.changed_box(with_card(lane(99)))

    assert box is not None
    assert (box.left, box.top) <= (300, 200)
    assert (box.right, box.bottom) >= (400, 280)
    assert box.area < 4 * (100 + 2 * GRID_PX) * (80 + 2 * GRID_PX)


def test_a_card_that_is_held_still_stays_a_change_for_a_second(change: ChangeTest) -> None:
    boxes = [change.changed_box(with_card(lane(seed))) for seed in range(30)]

    assert None not in boxes


def test_a_poster_that_is_hung_up_becomes_background(change: ChangeTest) -> None:
    boxes = [change.changed_box(with_card(lane(seed))) for seed in range(400)]

    assert boxes[-1] is None


def test_a_frame_is_only_read(change: ChangeTest) -> None:
    frame = with_card(lane(1))
    before = frame.copy()
    frame.flags.writeable = False
    change.changed_box(frame)

    assert np.array_equal(frame, before)
