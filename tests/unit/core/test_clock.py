"""The judged clock: who is believed, what is held, what is recorded (T5, T6)."""

from __future__ import annotations

from dataclasses import dataclass, field

from scanner.core.clock import (
    AGREEMENT_MS,
    DRIFT_PARTS,
    OFFSET_CHANGE_MS,
    RTC_TRUST_MS,
    CentralTime,
    ClockFact,
    ClockMemory,
    ClockOffset,
    ClockReading,
    ClockSample,
    ClockSource,
    ClockState,
    ClockStepped,
    informed,
    started,
    step,
)
from scanner.core.units import BootId, Instant, MonoMs
from support.instants import utc

FLOOR = utc("2026-03-10T08:00Z")
NOON = utc("2026-03-10T12:00Z")
IN_1970 = Instant(5_000)
IN_2099 = utc("2099-01-01T00:00Z")
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
BOOT, NEXT_BOOT = BootId("boot-1"), BootId("boot-2")


@dataclass
class Gate:
    """A gate whose clocks a test turns by hand."""

    memory: ClockMemory = field(default_factory=lambda: started(FLOOR))
    boot: BootId = BOOT
    facts: list[ClockFact] = field(default_factory=list)

    def look(
        self,
        wall: int,
        mono: int,
        *,
        is_synchronised: bool = False,
        central: tuple[int, int] | None = None,
        central_boot: BootId | None = None,
        rtc_set_at: int | None = None,
    ) -> ClockReading:
        signed = None
        if central is not None:
            signed = CentralTime(Instant(central[0]), MonoMs(central[1]), central_boot or self.boot)
        sample = ClockSample(
            wall=Instant(wall),
            mono=MonoMs(mono),
            boot=self.boot,
            is_synchronised=is_synchronised,
            central=signed,
            rtc_set_at=None if rtc_set_at is None else Instant(rtc_set_at),
        )
        self.memory, reading, facts = step(self.memory, sample)
        self.facts += facts
        return reading


def test_a_synchronised_kernel_is_trusted_and_raises_the_floor() -> None:
    reading = Gate().look(NOON, 500, is_synchronised=True)
    assert reading == ClockReading(NOON, MonoMs(500), BOOT, ClockState.TRUSTED, floor=NOON)


def test_the_offset_of_a_boot_is_recorded_once_when_it_is_first_known() -> None:
    gate = Gate()
    for elapsed in (0, SECOND, MINUTE):
        gate.look(NOON + elapsed, 500 + elapsed, is_synchronised=True)
    assert gate.facts == [ClockOffset(BOOT, NOON - 500, ClockSource.KERNEL)]


def test_the_centrals_signed_time_is_trusted_for_the_whole_boot() -> None:
    gate = Gate()
    first = gate.look(IN_1970, 90_000, central=(NOON, 60_000))
    later = gate.look(IN_1970 + DAY, 90_000 + DAY)
    assert (first.now, first.state) == (NOON + 30_000, ClockState.TRUSTED)
    assert (later.now, later.state) == (NOON + 30_000 + DAY, ClockState.TRUSTED)
    assert gate.facts == [ClockOffset(BOOT, NOON - 60_000, ClockSource.CENTRAL)]


def test_signed_time_of_another_boot_says_nothing() -> None:
    reading = Gate().look(IN_1970, 0, central=(NOON, 0), central_boot=NEXT_BOOT)
    assert reading.state is ClockState.UNTRUSTED


def test_older_signed_time_does_not_replace_newer() -> None:
    gate = Gate()
    gate.look(IN_1970, 10_000, central=(NOON, 10_000))
    reading = gate.look(IN_1970, 20_000, central=(NOON - HOUR, 5_000))
    assert reading.now == NOON + 10_000


def test_newer_signed_time_corrects_what_has_drifted() -> None:
    gate = Gate()
    gate.look(IN_1970, 0, central=(NOON, 0))
    reading = gate.look(IN_1970, DAY, central=(NOON + DAY + 3 * SECOND, DAY))
    assert reading.now == NOON + DAY + 3 * SECOND
    assert gate.facts[-1] == ClockOffset(BOOT, NOON + 3 * SECOND, ClockSource.CENTRAL)


def test_network_jitter_is_no_correction() -> None:
    gate = Gate()
    gate.look(IN_1970, 0, central=(NOON, 0))
    jittered = NOON + MINUTE - OFFSET_CHANGE_MS + 1
    assert gate.look(IN_1970, MINUTE, central=(jittered, MINUTE)).now == NOON + MINUTE
    assert len(gate.facts) == 1


def test_a_clock_chip_set_at_most_90_days_ago_is_trusted() -> None:
    for age, state in ((0, "trusted"), (RTC_TRUST_MS, "trusted"), (RTC_TRUST_MS + 1, "untrusted")):
        assert Gate().look(NOON, 0, rtc_set_at=NOON - age).state == state


def test_a_clock_chip_that_lost_its_power_is_not_believed() -> None:
    reading = Gate().look(utc("2000-01-01T00:00Z"), 0, rtc_set_at=FLOOR)
    assert (reading.state, reading.now) == (ClockState.UNTRUSTED, FLOOR)


def test_a_chips_trust_ends_when_its_setting_grows_old_during_the_boot() -> None:
    gate = Gate()
    set_at = NOON - RTC_TRUST_MS + HOUR
    assert gate.look(NOON, 0, rtc_set_at=set_at).state is ClockState.TRUSTED
    later = gate.look(NOON + 2 * HOUR, 2 * HOUR, rtc_set_at=set_at)
    assert (later.state, later.now) == (ClockState.HOLDOVER, NOON + 2 * HOUR)


def test_a_chip_set_in_this_boot_keeps_the_kernels_offset_trusted() -> None:
    gate = Gate()
    gate.look(NOON, 0, is_synchronised=True)
    reading = gate.look(IN_2099, HOUR, rtc_set_at=NOON)
    assert (reading.state, reading.now) == (ClockState.TRUSTED, NOON + HOUR)


def test_when_the_kernel_loses_its_source_the_monotonic_clock_goes_on() -> None:
    gate = Gate()
    gate.look(NOON, 0, is_synchronised=True)
    reading = gate.look(IN_2099, 9 * HOUR)
    assert reading == ClockReading(
        Instant(NOON + 9 * HOUR),
        MonoMs(9 * HOUR),
        BOOT,
        ClockState.HOLDOVER,
        Instant(NOON + 9 * HOUR),
    )


def test_a_snapshot_made_later_shows_that_a_holdover_is_slow() -> None:
    gate = Gate()
    gate.look(NOON, 0, is_synchronised=True)
    gate.memory = informed(gate.memory, Instant(NOON + 2 * HOUR))
    reading = gate.look(NOON, HOUR)
    assert (reading.now, reading.state) == (NOON + 2 * HOUR, ClockState.HOLDOVER)


def test_a_snapshot_never_lowers_the_floor() -> None:
    assert informed(started(NOON), FLOOR).floor == NOON


def test_kernel_and_signature_that_agree_give_the_kernels_finer_time() -> None:
    gate = Gate()
    gate.look(IN_1970, 0, central=(NOON, 0))
    reading = gate.look(NOON + AGREEMENT_MS, 0, is_synchronised=True)
    assert reading.now == NOON + AGREEMENT_MS
    assert gate.facts[-1] == ClockOffset(BOOT, NOON + AGREEMENT_MS, ClockSource.KERNEL)


def test_a_kernel_that_contradicts_the_signature_is_not_believed() -> None:
    gate = Gate()
    gate.look(IN_1970, 0, central=(NOON, 0))
    reading = gate.look(IN_2099, HOUR, is_synchronised=True)
    assert (reading.now, reading.state) == (NOON + HOUR, ClockState.TRUSTED)


def test_drift_since_the_signature_is_no_contradiction() -> None:
    gate = Gate()
    gate.look(IN_1970, 0, central=(NOON, 0))
    drift = AGREEMENT_MS + 5 * DAY // DRIFT_PARTS
    assert (
        gate.look(NOON + 5 * DAY + drift, 5 * DAY, is_synchronised=True).now
        == NOON + 5 * DAY + drift
    )


def test_an_old_signature_vouches_for_the_kernels_offset_after_the_kernel_is_gone() -> None:
    gate = Gate()
    gate.look(NOON, 0, central=(NOON, 0))
    gate.look(NOON + DAY + 5 * SECOND, DAY, is_synchronised=True)
    reading = gate.look(IN_1970, DAY + HOUR)
    assert (reading.now, reading.state) == (NOON + DAY + 5 * SECOND + HOUR, ClockState.TRUSTED)


def test_a_poisoned_kernel_is_corrected_by_the_next_signature_and_the_floor_comes_down() -> None:
    gate = Gate()
    assert gate.look(IN_2099, 0, is_synchronised=True).floor == IN_2099
    reading = gate.look(IN_2099 + MINUTE, MINUTE, is_synchronised=True, central=(NOON, MINUTE))
    assert (reading.now, reading.floor) == (NOON, NOON)
    assert gate.facts[1:] == [
        ClockOffset(BOOT, NOON - MINUTE, ClockSource.CENTRAL),
        ClockStepped(BOOT, MonoMs(MINUTE), IN_2099, NOON, is_held=False),
    ]


def test_s58_a_trusted_step_back_is_obeyed_and_recorded() -> None:
    gate = Gate()
    gate.look(NOON, 0, is_synchronised=True)
    reading = gate.look(NOON + SECOND - HOUR, SECOND, is_synchronised=True)
    assert reading.now == reading.floor == NOON + SECOND - HOUR
    assert gate.facts[1:] == [
        ClockOffset(BOOT, NOON - HOUR, ClockSource.KERNEL),
        ClockStepped(BOOT, MonoMs(SECOND), NOON, reading.now, is_held=False),
    ]


def test_s57_before_the_floor_an_untrusted_clock_stands_at_the_floor() -> None:
    gate = Gate()
    reading = gate.look(IN_1970, 5_000)
    assert reading == ClockReading(FLOOR, MonoMs(5_000), BOOT, ClockState.UNTRUSTED, FLOOR)
    assert gate.look(IN_1970 + HOUR, 5_000 + HOUR).now == FLOOR
    assert gate.facts == []


def test_an_untrusted_clock_goes_by_the_wall_but_never_raises_the_floor() -> None:
    gate = Gate()
    reading = gate.look(IN_2099, 0)
    assert (reading.now, reading.floor, reading.state) == (IN_2099, FLOOR, ClockState.UNTRUSTED)


def test_an_untrusted_step_back_is_held_until_the_wall_catches_up_and_recorded_once() -> None:
    gate = Gate()
    gate.look(NOON, 0)
    held = [gate.look(NOON - HOUR + elapsed, elapsed).now for elapsed in (SECOND, HOUR - 1, HOUR)]
    assert held == [NOON, NOON, NOON]
    assert gate.look(NOON + SECOND, HOUR + SECOND).now == NOON + SECOND
    assert gate.facts == [
        ClockStepped(BOOT, MonoMs(SECOND), NOON, Instant(NOON - HOUR + SECOND), is_held=True)
    ]


def test_each_further_untrusted_step_back_is_recorded() -> None:
    gate = Gate()
    gate.look(NOON, 0)
    gate.look(NOON - HOUR, 0)
    gate.look(NOON - 2 * HOUR, 0)
    assert [fact.to for fact in gate.facts if isinstance(fact, ClockStepped)] == [
        NOON - HOUR,
        NOON - 2 * HOUR,
    ]


def test_a_step_back_that_moves_nothing_is_no_fact() -> None:
    gate = Gate()
    gate.look(NOON, 0)
    gate.look(NOON + HOUR, MINUTE)
    gate.look(NOON + 2 * HOUR, HOUR)
    gate.look(NOON + 2 * HOUR, 2 * HOUR - SECOND)
    assert gate.facts == []


def test_trust_regained_brings_a_fast_clock_back_and_says_so() -> None:
    gate = Gate()
    gate.look(IN_2099, 0)
    reading = gate.look(IN_2099, MINUTE, central=(NOON, MINUTE))
    assert (reading.now, reading.floor, reading.state) == (NOON, NOON, ClockState.TRUSTED)
    assert gate.facts == [
        ClockOffset(BOOT, NOON - MINUTE, ClockSource.CENTRAL),
        ClockStepped(BOOT, MonoMs(MINUTE), IN_2099, NOON, is_held=False),
    ]


def test_a_trusted_source_may_lower_the_floor_it_starts_with() -> None:
    gate = Gate(started(IN_2099))
    reading = gate.look(NOON, 0, is_synchronised=True)
    assert (reading.now, reading.floor) == (NOON, NOON)
    assert ClockStepped(BOOT, MonoMs(0), IN_2099, NOON, is_held=False) in gate.facts


def test_a_new_boot_knows_only_the_floor() -> None:
    gate = Gate()
    gate.look(NOON, DAY, is_synchronised=True)
    gate.boot = NEXT_BOOT
    reading = gate.look(IN_1970, 0)
    assert reading == ClockReading(NOON, MonoMs(0), NEXT_BOOT, ClockState.UNTRUSTED, NOON)


def test_a_wall_clock_that_was_ahead_is_forgotten_with_its_boot() -> None:
    gate = Gate()
    gate.look(IN_2099, 0)
    gate.boot = NEXT_BOOT
    assert gate.look(NOON, 0).now == NOON
