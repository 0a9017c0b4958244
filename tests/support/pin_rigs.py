"""Benches for pin banks: a bank on the one side, the hands that pull its wires on the other.

A rig names two output lines and two input lines that are free, lets the world pull an input, reads a wire with a
multimeter, and lets time go by. The same suite runs on every rig.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Protocol

import pytest

from hardware.gpiod_bank import GpiodBank
from hardware.pins import Bias, Edge, InputLine, PinBank
from hardware.rpi_gpio_bank import RpiGpioBank, parse_pin
from hardware.simulated_pins import SimulatedBank, SimulatedChip
from hardware.system_clock import SystemClock
from hardware.virtual_clock import VirtualClock
from support.gpiod_stand_in import Kernel, in_nanoseconds
from support.rpi_gpio_stand_in import Header, RpiGpio, serve

GPIO_SIM = Path("/sys/devices/platform")


class Rig(Protocol):
    """What a contract test may do to a machine."""

    relay: str
    lamp: str
    sensor: str
    contact: str
    sees_what_was_left: bool

    def kill(self, bank: PinBank) -> None:
        """The bank's daemon dies; the kernel takes its lines back."""

    def bank(self) -> PinBank:
        """A bank as one daemon makes it; the next call is another daemon's."""

    def drive(self, line: str, *, level: bool) -> None:
        """The world pulls the wire."""

    def measure(self, line: str) -> bool:
        """A multimeter on the wire: True = 3.3 V."""

    def levels_of(self, line: str) -> list[bool]:
        """Every electrical level that the line took so far, where the rig can see that."""

    def pass_ms(self, ms: int) -> None:
        """Let time go by."""

    def now_ms(self) -> int:
        """The clock that edges are stamped by."""


class _Named:
    relay, lamp, sensor, contact = "GPIO17", "GPIO18", "GPIO22", "GPIO23"
    sees_what_was_left = True

    def kill(self, bank: PinBank) -> None:
        """As the kernel does when a process ends."""
        assert isinstance(bank, GpiodBank)
        for held in {id(held.request): held.request for held in bank._lines.values()}.values():
            held.release()


class SimulatedRig(_Named):
    """Over `SimulatedChip`."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.chip = SimulatedChip(self.clock)

    def bank(self) -> PinBank:
        return SimulatedBank(self.chip)

    def kill(self, bank: PinBank) -> None:
        if isinstance(bank, SimulatedBank):
            bank.abandon()
        else:
            super().kill(bank)

    def drive(self, line: str, *, level: bool) -> None:
        self.chip.drive(line, level=level)

    def measure(self, line: str) -> bool:
        return self.chip.measure(line)

    def levels_of(self, line: str) -> list[bool]:
        return [change.level for change in self.chip.history if change.line == line]

    def pass_ms(self, ms: int) -> None:
        self.clock.advance(ms)

    def now_ms(self) -> int:
        return self.clock.monotonic_ms()


class GpiodStandInRig(SimulatedRig):
    """Our gpiod adapter over a stand-in of its package."""

    def __init__(self, patch: pytest.MonkeyPatch, devices: Path) -> None:
        super().__init__()
        self.chip.label = "pinctrl-rp1"
        self.kernel = Kernel(devices, {"gpiochip0": self.chip})
        self.devices = devices
        patch.setattr("hardware.gpiod_bank.gpiod", self.kernel)

    def bank(self) -> PinBank:
        return GpiodBank(in_nanoseconds(), self.devices)


class RpiGpioStandInRig(_Named):
    """Our ``RPi.GPIO`` adapter over a stand-in of that module."""

    sees_what_was_left = False

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch = patch
        self.clock = VirtualClock()
        self.header = Header()

    def bank(self) -> PinBank:
        serve(self.patch, RpiGpio(self.header))
        return RpiGpioBank(self.clock)

    def drive(self, line: str, *, level: bool) -> None:
        self.header.driven[parse_pin(line)] = level
        self.header.levels[parse_pin(line)] = level

    def measure(self, line: str) -> bool:
        return self.header.levels[parse_pin(line)]

    def levels_of(self, line: str) -> list[bool]:
        return [level for pin, level in self.header.blips if pin == parse_pin(line)]

    def pass_ms(self, ms: int) -> None:
        self.clock.advance(ms)

    def now_ms(self) -> int:
        return self.clock.monotonic_ms()


class GpioSimRig(_Named):
    """Our gpiod adapter on real kernel lines: a gpio-sim chip, as the lab's guest has one."""

    def __init__(self, chip: Path) -> None:
        self._chip = chip
        self._clock = SystemClock()
        self._let_go()

    def _let_go(self) -> None:
        """Nothing drives the wires: pins that keep their level would tell of the test before."""
        with self.bank() as bank:
            bank.request_inputs([InputLine(line=line) for line in (self.relay, self.lamp)])

    def bank(self) -> PinBank:
        return GpiodBank(self._clock.from_kernel_ns)

    def drive(self, line: str, *, level: bool) -> None:
        self._file(line, "pull").write_text("pull-up" if level else "pull-down", encoding="ascii")

    def measure(self, line: str) -> bool:
        return self._file(line, "value").read_text(encoding="ascii").strip() == "1"

    def levels_of(self, line: str) -> list[bool]:
        return [self.measure(line)]

    def pass_ms(self, ms: int) -> None:
        threading.Event().wait(ms / 1_000)

    def now_ms(self) -> int:
        return self._clock.monotonic_ms()

    def _file(self, line: str, name: str) -> Path:
        return self._chip / f"sim_gpio{parse_pin(line)}" / name


def open_rig(name: str, patch: pytest.MonkeyPatch, folder: Path) -> Rig:
    """The rig of that name; skips where its machine is not here."""
    if name == "simulated":
        return SimulatedRig()
    if name == "gpiod stand-in":
        return GpiodStandInRig(patch, folder)
    if name == "rpi_gpio stand-in":
        return RpiGpioStandInRig(patch)
    if name == "gpiod on kernel lines":
        if not list(Path("/dev").glob("gpiochip*")):
            pytest.skip("no /dev/gpiochip* on this machine: the lab runs this on real kernel lines")
        chips = list(GPIO_SIM.glob("gpio-sim.*/gpiochip*"))
        if not chips:
            pytest.skip("no gpio-sim chip here, and real pins may have a turnstile on them")
        return GpioSimRig(chips[0])
    raise RuntimeError(f"no rig {name!r}")


RIGS = ("simulated", "gpiod stand-in", "rpi_gpio stand-in", "gpiod on kernel lines")


def switch(line: str, *, debounce_ms: int = 0) -> InputLine:
    """A normally open contact to ground."""
    return InputLine(line=line, active_low=True, bias=Bias.PULL_UP, debounce_ms=debounce_ms)


def collect(rig: Rig, bank: PinBank, wanted: int) -> list[Edge]:
    """Edges until there are ``wanted``, or five seconds are over on the rig's clock."""
    found = bank.edges()
    until_ms = rig.now_ms() + 5_000
    while len(found) < wanted and rig.now_ms() < until_ms:
        found += bank.edges(wait_ms=20)
        rig.pass_ms(1)
    return found


def pull(rig: Rig, line: str, levels: list[bool], pause_ms: int = 30) -> None:
    """Pull a wire through ``levels`` with time between."""
    for level in levels:
        rig.drive(line, level=level)
        rig.pass_ms(pause_ms)
