"""What a machine tells of itself, read from a folder that stands for one; what it does not tell is None."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.machine import Machine, Power, Wear


def write(root: Path, files: dict[str, str]) -> Machine:
    for name, text in files.items():
        path = root / "sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="ascii")
    return Machine(root)


def test_a_board_that_tells_nothing_is_no_fault(tmp_path: Path) -> None:
    silent = Machine(tmp_path)
    assert (silent.wear(), silent.temperature_c(), silent.power()) == (None, None, None)
    assert silent.battery_clock_ms() is None


def test_room_is_that_of_the_file_system_even_before_the_folder_is_there(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    here, inside = machine.room(tmp_path), machine.room(tmp_path / "not" / "yet")
    assert here is not None
    assert inside is not None
    assert 0 < here.free_bytes < here.all_bytes == inside.all_bytes
    assert not here.is_read_only


def test_the_worst_half_of_the_most_worn_card_counts(tmp_path: Path) -> None:
    machine = write(
        tmp_path,
        {
            "block/mmcblk0/device/life_time": "0x02 0x09",
            "block/mmcblk0/device/pre_eol_info": "0x01",
            "block/mmcblk1/device/life_time": "0x03 0x03",
        },
    )
    assert machine.wear() == Wear(tenth=9, warning=1)


def test_a_card_that_leaves_its_life_undefined_tells_nothing(tmp_path: Path) -> None:
    machine = write(tmp_path, {"block/mmcblk0/device/life_time": "0x00 0x00"})
    assert machine.wear() is None


def test_the_hottest_sensor_counts(tmp_path: Path) -> None:
    zones = {f"class/thermal/thermal_zone{n}/temp": str(t) for n, t in enumerate((41_000, 78_500))}
    assert write(tmp_path, zones).temperature_c() == 78.5


@pytest.mark.parametrize(
    ("bits", "power"),
    [
        ("0", Power(is_under_voltage=False, is_slowed=False, was_since_boot=False)),
        ("50005", Power(is_under_voltage=True, is_slowed=True, was_since_boot=True)),
        ("40000", Power(is_under_voltage=False, is_slowed=False, was_since_boot=True)),
    ],
)
def test_the_firmwares_word_on_the_supply_is_read(tmp_path: Path, bits: str, power: Power) -> None:
    place = "devices/platform/soc/soc:firmware/get_throttled"
    assert write(tmp_path, {place: bits}).power() == power


def test_newer_kernels_tell_of_low_voltage_as_an_alarm(tmp_path: Path) -> None:
    hwmon = {"name": "rpi_volt", "in0_lcrit_alarm": "1"}
    machine = write(tmp_path, {f"class/hwmon/hwmon1/{name}": text for name, text in hwmon.items()})
    power = machine.power()
    assert power is not None
    assert power.is_under_voltage


def test_the_battery_clock_is_in_milliseconds(tmp_path: Path) -> None:
    assert write(tmp_path, {"class/rtc/rtc0/since_epoch": "1767225600"}).battery_clock_ms() == (
        1_767_225_600_000
    )


def test_only_a_chip_that_gave_the_kernel_its_time_is_a_battery_clock(tmp_path: Path) -> None:
    assert not write(tmp_path, {"class/rtc/rtc0/hctosys": "0"}).has_battery_clock()
    assert write(tmp_path, {"class/rtc/rtc1/hctosys": "1"}).has_battery_clock()
