"""A replayed folder or video behaves as a camera: time decides what is showing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from hardware.frames import Frame
from hardware.replay import ReplayCamera
from scanner.core.errors import DeviceError
from support.greys import grey_of_level, write_level

FPS = 10


class Stopwatch:
    """A monotonic clock that is set by hand."""

    def __init__(self) -> None:
        self.now_ms = 5_000

    def __call__(self) -> int:
        return self.now_ms

    def pass_frames(self, count: int) -> None:
        self.now_ms += count * 1000 // FPS


@pytest.fixture
def clock() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in (1, 2, 3, 4):
        write_level(tmp_path, f"{number}.png", number * 10)
    return tmp_path


def level(frame: Frame | None) -> int | None:
    return None if frame is None else int(frame.grey[0, 0])


def played(camera: ReplayCamera, clock: Stopwatch, frames: int) -> list[int | None]:
    """What a reader that is always in time sees."""
    levels, after = [], 0
    for _ in range(frames):
        frame = camera.newest(after, 0)
        levels.append(level(frame))
        after = after if frame is None else frame.index
        clock.pass_frames(1)
    return levels


def test_pictures_are_played_in_name_order_and_then_no_more(folder: Path, clock: Stopwatch) -> None:
    camera = ReplayCamera(folder, FPS, clock)

    assert played(camera, clock, 6) == [10, 20, 30, 40, None, None]
    assert camera.state() == "ended"


def test_a_frame_says_when_it_was_taken_and_cannot_be_written_to(
    folder: Path, clock: Stopwatch
) -> None:
    frame = ReplayCamera(folder, FPS, clock).newest(0, 0)

    assert frame is not None
    assert frame.captured_ms == clock.now_ms
    assert not frame.grey.flags.writeable


def test_a_late_reader_misses_pictures_instead_of_falling_behind(
    folder: Path, clock: Stopwatch
) -> None:
    camera = ReplayCamera(folder, FPS, clock)
    first = camera.newest(0, 0)
    clock.pass_frames(2)
    third = camera.newest(1, 0)

    assert (level(first), level(third)) == (10, 30)
    assert third is not None
    assert third.index == 3


def test_a_frame_that_was_seen_is_waited_for_no_longer_than_asked(
    folder: Path, clock: Stopwatch
) -> None:
    camera = ReplayCamera(folder, FPS, clock)
    camera.newest(0, 0)

    assert camera.newest(1, 0.002) is None


def test_a_reel_can_begin_again(folder: Path, clock: Stopwatch) -> None:
    camera = ReplayCamera(folder, FPS, clock, loop=True)

    assert played(camera, clock, 6) == [10, 20, 30, 40, 10, 20]


def test_a_followed_folder_keeps_showing_the_last_picture(folder: Path, clock: Stopwatch) -> None:
    camera = ReplayCamera(folder, FPS, clock, follow=True)

    assert played(camera, clock, 7) == [10, 20, 30, 40, 40, 40, 40]
    assert camera.state() == "streaming"


def test_a_followed_folder_plays_what_is_added(folder: Path, clock: Stopwatch) -> None:
    camera = ReplayCamera(folder, FPS, clock, follow=True)
    played(camera, clock, 5)
    write_level(folder, "5.png", 50)
    write_level(folder, "6.png", 60)
    frame = camera.newest(5, 0)
    clock.pass_frames(1)

    assert (level(frame), level(camera.newest(6, 0))) == (50, 60)


def test_a_followed_folder_may_start_empty(tmp_path: Path, clock: Stopwatch) -> None:
    camera = ReplayCamera(tmp_path, FPS, clock, follow=True)
    nothing = camera.newest(0, 0)
    state = camera.state()
    write_level(tmp_path, "1.png", 10)
    clock.pass_frames(1)

    assert (nothing, state) == (None, "opening")
    assert level(camera.newest(0, 0)) == 10


def test_a_followed_folder_that_goes_away_is_stale_until_it_is_back(
    tmp_path: Path, clock: Stopwatch
) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    picture = write_level(folder, "1.png", 10)
    camera = ReplayCamera(folder, FPS, clock, follow=True)
    assert level(camera.newest(0, 0)) == 10

    picture.unlink()
    folder.rmdir()
    clock.pass_frames(1)
    assert (camera.newest(1, 0), camera.state()) == (None, "stale")

    folder.mkdir()
    write_level(folder, "2.png", 20)
    clock.pass_frames(1)
    assert (level(camera.newest(2, 0)), camera.state()) == (20, "streaming")


def test_a_restarted_reader_can_begin_with_what_is_showing_now(
    folder: Path, clock: Stopwatch
) -> None:
    camera = ReplayCamera(folder, FPS, clock, follow=True, from_newest=True)

    assert level(camera.newest(0, 0)) == 40


def test_a_picture_that_cannot_be_read_is_counted_and_skipped(
    folder: Path, clock: Stopwatch
) -> None:
    (folder / "2.png").write_bytes(b"torn")
    camera = ReplayCamera(folder, FPS, clock)

    assert played(camera, clock, 4) == [10, 10, 30, 40]
    assert camera.bad_pictures == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [("nowhere", "replay_missing"), ("empty", "replay_empty"), ("noise.avi", "replay_unreadable")],
)
def test_what_cannot_be_played_says_so_with_a_hint(
    tmp_path: Path, clock: Stopwatch, name: str, code: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "noise.avi").write_bytes(b"no video")

    with pytest.raises(DeviceError) as fault:
        ReplayCamera(tmp_path / name, FPS, clock)

    assert fault.value.code == code
    assert fault.value.hint


def test_a_closed_camera_shows_nothing_and_may_be_closed_again(
    folder: Path, clock: Stopwatch
) -> None:
    camera = ReplayCamera(folder, FPS, clock)
    camera.close()
    camera.close()

    assert camera.newest(0, 5) is None
    assert camera.state() == "closed"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "lane.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (64, 48))
    for number in (1, 2, 3):
        writer.write(np.repeat(grey_of_level(number * 60)[:, :, None], 3, axis=2))
    writer.release()
    return path


def about(levels: list[int | None]) -> list[int | None]:
    """Video compression moves a level by one or two."""
    return [None if level is None else round(level / 60) for level in levels]


def test_a_video_is_played_at_its_own_rate(video: Path, clock: Stopwatch) -> None:
    camera = ReplayCamera(video, None, clock)

    assert about(played(camera, clock, 4)) == [1, 2, 3, None]
    assert camera.state() == "ended"


def test_a_late_reader_misses_pictures_of_a_video(video: Path, clock: Stopwatch) -> None:
    camera = ReplayCamera(video, FPS, clock)
    camera.newest(0, 0)
    clock.pass_frames(2)

    assert about([level(camera.newest(1, 0))]) == [3]


def test_a_video_can_begin_again(video: Path, clock: Stopwatch) -> None:
    camera = ReplayCamera(video, FPS, clock, loop=True)

    assert about(played(camera, clock, 5)) == [1, 2, 3, 1, 2]
