"""The second opinion on linear codes: libzbar, in a child process.

Law: it never holds up a frame for longer than its limit and never takes the gate down: a child that aborts,
hangs or was never there leaves a reading `single`. A missing libzbar is told once.

Source: docs/decoding.md, "The second opinion".
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scanner.core.errors import DeviceError
from scanner.reading.candidate import Box
from scanner.reading.linear_values import zbar_symbology
from scanner.reading.symbologies import SYMBOLOGIES
from scanner.reading.zbar_child import REQUEST, mask_of

FRAME_LIMIT_S = 0.12
"""The longest that a frame of a stream may wait: four frames at 30 fps."""

ZBAR_COMMAND = (sys.executable, "-m", "scanner.reading.zbar_child")

_SILENT_STARTS_BEFORE_RESTART = 50


@dataclass(frozen=True, slots=True)
class LinearReading:
    """What the second decoder says a linear symbol holds, before `printed_as`."""

    symbology: str
    payload: bytes
    box: Box


class SecondOpinion(Protocol):
    """Somebody else who reads linear codes."""

    @property
    def fault(self) -> DeviceError | None:
        """Why there is no second opinion; None while there is one."""
        ...

    def read(
        self, grey: NDArray[np.uint8], symbologies: Iterable[str]
    ) -> list[LinearReading] | None:
        """The linear codes of the picture; None when no opinion could be had."""
        ...

    def close(self) -> None:
        """Stop; may be called twice."""
        ...


class ZbarProcess:
    """libzbar at arm's length.

    Args:
        limit_s: the longest that `read` may take; a child that needs longer is killed and started again.
        command: the child to run, with its end of a socket as standard input.
    """

    def __init__(
        self, limit_s: float = FRAME_LIMIT_S, command: tuple[str, ...] = ZBAR_COMMAND
    ) -> None:
        self.restarts = 0
        self._limit_s = limit_s
        self._command = command
        self._fault: DeviceError | None = None
        self._socket: socket.socket | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._is_ready = False
        self._silent_starts = 0
        self._start()

    @property
    def fault(self) -> DeviceError | None:
        """See `SecondOpinion.fault`."""
        return self._fault

    def read(
        self, grey: NDArray[np.uint8], symbologies: Iterable[str]
    ) -> list[LinearReading] | None:
        """See `SecondOpinion.read`."""
        mask = mask_of(symbol for name in symbologies for symbol in SYMBOLOGIES[name].zbar)
        child = self._socket
        if self._fault is not None or child is None or not mask:
            return None
        try:
            if not self._is_ready and not self._hear_ready(child):
                return None
            height, width = grey.shape
            child.sendall(REQUEST.pack(width, height, mask) + grey.tobytes())
            return _parse_answer(_hear(child))
        except (OSError, ValueError, TypeError, KeyError):  # gone, too slow or talking nonsense
            self._restart()
            return None

    def close(self) -> None:
        """See `SecondOpinion.close`."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._child = subprocess.Popen(
                self._command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        ours.settimeout(self._limit_s)
        self._socket = ours
        self._is_ready = False
        self._silent_starts = 0

    def _restart(self) -> None:
        self.close()
        self.restarts += 1
        self._start()

    def _hear_ready(self, child: socket.socket) -> bool:
        """True once the child has said that it can read; a slow start costs no more than the limit."""
        try:
            hello = json.loads(_hear(child))
        except TimeoutError:
            self._silent_starts += 1
            if self._silent_starts >= _SILENT_STARTS_BEFORE_RESTART:
                raise
            return False
        if not hello["ready"]:
            self._fault = zbar_missing(str(hello["why"]))
            self.close()
            return False
        self._is_ready = True
        return True


def _hear(child: socket.socket) -> bytes:
    """One line of the child's."""
    heard = b""
    while not heard.endswith(b"\n"):
        part = child.recv(65536)
        if not part:
            raise ConnectionError("the child has gone")
        heard += part
    return heard


def zbar_missing(why: str) -> DeviceError:
    """The fault that there is no libzbar here."""
    return DeviceError(
        "zbar_missing",
        f"the second decoder cannot start ({why}); linear codes are read by one decoder only and open"
        " the gate only if the snapshot knows them",
        "Install libzbar: apt install libzbar0.",
    )


def _parse_answer(line: bytes) -> list[LinearReading] | None:
    answer = json.loads(line)
    if not isinstance(answer, list):
        return None
    readings = []
    for symbol, payload, box in answer:
        symbology, digits = zbar_symbology(symbol, bytes.fromhex(payload))
        left, top, right, bottom = box
        readings.append(LinearReading(symbology, digits, Box(left, top, right + 1, bottom + 1)))
    return readings
