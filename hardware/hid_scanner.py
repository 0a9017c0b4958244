"""Scanners that are USB keyboards (wedges): read from the kernel's event device, and grabbed.

Law: grabbed, so that what is scanned is typed nowhere else: a console on tty1 would take a code for a command. The
device is read as the kernel defines it, without a library that would have to be compiled on every gate.

Source: linux/input.h (uAPI), EVIOCGRAB; docs/adr/0017-keyboards-are-read-from-the-kernel.md; docs/hardware.md, "Wired
scanners".
"""

from __future__ import annotations

import errno
import fcntl
import os
import select

from hardware.key_events import EVENT, Typist
from hardware.line_framer import ScannerSettings
from hardware.wired_scanner import ScannerPort, busy, missing
from scanner.core.errors import DeviceError

EVIOCGRAB = 0x40044590
"""``_IOW('E', 0x90, int)``"""
EVENTS_AT_ONCE = 64


class KeyboardPort:
    """An open, grabbed event device. Owns the file descriptor."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._typist = Typist()
        self._poll = select.poll()
        self._poll.register(number, select.POLLIN)

    def read(self, wait_ms: int) -> bytes | None:
        """See `ScannerPort.read`."""
        if not self._poll.poll(wait_ms):
            return b""
        data = os.read(self._number, EVENTS_AT_ONCE * EVENT.size)
        if not data:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return self._typist.characters(data)

    def close(self) -> None:
        """See `ScannerPort.close`; the grab ends with it."""
        os.close(self._number)


def open_keyboard(settings: ScannerSettings) -> ScannerPort:
    """Open and grab the keyboard.

    Raises:
        DeviceError: ``scanner_missing`` or ``scanner_busy``.
    """
    try:
        number = os.open(settings.device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise missing(settings, str(error.strerror)) from error
    try:
        fcntl.ioctl(number, EVIOCGRAB, 1)
    except OSError as error:
        os.close(number)
        raise _not_grabbed(settings, error) from error
    return KeyboardPort(number)


def _not_grabbed(settings: ScannerSettings, error: OSError) -> DeviceError:
    return busy(settings) if error.errno == errno.EBUSY else missing(settings, str(error.strerror))
