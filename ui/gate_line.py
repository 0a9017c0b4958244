"""The line to the gate: one question and its answer over the control socket, and what the gate tells by itself.

Law: every wait has an end. Whatever goes wrong on the line is one thing to a screen: the gate is silent.

Source: docs/architecture.md, "Control socket".
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from ui.system_clock import Clock

Reply = Mapping[str, Any]

ANSWER_WITHIN_S = 2.0
"""A poll that takes longer is shown as silence."""
ACT_WITHIN_S = 8.0
"""An act proves a PIN first, one after the other, each a tenth of a second and more."""
QUIET_S = 0.5
"""How long to wait for a notice before looking whether the screen was closed."""
SECOND_MS = 1_000
REPLY_BYTES = 1_000_000
"""A longer answer is none of a gate's."""


class SilentError(Exception):
    """The gate did not answer."""


class GateLine(Protocol):
    """How a console talks to a gate."""

    def ask(self, do: str, within_s: float = ANSWER_WITHIN_S, **fields: object) -> Reply:
        """The gate's answer.

        Raises:
            SilentError: there is none.
        """

    def listen(self) -> Iterator[Reply | None]:
        """What the gate tells; None after each quiet moment.

        Raises:
            SilentError: the gate hung up, or there is none.
        """


class SocketLine:
    """Over the gate's unix socket; each question on a connection of its own, so that none waits for another."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    def ask(self, do: str, within_s: float = ANSWER_WITHIN_S, **fields: object) -> Reply:
        """See `GateLine`."""
        until_ms = self._clock.monotonic_ms() + within_s * SECOND_MS
        with _silence(), self._connected(within_s) as gate:
            gate.sendall(json.dumps({"do": do, **fields}).encode() + b"\n")
            return _parse(self._first_line(gate, until_ms))

    def _first_line(self, gate: socket.socket, until_ms: float) -> bytes:
        """Up to the end of the line; a gate that trickles gets no more time than one that is silent."""
        told = b""
        while b"\n" not in told:
            left_s = (until_ms - self._clock.monotonic_ms()) / SECOND_MS
            if left_s <= 0 or len(told) > REPLY_BYTES:
                raise SilentError("no whole answer in time")
            gate.settimeout(left_s)
            chunk = gate.recv(65_536)
            if not chunk:
                raise SilentError("the gate hung up")
            told += chunk
        return told.partition(b"\n")[0]

    def listen(self) -> Iterator[Reply | None]:
        """See `GateLine`."""
        with _silence(), self._connected(QUIET_S) as gate:
            gate.sendall(b'{"do": "watch"}\n')
            told = b""
            while True:
                try:
                    chunk = gate.recv(65_536)
                except TimeoutError:
                    yield None
                    continue
                if not chunk or len(told) > REPLY_BYTES:
                    raise SilentError("the gate hung up")
                *lines, told = (told + chunk).split(b"\n")
                yield from map(_parse, lines)

    @contextlib.contextmanager
    def _connected(self, within_s: float) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_UNIX) as gate:
            gate.settimeout(within_s)
            gate.connect(str(self._path))
            yield gate


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, RecursionError) as error:
        raise SilentError(str(error)) from error


def _parse(line: bytes) -> Reply:
    reply = json.loads(line)
    if not isinstance(reply, dict):
        raise ValueError("a reply that is no object")  # noqa: TRY004 - bytes from outside, one of many ways to be wrong
    return reply
