"""Scanners on a serial line: RS-232 and USB-CDC imagers.

Law: opened for us alone, or not at all: two readers would each get half of a code. What waited in the driver from
before the opening is thrown away.

Source: pyserial documentation, "exclusive"; docs/hardware.md, "Wired scanners".
"""

from __future__ import annotations

import errno

import serial

from hardware.line_framer import ScannerSettings
from hardware.wired_scanner import ScannerPort, busy, missing

READ_BYTES = 4_096


class SerialPort:
    """An open serial line."""

    def __init__(self, port: serial.Serial) -> None:
        self._port = port

    def read(self, wait_ms: int) -> bytes:
        """See `ScannerPort.read`. An unplugged adapter raises `serial.SerialException`, which is an OSError."""
        self._port.timeout = wait_ms / 1_000
        first = self._port.read(1)
        return first + self._port.read(min(self._port.in_waiting, READ_BYTES)) if first else b""

    def close(self) -> None:
        """See `ScannerPort.close`."""
        self._port.close()


def open_serial(settings: ScannerSettings) -> ScannerPort:
    """Open the line.

    Raises:
        DeviceError: ``scanner_missing`` or ``scanner_busy``.
    """
    try:
        port = serial.Serial(settings.device, settings.baud, exclusive=True)
        port.reset_input_buffer()
    except OSError as error:
        if error.errno in (errno.EBUSY, errno.EAGAIN) or "exclusively" in str(error):
            raise busy(settings) from error
        raise missing(settings, error.strerror or str(error)) from error
    return SerialPort(port)
