"""Somebody who watches a gate over its control socket, and can be asked what was heard."""

from __future__ import annotations

import json
import select
import socket
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

Notice = dict[str, Any]


class Watcher:
    """One connection that asked to watch. Without a thread: what is not heard waits in the socket."""

    def __init__(self, path: Path) -> None:
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.settimeout(15)
        self._buffer = b""
        self._heard: deque[Notice] = deque()
        try:
            self._connection.connect(str(path))
            self._connection.sendall(b'{"do": "watch"}\n')
        except OSError:
            self._connection.close()
            raise
        assert self.hear((), 15) == {"ok": True, "watching": True}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()

    def hear(self, events: Sequence[str], within_s: float = 15) -> Notice:
        """The next notice of one of these kinds (none named: of any); others are dropped."""
        while True:
            notice = self._next(within_s)
            assert notice is not None, f"no notice of {events} within {within_s} s"
            if not events or notice.get("event") in events:
                return notice

    def drain(self) -> list[Notice]:
        """What was said and not heard yet; after a hang-up, everything that was said before it."""
        heard = []
        while (notice := self._next(0)) is not None:
            heard.append(notice)
        return heard

    def _next(self, within_s: float) -> Notice | None:
        while not self._heard:
            if not select.select([self._connection], [], [], within_s)[0]:
                return None
            received = self._receive()
            if not received:
                return None
            *lines, self._buffer = (self._buffer + received).split(b"\n")
            self._heard.extend(json.loads(line) for line in lines)
        return self._heard.popleft()

    def _receive(self) -> bytes:
        try:
            return self._connection.recv(65_536)
        except ConnectionResetError:
            return b""
