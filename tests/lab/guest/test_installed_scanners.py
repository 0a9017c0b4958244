"""A wired scanner as the kernel shows it: as a serial line and as a keyboard, unplugged in the midst of a code."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from board import wait_until
from hardware.hid_scanner import open_keyboard
from hardware.line_framer import ScannedLine, ScannerSettings
from hardware.serial_scanner import open_serial
from hardware.system_clock import SystemClock
from hardware.wired_scanner import WiredScanner
from usb_gadget import UsbScanner

CODE = "TKT-2026-ab-0123456789"


@pytest.fixture(scope="module")
def cable() -> Iterator[UsbScanner]:
    cable = UsbScanner()
    yield cable
    cable.pull_out()


@pytest.fixture(params=["serial", "keyboard"])
def scanner(request: pytest.FixtureRequest, cable: UsbScanner) -> Iterator[WiredScanner]:
    wait_until(cable.is_there, "a plugged scanner")
    device = "/dev/ttyACM0" if request.param == "serial" else cable.keyboard()
    assert device is not None
    settings = ScannerSettings(name="desk", kind=request.param, device=device, gap_ms=2_000)
    opened = open_serial if request.param == "serial" else open_keyboard
    scanner = WiredScanner(settings, SystemClock().monotonic_ms, opened)
    wait_until(lambda: scanner.state() == "ready", "a scanner that is ready")
    yield scanner
    scanner.close()


def enter(scanner: WiredScanner, cable: UsbScanner, text: str) -> None:
    """Some time after the opening: what comes at once is the tail of a code that nobody saw begin."""
    Event().wait(1.5 * scanner.settings.gap_ms / 1_000)
    if scanner.settings.kind == "serial":
        cable.send(text.replace("\n", "\r").encode("ascii"))
    else:
        cable.type_in(text)


def heard(scanner: WiredScanner) -> ScannedLine:
    lines: list[ScannedLine] = []

    def has_come() -> bool:
        line = scanner.take()
        lines.extend([line] if line is not None else [])
        return bool(lines)

    wait_until(has_come, "a code", 20)
    return lines[0]


def test_a_code_comes_whole(scanner: WiredScanner, cable: UsbScanner) -> None:
    enter(scanner, cable, f"{CODE}\n")

    assert heard(scanner).payload == CODE.encode("ascii")


def test_a_second_reader_is_refused(scanner: WiredScanner) -> None:
    opened = open_serial if scanner.settings.kind == "serial" else open_keyboard

    other = WiredScanner(scanner.settings, SystemClock().monotonic_ms, opened)
    wait_until(lambda: other.fault is not None, "a refusal")
    other.close()

    assert other.fault is not None
    assert other.fault.code == "scanner_busy"


def test_a_code_that_the_cable_cut_is_discarded_and_the_next_is_whole(
    scanner: WiredScanner, cable: UsbScanner
) -> None:
    enter(scanner, cable, CODE[:9])
    cable.pull_out()
    wait_until(lambda: scanner.fault is not None, "a missing scanner")
    assert scanner.fault is not None
    assert scanner.fault.code == "scanner_missing"

    opened = scanner.openings
    cable.plug_in()
    wait_until(lambda: scanner.openings > opened and scanner.state() == "ready", "its return")
    enter(scanner, cable, f"{CODE}\n")

    assert heard(scanner).payload == CODE.encode("ascii")
