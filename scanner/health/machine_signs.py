"""What a machine's readings mean: clock, battery clock, disk, wear, heat, voltage.

Law: pure: readings in, a sign out. What a board does not tell is good: it is not known to be bad, and the sign says so.

Source: docs/hardware.md, "Health".
"""

from __future__ import annotations

from hardware.machine import Power, Room, Wear
from hardware.system_clock import SyncState
from scanner.health.sign import Sign, bad, good, look

MB = 1_000_000
LEAST_BYTES, LOW_BYTES = 64 * MB, 500 * MB
HOT_C, TOO_HOT_C = 75.0, 85.0
WORN_TENTH, WORN_OUT_TENTH = 8, 10
WARNED, WARNED_URGENTLY = 2, 3
EARLIEST_MS = 1_735_689_600_000
"""2025-01-01T00:00Z: older than this program."""
DRIFT_MS = 120_000


def clock_sign(state: SyncState, wall_ms: int, *, is_proven: bool) -> Sign:
    """Whether time is kept. ``is_proven``: the central's signed time of this boot is here."""
    if state is SyncState.SYNCHRONISED:
        return good("clock", "clock_source")
    if is_proven:
        return good("clock", "clock_proven")
    if wall_ms < EARLIEST_MS:
        return bad("clock", "clock_past")
    return look("clock", "clock_denied" if state is SyncState.DENIED else "clock_unkept")


def battery_clock_sign(state: SyncState, wall_ms: int, battery_ms: int | None) -> Sign:
    """The clock with a battery, if there is one."""
    if battery_ms is None:
        return good("rtc", "rtc_none")
    apart_s = abs(battery_ms - wall_ms) // 1_000
    if battery_ms < EARLIEST_MS:
        return look("rtc", "rtc_past")
    if state is SyncState.SYNCHRONISED and apart_s * 1_000 > DRIFT_MS:
        return look("rtc", "rtc_off", apart=apart_s)
    return good("rtc", "rtc_well")


def disk_sign(room: Room | None) -> Sign:
    """Room for what is recorded."""
    if room is None:
        return bad("disk", "disk_gone")
    if room.is_read_only:
        return bad("disk", "disk_read_only")
    is_full, is_low = room.free_bytes < LEAST_BYTES, room.free_bytes < LOW_BYTES
    tell = bad if is_full else look if is_low else good
    return tell("disk", "disk_room", free=room.free_bytes // MB, all=room.all_bytes // MB)


def wear_sign(wear: Wear | None) -> Sign:
    """How worn the card is."""
    if wear is None:
        return good("wear", "wear_silent")
    is_out = wear.tenth > WORN_OUT_TENTH or wear.warning >= WARNED_URGENTLY
    is_worn = wear.tenth >= WORN_TENTH or wear.warning >= WARNED
    tell = bad if is_out else look if is_worn else good
    return tell("wear", "wear_share", percent=min(wear.tenth, WORN_OUT_TENTH) * 10)


def temperature_sign(celsius: float | None) -> Sign:
    """How hot it is inside."""
    if celsius is None:
        return good("temperature", "heat_silent")
    tell = bad if celsius >= TOO_HOT_C else look if celsius >= HOT_C else good
    return tell("temperature", "heat", celsius=round(celsius))


def power_sign(power: Power | None) -> Sign:
    """Supply and speed."""
    if power is None:
        return good("power", "power_silent")
    if power.is_under_voltage:
        return bad("power", "power_low")
    if power.is_slowed or power.was_since_boot:
        return look("power", "power_slow" if power.is_slowed else "power_slowed")
    return good("power", "power_well")
