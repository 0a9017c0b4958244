"""Frames: what every camera hands over, and the one slot it is handed over in.

Law: the newest frame wins, never a queue. A frame's pixels are read-only: nobody downstream may write into
what another reader looks at. A source numbers its frames upwards; gaps mean that frames were skipped.

Source: docs/decoding.md, "Frames".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from scanner.core.errors import DeviceError

Grey: TypeAlias = NDArray[np.uint8]
"""Height by width, one byte a pixel: a grey picture or the Y plane of a coloured one."""

MonotonicMs: TypeAlias = Callable[[], int]
"""The composition root's monotonic clock, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the lane.

    Args:
        grey: read-only pixels.
        captured_ms: when the frame arrived, monotonic.
        index: rises from frame to frame of one source.
    """

    grey: Grey
    captured_ms: int
    index: int


class FrameSource(Protocol):
    """A camera, real or replayed."""

    def newest(self, after: int, timeout_s: float) -> Frame | None:
        """The newest frame with an index above `after`; None when none came within `timeout_s`."""
        ...

    def state(self) -> str:
        """One word for the technician: opening, streaming, stale, closed, back-off or ended."""
        ...

    @property
    def fault(self) -> DeviceError | None:
        """Why there are no frames, where the source knows."""
        ...

    def close(self) -> None:
        """Stop; may be called twice."""
        ...


def read_only(grey: Grey) -> Grey:
    """The same pixels through a view that cannot be written to."""
    view = grey.view()
    view.flags.writeable = False
    return view


class NewestFrame:
    """The slot between a capture thread and its reader: putting a frame replaces the last one."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._frame: Frame | None = None
        self._closed = False

    def put(self, grey: Grey, captured_ms: int) -> Frame:
        """Show a frame to whoever waits; an unread older one is forgotten."""
        with self._changed:
            index = 1 if self._frame is None else self._frame.index + 1
            self._frame = Frame(read_only(grey), captured_ms, index)
            self._changed.notify_all()
            return self._frame

    def wait(self, after: int, timeout_s: float) -> Frame | None:
        """The frame in the slot if it is newer than `after`, waiting for one at most `timeout_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._is_newer(after), timeout_s)
            return self._frame if self._is_newer(after) and not self._closed else None

    def close(self) -> None:
        """Wake every waiting reader, who then gets None."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _is_newer(self, after: int) -> bool:
        return self._frame is not None and self._frame.index > after
