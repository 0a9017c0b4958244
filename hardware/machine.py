"""What a machine says of its own health: room, wear, heat, voltage, battery clock. Read, never changed.

Law: whatever a board does not tell is None, which is no fault: boards differ. Nothing here needs a privilege. Every
path hangs below one root, so that a folder can stand for a machine.

Source: Linux Documentation/ABI (mmc life_time and pre_eol_info, thermal, hwmon, rtc); Raspberry Pi documentation,
"get_throttled"; docs/hardware.md, "Health".
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MS_PER_S = 1_000
MILLI = 1_000
UNDER_VOLTAGE_NOW = 0x1
SLOWED_NOW = 0xE
SINCE_BOOT = 0xF0000


@dataclass(frozen=True, slots=True)
class Room:
    """Of the file system that holds a folder."""

    free_bytes: int
    all_bytes: int
    is_read_only: bool


@dataclass(frozen=True, slots=True)
class Wear:
    """Of an eMMC or SD card that tells: the worst tenth of its life it is in (1..11), and its own warning (1..3)."""

    tenth: int
    warning: int


@dataclass(frozen=True, slots=True)
class Power:
    """What the board's firmware says of its supply and speed."""

    is_under_voltage: bool
    is_slowed: bool
    was_since_boot: bool


class Machine:
    """The machine below ``root``."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._sys = root / "sys"

    def room(self, folder: Path) -> Room | None:
        """Room on the file system of ``folder``, or of the nearest folder above that is there."""
        for there in (folder, *folder.parents):
            try:
                found = os.statvfs(there)
            except FileNotFoundError:
                continue
            except OSError:
                return None
            is_read_only = bool(found.f_flag & os.ST_RDONLY)
            return Room(
                found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize, is_read_only
            )
        return None

    def wear(self) -> Wear | None:
        """The most worn card that tells."""
        tenths = [
            int(word, 16)
            for text in self._texts("block/mmcblk*/device/life_time")
            for word in text.split()
        ]
        warnings = [int(text, 16) for text in self._texts("block/mmcblk*/device/pre_eol_info")]
        if not any(tenths) and not any(warnings):
            return None
        return Wear(max(tenths, default=0), max(warnings, default=0))

    def temperature_c(self) -> float | None:
        """The hottest sensor."""
        found = [int(text) / MILLI for text in self._texts("class/thermal/thermal_zone*/temp")]
        return max(found, default=None)

    def power(self) -> Power | None:
        """What the firmware says, by either of the ways in which kernels pass it on."""
        words = self._texts("devices/platform/soc*/soc*:firmware/get_throttled")
        if words:
            bits = int(words[0], 16)
            return Power(
                bool(bits & UNDER_VOLTAGE_NOW), bool(bits & SLOWED_NOW), bool(bits & SINCE_BOOT)
            )
        alarms = [
            alarm
            for name, alarm in self._pairs("class/hwmon/hwmon*", "name", "in0_lcrit_alarm")
            if name == "rpi_volt"
        ]
        return (
            None if not alarms else Power(alarms[0] == "1", is_slowed=False, was_since_boot=False)
        )

    def battery_clock_ms(self) -> int | None:
        """What the clock with a battery says, ms since 1970; None where there is none."""
        seconds = self._texts("class/rtc/rtc0/since_epoch")
        return int(seconds[0]) * MS_PER_S if seconds else None

    def has_battery_clock(self) -> bool:
        """True when a clock with a battery gave the kernel its time at this start."""
        return "1" in self._texts("class/rtc/rtc*/hctosys")

    def _texts(self, pattern: str) -> list[str]:
        return [text for path in sorted(self._sys.glob(pattern)) if (text := _text(path))]

    def _pairs(self, pattern: str, one: str, other: str) -> list[tuple[str, str]]:
        folders = sorted(self._sys.glob(pattern))
        return [(_text(folder / one), _text(folder / other)) for folder in folders]


def _text(path: Path) -> str:
    """A file of sysfs; empty where it is not there or does not answer."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
