from __future__ import annotations

import pytest

from hardware.pins import InputLine, OutputLine
from hardware.rpi_gpio_bank import RpiGpioBank, load_rpi_gpio, parse_pin
from hardware.virtual_clock import VirtualClock
from scanner.core.errors import DeviceError
from support.rpi_gpio_stand_in import Header, RpiGpio, serve


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> RpiGpio:
    module = RpiGpio(Header())
    serve(monkeypatch, module)
    return module


@pytest.mark.parametrize(
    "line", ["17", "GPIO28", "GPIO-1", "pinctrl-rp1/17", "gpio17", "GPIO017", ""]
)
def test_only_bcm_names_are_lines(line: str) -> None:
    with pytest.raises(DeviceError, match=r"valid: GPIO0\.\.GPIO27"):
        parse_pin(line)


def test_numbering_is_bcm_and_warnings_are_off(module: RpiGpio) -> None:
    RpiGpioBank(VirtualClock())
    assert module.mode == module.BCM
    assert module.warnings is False


def test_a_numbering_that_somebody_chose_before_us_is_told(module: RpiGpio) -> None:
    module.setmode(module.BOARD)
    with pytest.raises(DeviceError, match="refuses BCM numbering") as told:
        RpiGpioBank(VirtualClock())
    assert told.value.code == "rpi_gpio_mode"


def test_closing_cleans_up_our_own_pins_and_no_others(module: RpiGpio) -> None:
    bank = RpiGpioBank(VirtualClock())
    bank.close()
    assert module.cleaned == []
    bank.request_outputs([OutputLine(line="GPIO17")])
    bank.request_inputs([InputLine(line="GPIO22")])
    bank.close()
    assert module.cleaned == [[17, 22]]


def test_a_driver_that_fails_is_told_and_cleaned_up_all_the_same(module: RpiGpio) -> None:
    bank = RpiGpioBank(VirtualClock())
    bank.request_outputs([OutputLine(line="GPIO17")])
    bank.request_inputs([InputLine(line="GPIO22")])
    module.header.broken |= {17, 22}
    with pytest.raises(DeviceError, match=r"'GPIO17'.*failed: GPIO error"):
        bank.set("GPIO17", True)
    with pytest.raises(DeviceError, match=r"'GPIO22'.*failed: GPIO error"):
        bank.edges()
    bank.close()
    assert module.cleaned == [[17, 22]]


def test_a_set_up_that_fails_is_told(module: RpiGpio) -> None:
    bank = RpiGpioBank(VirtualClock())
    module.mode = None
    with pytest.raises(DeviceError, match="failed: Please set pin numbering") as told:
        bank.request_outputs([OutputLine(line="GPIO17")])
    assert told.value.code == "line_failed"


def test_on_another_machine_the_installed_module_refuses_and_we_say_so() -> None:
    with pytest.raises(DeviceError, match=r"no working RPi\.GPIO") as told:
        load_rpi_gpio()
    assert told.value.code == "rpi_gpio_missing"
