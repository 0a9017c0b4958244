"""A bad line between a gate and its central: TCP that is slow, that breaks, that goes nowhere.

Law: bytes pass unchanged for as long as they pass. What is to go wrong is said once, in `Trouble`.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Self

PIECE_BYTES = 256
RESET = struct.pack("ii", 1, 0)


def _never() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a line.

    ``bytes_s``: it is slow (0 = it is not); ``breaks_after``: asked for every connection, after how many bytes of both
    ways it is reset; ``is_hole``: it takes everything and answers nothing.
    """

    bytes_s: int = 0
    breaks_after: Callable[[], int | None] = _never
    is_hole: bool = False


@dataclass
class BadLine:
    """Listens on 127.0.0.1:``port`` in front of the central on ``target_port``."""

    target_port: int
    trouble: Trouble
    resets: int = 0
    port: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._is_closing = Event()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in list(self._open):
            _shut(one)
            if self.trouble.is_hole:
                one.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while not self._is_closing.is_set():
            try:
                near, _address = self._listener.accept()
            except OSError:
                return
            self._open.append(near)
            if not self.trouble.is_hole:
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        far = socket.create_connection(("127.0.0.1", self.target_port))
        self._open.append(far)
        if self.trouble.bytes_s:
            # what waits in a buffer of ours would have arrived
            near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE_BYTES)
        left = [self.trouble.breaks_after()]
        back = threading.Thread(target=self._pump, args=(far, near, left), daemon=True)
        back.start()
        self._pump(near, far, left)
        back.join()
        for one in (near, far):
            self._open.remove(one)
            one.close()

    def _pump(self, source: socket.socket, sink: socket.socket, left: list[int | None]) -> None:
        pause = self._is_closing
        with contextlib.suppress(OSError):
            while chunk := source.recv(PIECE_BYTES):
                if left[0] is not None:
                    left[0] -= len(chunk)
                    if left[0] <= 0:
                        self._reset(source, sink)
                        return
                if self.trouble.bytes_s:
                    pause.wait(len(chunk) / self.trouble.bytes_s)
                sink.sendall(chunk)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _reset(self, *ends: socket.socket) -> None:
        self.resets += 1
        for end in ends:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            _shut(end)


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
