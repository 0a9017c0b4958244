"""A wired scanner: a thread that reads its line, and keeps the newest whole code.

Law: nobody waits for a cable. The thread reads, frames and keeps one code, the newest; a code that was not taken within
`STALE_AFTER_MS` is let go, so that what was shown to a lane that hung opens nothing later. A scanner that is unplugged
is closed and opened again, for as long as it takes.

States: opening → ready → back-off → opening; closed at the end.

Source: docs/hardware.md, "Wired scanners".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Protocol

from hardware.frames import MonotonicMs
from hardware.line_framer import LineCounts, LineFramer, ScannedLine, ScannerSettings
from scanner.core.errors import DeviceError

LOG = logging.getLogger("portillon.scanner")

STALE_AFTER_MS = 2_000
FIRST_BACK_OFF_S = 0.5
LONGEST_BACK_OFF_S = 10.0


class ScannerPort(Protocol):
    """An open line. Every method raises OSError once the scanner is gone."""

    def read(self, wait_ms: int) -> bytes | None:
        """What came within ``wait_ms``, as the characters of a line; None when the kernel had to drop some."""

    def close(self) -> None:
        """Give the device back."""


OpenPort = Callable[[ScannerSettings], ScannerPort]
"""Opens a scanner, alone.

Raises:
    DeviceError: ``scanner_missing`` or ``scanner_busy``.
"""


class LineSource(Protocol):
    """A wired scanner, as the lane sees it."""

    @property
    def settings(self) -> ScannerSettings:
        """How it was set up."""
        ...

    def take(self) -> ScannedLine | None:
        """The newest code that nobody has taken yet."""
        ...

    def state(self) -> str:
        """One word for the technician: opening, ready, back-off or closed."""
        ...

    @property
    def fault(self) -> DeviceError | None:
        """Why nothing can come, where that is so."""
        ...

    @property
    def counts(self) -> LineCounts:
        """What became of what arrived."""
        ...

    @property
    def last_raw(self) -> bytes:
        """The newest bytes as they came: for a technician's eyes, never for a log."""
        ...

    def close(self) -> None:
        """Stop; may be called twice."""
        ...


class WiredScanner:
    """A line source over a serial or keyboard device.

    Args:
        open_port: `hardware.serial_scanner.open_serial` or `hardware.hid_scanner.open_keyboard`.
        first_back_off_s: the pause after a failure; it doubles up to `LONGEST_BACK_OFF_S`.
    """

    def __init__(
        self,
        settings: ScannerSettings,
        monotonic_ms: MonotonicMs,
        open_port: OpenPort,
        first_back_off_s: float = FIRST_BACK_OFF_S,
    ) -> None:
        self._settings = settings
        self.openings = 0
        self._monotonic_ms = monotonic_ms
        self._open_port = open_port
        self._first_back_off_s = first_back_off_s
        self._framer = LineFramer(settings)
        self._newest: ScannedLine | None = None
        self._lock = Lock()
        self._state = "opening"
        self._fault: DeviceError | None = None
        self._closed = Event()
        self._thread = Thread(target=self._run, name=f"scanner-{settings.name}", daemon=True)
        self._thread.start()

    @property
    def settings(self) -> ScannerSettings:
        """See `LineSource.settings`."""
        return self._settings

    def take(self) -> ScannedLine | None:
        """See `LineSource.take`."""
        with self._lock:
            taken, self._newest = self._newest, None
        if taken is None or self._monotonic_ms() - taken.at_ms > STALE_AFTER_MS:
            return None
        return taken

    def state(self) -> str:
        """See `LineSource.state`."""
        return "closed" if self._closed.is_set() else self._state

    @property
    def fault(self) -> DeviceError | None:
        """See `LineSource.fault`."""
        return self._fault

    @property
    def counts(self) -> LineCounts:
        """See `LineSource.counts`."""
        return self._framer.counts

    @property
    def last_raw(self) -> bytes:
        """See `LineSource.last_raw`."""
        return self._framer.last_raw

    def close(self) -> None:
        """See `LineSource.close`."""
        self._closed.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        back_off_s = self._first_back_off_s
        while not self._closed.is_set():
            self._state = "opening"
            try:
                port = self._open_port(self.settings)
            except DeviceError as error:
                self._fault = error
            else:
                self.openings += 1
                self._fault = self._listen(port)
                back_off_s = self._first_back_off_s
            self._state = "back-off"
            self._closed.wait(back_off_s)
            back_off_s = min(2 * back_off_s, LONGEST_BACK_OFF_S)

    def _listen(self, port: ScannerPort) -> DeviceError | None:
        """Take codes in until the scanner is gone; why it ended."""
        self._framer.reopen(self._monotonic_ms())
        self._fault, self._state = None, "ready"
        try:
            while not self._closed.is_set():
                self._hear(port.read(self.settings.gap_ms))
        except OSError as error:
            return missing(self.settings, error.strerror or str(error))
        finally:
            port.close()
        return None

    def _hear(self, data: bytes | None) -> None:
        now_ms = self._monotonic_ms()
        if data is None:
            self._framer.lose(now_ms)
            return
        self._framer.settle(now_ms)
        lines = self._framer.feed(data, now_ms) if data else []
        if lines:
            with self._lock:
                self._newest = lines[-1]


def missing(settings: ScannerSettings, reason: str) -> DeviceError:
    """The scanner cannot be opened, or is unplugged."""
    return DeviceError(
        "scanner_missing",
        f"scanner {settings.name!r} at {settings.device!r} is gone ({reason}); the gate goes on without it"
        f" and tries again at least every {LONGEST_BACK_OFF_S:.0f} s",
        "See that it is plugged in, `ls /dev/serial/by-id /dev/input/by-id`, and that this account is in"
        " groups dialout and input.",
    )


def busy(settings: ScannerSettings) -> DeviceError:
    """Somebody else reads this scanner: codes would be torn between the two."""
    return DeviceError(
        "scanner_busy",
        f"scanner {settings.name!r} at {settings.device!r} is held by another program; the gate goes on"
        f" without it and tries again at least every {LONGEST_BACK_OFF_S:.0f} s",
        "Stop the other program (`fuser -v` names it); a modem manager may have taken a serial port.",
    )
