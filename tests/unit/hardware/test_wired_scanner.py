"""A scanner on a real pseudo-terminal, and a keyboard on a pipe: read, unplugged, found again, never shared."""

from __future__ import annotations

import os
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hardware.hid_scanner import KeyboardPort, open_keyboard
from hardware.key_events import EV_SYN, SYN_DROPPED
from hardware.line_framer import ScannerSettings
from hardware.serial_scanner import open_serial
from hardware.wired_scanner import STALE_AFTER_MS, OpenPort, ScannerPort, WiredScanner
from scanner.core.errors import DeviceError
from support.eventually import eventually
from support.fixed_clock import FixedClock
from support.key_presses import event, typed

GAP_MS = 20


class Cable:
    """The scanner's end of a pseudo-terminal; its other end is the device that is opened."""

    def __init__(self, link: Path) -> None:
        self._link = link
        self.plug_in()

    def plug_in(self) -> None:
        self._ours, theirs = os.openpty()
        tty.setraw(theirs)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(theirs))
        os.close(theirs)

    def send(self, data: bytes) -> None:
        os.write(self._ours, data)

    def unplug(self) -> None:
        self._link.unlink(missing_ok=True)
        os.close(self._ours)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


def scanner(device: str, clock: FixedClock, open_port: OpenPort, **fields: Any) -> WiredScanner:
    settings = ScannerSettings(name="desk", kind="serial", device=device, gap_ms=GAP_MS, **fields)
    return WiredScanner(settings, clock.monotonic_ms, open_port, first_back_off_s=0.01)


@pytest.fixture
def cable(tmp_path: Path) -> Cable:
    return Cable(tmp_path / "ttyACM0")


@pytest.fixture
def desk(tmp_path: Path, cable: Cable, clock: FixedClock) -> Iterator[WiredScanner]:
    found = scanner(str(tmp_path / "ttyACM0"), clock, open_serial)
    assert eventually(lambda: found.state() == "ready")
    yield found
    found.close()
    assert found.state() == "closed"


def quiet(clock: FixedClock) -> None:
    """Longer than the gap goes by without a byte."""
    clock.pass_ms(GAP_MS)


def taken(found: WiredScanner) -> bytes | None:
    """The next code, waited for."""
    lines: list[bytes] = []

    def is_there() -> bool:
        line = found.take()
        lines.extend([] if line is None else [line.payload])
        return bool(lines)

    return lines[0] if eventually(is_there) else None


def test_a_code_is_taken_once(desk: WiredScanner, cable: Cable, clock: FixedClock) -> None:
    quiet(clock)
    cable.send(b"TKT-1\r")
    assert taken(desk) == b"TKT-1"
    assert desk.take() is None
    assert (desk.counts.codes, desk.last_raw) == (1, b"TKT-1\r")


def test_only_the_newest_code_is_kept_and_not_for_long(
    desk: WiredScanner, cable: Cable, clock: FixedClock
) -> None:
    quiet(clock)
    cable.send(b"TKT-1\rTKT-2\r")
    assert eventually(lambda: desk.counts.codes == 2)
    assert taken(desk) == b"TKT-2"
    cable.send(b"TKT-3\r")
    assert eventually(lambda: desk.counts.codes == 3)
    clock.pass_ms(STALE_AFTER_MS + 1)
    assert desk.take() is None


def test_an_unplugged_scanner_is_told_and_found_again(
    desk: WiredScanner, cable: Cable, clock: FixedClock
) -> None:
    quiet(clock)
    cable.send(b"TKT-9")
    assert eventually(lambda: desk.last_raw.endswith(b"TKT-9"))
    cable.unplug()
    assert eventually(lambda: desk.fault is not None and desk.fault.code == "scanner_missing")
    cable.plug_in()
    assert eventually(lambda: desk.state() == "ready" and desk.openings == 2)
    assert desk.fault is None
    quiet(clock)
    cable.send(b"TKT-1\r")
    assert taken(desk) == b"TKT-1"
    assert desk.counts.fragments == 1


def test_a_line_that_another_program_reads_is_busy_not_shared(
    desk: WiredScanner, tmp_path: Path
) -> None:
    assert desk.state() == "ready"
    with pytest.raises(DeviceError, match="held by another program") as told:
        open_serial(desk.settings)
    assert told.value.code == "scanner_busy"


def test_a_keyboard_types_codes_and_a_dropped_event_costs_its_code_only(clock: FixedClock) -> None:
    ours, theirs = os.pipe()
    ports: list[ScannerPort] = [KeyboardPort(ours)]

    def open_once(settings: ScannerSettings) -> ScannerPort:
        return ports.pop() if ports else open_keyboard(settings)

    wedge = scanner("/dev/input/of-the-test", clock, open_once)
    quiet(clock)
    os.write(theirs, typed("TKT-1\r"))
    assert taken(wedge) == b"TKT-1"
    os.write(theirs, typed("TKT-") + event(EV_SYN, SYN_DROPPED, 0))
    assert eventually(lambda: wedge.counts.fragments == 1)
    os.write(theirs, typed("-77\rTKT-2\r"))
    assert taken(wedge) == b"TKT-2"
    os.close(theirs)
    assert eventually(lambda: wedge.fault is not None)
    wedge.close()


def test_what_is_no_keyboard_cannot_be_grabbed(tmp_path: Path) -> None:
    file = tmp_path / "event0"
    file.touch()
    settings = ScannerSettings(name="wedge", kind="keyboard", device=str(file))
    with pytest.raises(DeviceError, match="Inappropriate ioctl") as told:
        open_keyboard(settings)
    assert told.value.code == "scanner_missing"
