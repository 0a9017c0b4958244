"""The replay camera: plays a folder of pictures or a video as if a lens had seen them.

Law: it behaves as a camera. Time decides which picture is showing, so a late reader misses pictures instead
of falling behind. A picture that cannot be read is counted and skipped. Pictures of a followed folder must
be put there by rename, complete, under names that sort after those already there.

Source: docs/decoding.md, "Replaying pictures".
"""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Protocol

import cv2

from hardware.frames import Frame, Grey, MonotonicMs, read_only
from hardware.pictures import PICTURE_SUFFIXES, list_pictures, load_grey, to_grey
from scanner.core.errors import DeviceError

DEFAULT_FPS = 30.0
VIDEO_SUFFIXES = frozenset({".avi", ".mkv", ".mp4", ".mov", ".webm", ".m4v"})


class Reel(Protocol):
    """Pictures in order. What is on it may grow, but never shrinks."""

    bad_pictures: int
    is_gone: bool

    def advance(self, steps: int) -> Grey | None:
        """Move on by `steps` pictures and show that one; None when there is none to show."""
        ...

    def has_ended(self) -> bool:
        """True when the last picture was shown and no more can come."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class PictureFolder:
    """A reel of picture files."""

    def __init__(self, folder: Path, *, follow: bool, loop: bool, from_newest: bool) -> None:
        self.bad_pictures = 0
        self.is_gone = False
        self._folder = folder
        self._follow = follow
        self._loop = loop
        self._paths = list_pictures(folder)
        self._position = max(-1, len(self._paths) - 2) if from_newest else -1
        self._ended = False
        self._showing: Grey | None = None
        if not self._paths and not follow:
            raise DeviceError(
                "replay_empty",
                f"replay folder {str(folder)!r} holds no picture",
                f"Put pictures there ({', '.join(sorted(PICTURE_SUFFIXES))}).",
            )

    def advance(self, steps: int) -> Grey | None:
        """See `Reel.advance`. A step past the end shows the last picture, once unless followed."""
        target = self._position + steps
        if target >= len(self._paths):
            self._find_added_pictures()
        if self.is_gone:
            return None
        if self._loop:
            target %= len(self._paths)
        last = len(self._paths) - 1
        is_over = self._position == last and target > last and not self._follow
        self._ended = self._ended or is_over
        if self._ended:
            return None
        self._show(min(target, last))
        return self._showing

    def has_ended(self) -> bool:
        """See `Reel.has_ended`."""
        return self._ended

    def close(self) -> None:
        """See `Reel.close`. Nothing is held open."""

    def _show(self, position: int) -> None:
        if position == self._position:
            return
        self._position = position
        grey = load_grey(self._paths[position])
        if grey is None:
            self.bad_pictures += 1
        else:
            self._showing = grey

    def _find_added_pictures(self) -> None:
        # Listed anew each time: a folder's time stamp is too coarse to tell two renames apart.
        if not self._follow:
            return
        try:
            found = list_pictures(self._folder)
        except OSError:
            self.is_gone = True
            return
        self.is_gone = False
        last = self._paths[-1].name if self._paths else ""
        self._paths += [path for path in found if path.name > last]


class VideoFile:
    """A reel that is a video; frames that are skipped are not even turned into pixels."""

    def __init__(self, path: Path, *, loop: bool) -> None:
        self.bad_pictures = 0
        self.is_gone = False
        self._loop = loop
        self._ended = False
        self._showing: Grey | None = None
        self._video = cv2.VideoCapture(str(path))
        if not self._video.isOpened():
            raise DeviceError(
                "replay_unreadable",
                f"replay file {str(path)!r} cannot be read as a video",
                "Convert it to MP4 or AVI, or replay a folder of PNG pictures.",
            )

    @property
    def fps(self) -> float:
        """The frame rate that the file itself names; 0 when it names none."""
        return float(self._video.get(cv2.CAP_PROP_FPS))

    def advance(self, steps: int) -> Grey | None:
        """See `Reel.advance`."""
        for _ in range(steps):
            if not self._grab():
                self._ended = True
                return None
        if steps:
            self._retrieve()
        return self._showing

    def has_ended(self) -> bool:
        """See `Reel.has_ended`."""
        return self._ended

    def close(self) -> None:
        """See `Reel.close`."""
        self._video.release()

    def _grab(self) -> bool:
        if self._video.grab():
            return True
        return self._loop and self._video.set(cv2.CAP_PROP_POS_FRAMES, 0) and self._video.grab()

    def _retrieve(self) -> None:
        ok, picture = self._video.retrieve()
        if not ok:
            self.bad_pictures += 1
            return
        self._showing = read_only(to_grey(picture))


class ReplayCamera:
    """A frame source that shows a reel at a frame rate.

    It has no thread: the picture that is due is loaded when it is asked for, by whoever asks.

    Args:
        path: a folder of pictures (played in name order) or a video file.
        fps: pictures a second; None takes a video's own rate, 30 for a folder.
        follow: after the last picture keep showing it, and play those that are added later; a followed
            folder may start empty.
        loop: begin again after the last picture.
        from_newest: begin with the last picture there is, as a camera that is switched on now would.

    Raises:
        DeviceError: `replay_missing`, `replay_empty` or `replay_unreadable`.
    """

    def __init__(
        self,
        path: Path | str,
        fps: float | None,
        monotonic_ms: MonotonicMs,
        *,
        follow: bool = False,
        loop: bool = False,
        from_newest: bool = False,
    ) -> None:
        self._reel = build_reel(Path(path), follow=follow, loop=loop, from_newest=from_newest)
        own_fps = self._reel.fps if isinstance(self._reel, VideoFile) else 0.0
        self._fps = fps or own_fps or DEFAULT_FPS
        self._monotonic_ms = monotonic_ms
        self._started_ms: int | None = None
        self._tick = 0
        self._has_shown = False
        self._closed = Event()

    @property
    def bad_pictures(self) -> int:
        """How many pictures could not be read and were skipped."""
        return self._reel.bad_pictures

    def newest(self, after: int, timeout_s: float) -> Frame | None:
        """See `FrameSource.newest`."""
        tick = self._wait_for_tick(after, timeout_s)
        if tick is None:
            return None
        grey = self._reel.advance(tick - self._tick)
        self._tick = tick
        if grey is None:
            self._closed.wait(timeout_s)
            return None
        self._has_shown = True
        return Frame(grey, self._monotonic_ms(), tick)

    def state(self) -> str:
        """See `FrameSource.state`."""
        if self._closed.is_set():
            return "closed"
        if self._reel.has_ended():
            return "ended"
        if self._reel.is_gone:
            return "stale"
        return "streaming" if self._has_shown else "opening"

    @property
    def fault(self) -> DeviceError | None:
        """See `FrameSource.fault`; pictures that are gone say no more than the state does."""
        return None

    def close(self) -> None:
        """See `FrameSource.close`."""
        self._closed.set()
        self._reel.close()

    def _wait_for_tick(self, after: int, timeout_s: float) -> int | None:
        """The tick of now, above `after`; None when it does not come in time. Waits by real time."""
        waited_s = 0.0
        while not self._closed.is_set():
            tick = self._current_tick()
            if tick > after:
                return tick
            if waited_s >= timeout_s:
                return None
            pause_s = min(self._until_tick_s(after + 1), timeout_s - waited_s)
            self._closed.wait(pause_s)
            waited_s += pause_s
        return None

    def _current_tick(self) -> int:
        now_ms = self._monotonic_ms()
        if self._started_ms is None:
            self._started_ms = now_ms
        return 1 + int((now_ms - self._started_ms) * self._fps / 1000)

    def _until_tick_s(self, tick: int) -> float:
        due_ms = (self._started_ms or 0) + (tick - 1) * 1000 / self._fps
        return max(0.001, (due_ms - self._monotonic_ms()) / 1000)


def build_reel(
    path: Path, *, follow: bool, loop: bool, from_newest: bool
) -> PictureFolder | VideoFile:
    """The reel for a folder or a video file.

    Raises:
        DeviceError: as `ReplayCamera`.
    """
    if path.is_dir():
        return PictureFolder(path, follow=follow, loop=loop, from_newest=from_newest)
    if path.is_file():
        return VideoFile(path, loop=loop)
    raise DeviceError(
        "replay_missing",
        f"replay path {str(path)!r} does not exist",
        "Name a folder of pictures or a video file.",
    )
