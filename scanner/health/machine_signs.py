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
        return good("clock", "the kernel says that its time is kept by a source")
    if is_proven:
        return good("clock", "the central's signed time of this boot is known")
    if wall_ms < EARLIEST_MS:
        return bad(
            "clock",
            "the wall clock stands in the past, and nothing corrects it",
            "bring the gate in contact with the central, or a snapshot by stick; fit a battery clock",
        )
    if state is SyncState.DENIED:
        return look(
            "clock",
            "the kernel does not say whether its time is kept (the call is filtered)",
            "run as the unit does; not in a container, not under ProtectClock=yes",
        )
    return look(
        "clock",
        "no time source keeps the clock, and the central has not told its time since the start",
        "see the network: `timedatectl`; entries are judged by the site's clock_policy meanwhile",
    )


def battery_clock_sign(state: SyncState, wall_ms: int, battery_ms: int | None) -> Sign:
    """The clock with a battery, if there is one."""
    if battery_ms is None:
        return good("rtc", "no battery clock is fitted (optional)")
    apart_s = abs(battery_ms - wall_ms) // 1_000
    if battery_ms < EARLIEST_MS:
        return look(
            "rtc", "the battery clock stands in the past", "replace its battery, then: `hwclock -w`"
        )
    if state is SyncState.SYNCHRONISED and apart_s * 1_000 > DRIFT_MS:
        return look("rtc", f"the battery clock is {apart_s} s off", "set it: `hwclock -w`")
    return good("rtc", "the battery clock agrees")


def disk_sign(room: Room | None) -> Sign:
    """Room for what is recorded."""
    if room is None:
        return bad("disk", "the data folder cannot be reached", "see `gate.data_dir`, and `mount`")
    if room.is_read_only:
        return bad(
            "disk",
            "the file system is read-only: nothing can be recorded",
            "see `dmesg`; a card that turns read-only is at its end: replace it",
        )
    says = f"{room.free_bytes // MB:,} MB of {room.all_bytes // MB:,} MB are free"
    if room.free_bytes < LEAST_BYTES:
        return bad("disk", says, "make room: old logs first (`journalctl --vacuum-size=50M`)")
    if room.free_bytes < LOW_BYTES:
        return look("disk", says, "make room before it is full: `journalctl --vacuum-size=100M`")
    return good("disk", says)


def wear_sign(wear: Wear | None) -> Sign:
    """How worn the card is."""
    if wear is None:
        return good("wear", "the card does not say how worn it is")
    says = f"about {min(wear.tenth, WORN_OUT_TENTH) * 10} % of the card's life is used"
    if wear.tenth > WORN_OUT_TENTH or wear.warning >= WARNED_URGENTLY:
        return bad("wear", says, "replace the card now; take a copy of the ledger first")
    if wear.tenth >= WORN_TENTH or wear.warning >= WARNED:
        return look("wear", says, "order a card (industrial, pSLC) and replace it at a quiet hour")
    return good("wear", says)


def temperature_sign(celsius: float | None) -> Sign:
    """How hot it is inside."""
    if celsius is None:
        return good("temperature", "this board has no sensor")
    says = f"{celsius:.0f} °C"
    if celsius >= TOO_HOT_C:
        return bad("temperature", says, "air, shade or a cooler: it is being slowed down")
    if celsius >= HOT_C:
        return look("temperature", says, "look at fan, dust and sun before summer does")
    return good("temperature", says)


def power_sign(power: Power | None) -> Sign:
    """Supply and speed."""
    if power is None:
        return good("power", "this board does not watch its supply")
    if power.is_under_voltage:
        return bad(
            "power",
            "the supply's voltage is too low now",
            "a better supply or a shorter, thicker cable; relays and lamps on a supply of their own",
        )
    if power.is_slowed or power.was_since_boot:
        when = "now" if power.is_slowed else "since the start"
        return look(
            "power",
            f"the processor was slowed down {when} (voltage or heat)",
            "see supply, cable and cooling",
        )
    return good("power", "the supply is steady, the processor at full speed")
