from __future__ import annotations

from pathlib import Path

import pytest

from hardware.gpiod_bank import GpiodBank, Place, find_line
from hardware.pins import InputLine, OutputLine
from hardware.simulated_pins import SimulatedChip
from hardware.virtual_clock import VirtualClock
from scanner.core.errors import DeviceError
from support.gpiod_stand_in import Kernel, Request, in_nanoseconds


class Machine:
    """A Raspberry Pi 5, more or less: the header's chip, a small one beside it, and a link for old programs."""

    def __init__(self, patch: pytest.MonkeyPatch, devices: Path) -> None:
        self.clock = VirtualClock()
        self.devices = devices
        self.header = SimulatedChip(self.clock, label="pinctrl-rp1")
        self.small = SimulatedChip(
            self.clock, label="gpio-brcmstb", lines=("~0", "GPIO3", "WIFI", "~3", "~4")
        )
        self.kernel = Kernel(devices, {"gpiochip0": self.header, "gpiochip10": self.small})
        (devices / "gpiochip4").symlink_to(devices / "gpiochip0")
        patch.setattr("hardware.gpiod_bank.gpiod", self.kernel)

    def bank(self) -> GpiodBank:
        return GpiodBank(in_nanoseconds(), self.devices)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path)


@pytest.mark.parametrize(
    ("line", "chip", "label", "offset"),
    [
        ("GPIO17", "gpiochip0", "pinctrl-rp1", 17),
        ("pinctrl-rp1/GPIO17", "gpiochip0", "pinctrl-rp1", 17),
        ("pinctrl-rp1/17", "gpiochip0", "pinctrl-rp1", 17),
        ("WIFI", "gpiochip10", "gpio-brcmstb", 2),
        ("gpio-brcmstb/4", "gpiochip10", "gpio-brcmstb", 4),
        ("gpio-brcmstb/GPIO3", "gpiochip10", "gpio-brcmstb", 1),
    ],
)
def test_a_line_is_found_by_name_or_by_its_chips_label(
    machine: Machine, line: str, chip: str, label: str, offset: int
) -> None:
    assert find_line(line, machine.devices) == Place(str(machine.devices / chip), label, offset)


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("GPIO40", "line_unknown", r"'GPIO40' is not on chip 'pinctrl-rp1, gpio-brcmstb'"),
        ("17", "line_unknown", r"'17' is not on chip"),
        ("pinctrl-rp1/28", "line_unknown", r"valid: GPIO0\.\.GPIO27"),
        ("gpiochip0/17", "no_gpio_chip", r"chip 'gpiochip0' is not .*there: gpio-brcmstb, pinctrl"),
        ("GPIO3", "line_ambiguous", r"is on chips 'pinctrl-rp1' and 'gpio-brcmstb'"),
    ],
)
def test_a_line_that_is_not_exactly_one_is_refused(
    machine: Machine, line: str, code: str, message: str
) -> None:
    with pytest.raises(DeviceError, match=message) as told:
        find_line(line, machine.devices)
    assert told.value.code == code


@pytest.mark.parametrize(
    ("lines", "valid"),
    [(("~0", "~1"), r"valid: bare/0\.\.1"), (("LED", "KEY", "~2"), "valid: LED, KEY")],
)
def test_a_chip_with_few_names_says_what_there_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lines: tuple[str, ...], valid: str
) -> None:
    chip = SimulatedChip(VirtualClock(), label="bare", lines=lines)
    monkeypatch.setattr("hardware.gpiod_bank.gpiod", Kernel(tmp_path, {"gpiochip0": chip}))
    with pytest.raises(DeviceError, match=valid):
        find_line("GPIO1", tmp_path)


def test_a_chip_that_may_not_be_opened_is_told_if_it_may_hold_the_line(machine: Machine) -> None:
    machine.kernel.denied.add(str(machine.devices / "gpiochip10"))
    with pytest.raises(DeviceError, match="group 'gpio'") as told:
        find_line("WIFI", machine.devices)
    assert told.value.code == "gpio_denied"
    assert find_line("GPIO17", machine.devices).offset == 17


def test_a_file_that_is_no_chip_is_told(tmp_path: Path) -> None:
    (tmp_path / "gpiochip0").touch()
    with pytest.raises(DeviceError, match="failed") as told:
        find_line("GPIO17", tmp_path)
    assert told.value.code == "line_failed"


def test_lines_of_several_chips_serve_one_bank(machine: Machine) -> None:
    with machine.bank() as bank:
        bank.request_outputs([OutputLine(line="GPIO17"), OutputLine(line="WIFI")])
        bank.set("WIFI", True)
        assert machine.small.measure("WIFI")
        assert not machine.header.measure("GPIO17")
        bank.request_inputs([InputLine(line="GPIO22"), InputLine(line="gpio-brcmstb/1")])
        machine.header.drive("GPIO22", level=False)
        machine.clock.advance(1)
        machine.small.drive("GPIO3", level=False)
        assert [(e.line, e.at_ms) for e in bank.edges()] == [("GPIO22", 0), ("gpio-brcmstb/1", 1)]


def test_a_driver_that_fails_is_told_on_every_access(machine: Machine) -> None:
    bank = machine.bank()
    bank.request_outputs([OutputLine(line="GPIO17")])
    bank.request_inputs([InputLine(line="GPIO22")])
    machine.header.break_line("GPIO17")
    machine.header.break_line("GPIO22")
    for access in (
        lambda: bank.set("GPIO17", True),
        lambda: bank.level("GPIO22"),
        bank.edges,
        lambda: machine.bank().request_outputs([OutputLine(line="GPIO17")]),
    ):
        with pytest.raises(DeviceError, match="Input/output error") as told:
            access()
        assert told.value.code == "line_failed"
    bank.close()
    assert machine.header.consumer("GPIO17") == ""


def test_the_holder_is_named_among_the_lines_that_were_asked_for(machine: Machine) -> None:
    machine.header.occupy("GPIO18", "old-gate")
    with machine.bank() as bank, pytest.raises(DeviceError, match=r"'GPIO18'.*by 'old-gate'"):
        bank.request_outputs([OutputLine(line="GPIO17"), OutputLine(line="GPIO18")])


def test_a_holder_who_has_just_let_go_is_still_an_answer(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.header.occupy("GPIO17", "quick")
    borrow = Request._borrow

    def let_go(request: Request) -> None:
        try:
            borrow(request)
        finally:
            machine.header.occupy("GPIO17", "")

    monkeypatch.setattr(Request, "_borrow", let_go)
    with machine.bank() as bank, pytest.raises(DeviceError, match="just let go"):
        bank.request_outputs([OutputLine(line="GPIO17")])
