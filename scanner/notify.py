"""Signs of life for systemd: ready, alive, what it is doing.

Law: without a service manager nothing happens. The watchdog is fed by whoever does the work, once a second at most, and
only while all of it goes on: a gate that decides and cannot switch its relay off is not alive. Saying so never blocks
and never stops the gate.

Source: sd_notify(3), sd_watchdog_enabled(3); docs/hardware.md, "Units".
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Mapping

FEED_MS = 1_000
"""A sixth of the unit's WatchdogSec: five may be missed."""


class Supervisor:
    """What started this process, if it wants to hear of it.

    Args:
        address: its datagram socket; a leading ``@`` means the abstract namespace; empty = there is none.
        monotonic_ms: the composition root's clock.
    """

    def __init__(self, address: str, monotonic_ms: Callable[[], int]) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._monotonic_ms = monotonic_ms
        self._fed_ms: int | None = None
        self._said = ""

    def ready(self, status: str) -> None:
        """The start is over: what depends on this process may start."""
        self._said = status
        self._send(f"READY=1\nSTATUS={one_line(status)}")

    def feed(self, status: Callable[[], str], *, is_live: bool) -> None:
        """Call often. Alive, and what it is doing where that has changed; nothing while it is not live."""
        now_ms = self._monotonic_ms()
        is_due = self._fed_ms is None or now_ms - self._fed_ms >= FEED_MS
        if not (self._address and is_live and is_due):
            return
        self._fed_ms = now_ms
        said = one_line(status())
        news = "" if said == self._said else f"\nSTATUS={said}"
        self._said = said
        self._send(f"WATCHDOG=1{news}")

    def stopping(self) -> None:
        """The end has begun, on purpose."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door,
        ):
            door.setblocking(False)
            door.sendto(text.encode(), self._address)


def supervisor_of(
    monotonic_ms: Callable[[], int], environment: Mapping[str, str] = os.environ
) -> Supervisor:
    """As systemd says in the environment."""
    return Supervisor(environment.get("NOTIFY_SOCKET", ""), monotonic_ms)


def one_line(text: str) -> str:
    """A status has no line ends: they would begin another message."""
    return " ".join(text.split())
