from __future__ import annotations

import pytest

from hardware.system_clock import ClockSample
from hardware.virtual_clock import START_WALL_MS, VirtualClock


def test_time_goes_by_only_when_told() -> None:
    clock = VirtualClock(wall_ms=1_000)
    assert (clock.now_ms(), clock.monotonic_ms()) == (1_000, 0)
    clock.advance(50)
    clock.pause_ms(50)
    assert (clock.now_ms(), clock.monotonic_ms()) == (1_100, 100)
    clock.advance_to(1_000)
    assert clock.sample() == ClockSample(2_000, 1_000, clock.boot_id(), synchronised=True)


def test_the_wall_jumps_and_monotonic_time_does_not_notice() -> None:
    clock = VirtualClock()
    clock.advance(10)
    clock.jump_wall(-3_600_000)
    assert (clock.now_ms(), clock.monotonic_ms()) == (START_WALL_MS + 10 - 3_600_000, 10)
    clock.set_wall(0)
    clock.advance(5)
    assert (clock.now_ms(), clock.monotonic_ms()) == (5, 15)


def test_monotonic_time_never_goes_back() -> None:
    clock = VirtualClock()
    with pytest.raises(RuntimeError, match="does not go back"):
        clock.advance(-1)


def test_a_reboot_is_a_new_boot_with_an_untrusted_clock() -> None:
    clock = VirtualClock()
    clock.advance(5_000)
    first, wall_ms = clock.boot_id(), clock.now_ms()
    clock.reboot()
    assert clock.boot_id() != first
    assert (clock.monotonic_ms(), clock.now_ms()) == (0, wall_ms)
    assert clock.is_synchronised() is False


def test_deadlines_fall_due_in_order_at_their_exact_instants() -> None:
    clock = VirtualClock()
    rung: list[tuple[str, int]] = []

    def alarm(name: str, times: list[int]) -> None:
        keeper = clock.keeper(name)

        def ring() -> int | None:
            while times and times[0] <= clock.monotonic_ms():
                rung.append((name, clock.monotonic_ms()))
                times.pop(0)
            return times[0] if times else None

        keeper.start(ring)
        assert keeper.is_live()

    alarm("a", [10, 30])
    alarm("b", [20, 400])
    clock.advance(100)
    assert rung == [("a", 10), ("b", 20), ("a", 30)]
    assert clock.monotonic_ms() == 100


def test_a_keeper_that_was_stopped_or_lost_power_rings_no_more() -> None:
    clock = VirtualClock()
    rung: list[int] = []

    def ring() -> int | None:
        rung.append(clock.monotonic_ms())
        return clock.monotonic_ms() + 10

    stopped, lost = clock.keeper("stopped"), clock.keeper("lost")
    stopped.start(ring)
    stopped.stop()
    stopped.stop()
    lost.start(ring)
    clock.reboot()
    rung.clear()
    clock.advance(100)
    assert rung == []
    assert not stopped.is_live()
    assert not lost.is_live()
