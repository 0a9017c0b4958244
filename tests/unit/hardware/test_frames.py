"""The one slot between a capture thread and its reader."""

from __future__ import annotations

from threading import Thread

import numpy as np
import pytest

from hardware.frames import NewestFrame

GREY = np.full((4, 6), 7, np.uint8)


def test_the_newest_frame_wins_over_unread_ones() -> None:
    slot = NewestFrame()
    for moment in (10, 20, 30):
        slot.put(GREY, moment)

    frame = slot.wait(after=0, timeout_s=0)

    assert frame is not None
    assert (frame.captured_ms, frame.index) == (30, 3)


def test_a_frame_that_was_seen_is_not_handed_out_again() -> None:
    slot = NewestFrame()
    frame = slot.put(GREY, 10)

    assert slot.wait(after=frame.index, timeout_s=0) is None


def test_nobody_can_write_into_a_frame() -> None:
    slot = NewestFrame()
    frame = slot.put(GREY.copy(), 10)

    with pytest.raises(ValueError, match="read-only"):
        frame.grey[0, 0] = 1


def test_a_waiting_reader_gets_the_frame_that_comes() -> None:
    slot = NewestFrame()
    got = []
    reader = Thread(target=lambda: got.append(slot.wait(after=0, timeout_s=5)))
    reader.start()
    slot.put(GREY, 10)
    reader.join(5)

    assert got[0] is not None
    assert got[0].captured_ms == 10


def test_closing_wakes_a_waiting_reader_with_nothing() -> None:
    slot = NewestFrame()
    got: list[object] = []
    reader = Thread(target=lambda: got.append(slot.wait(after=0, timeout_s=5)))
    reader.start()
    slot.close()
    reader.join(5)

    assert got == [None]
