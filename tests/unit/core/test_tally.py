"""Facts become movements, movements become counts."""

from __future__ import annotations

from datetime import date

from scanner.core.events import FactKind
from scanner.core.tally import (
    EMPTY,
    NO_DAY,
    DayTally,
    Tally,
    corrected_at,
    fold,
    merge,
    merge_all,
    of_movement,
    resolve,
)
from scanner.core.units import BootId, DeviceId, Direction, EventNo, Seq
from support.rights import (
    EXPO,
    HERE,
    MAIN,
    OLD_BOOT,
    PARIS,
    at,
    counts,
    entry,
    fact,
    leave,
    mark,
)

DAY = date(2026, 3, 10)
IN, OUT = Direction.IN, Direction.OUT


def test_a_fact_is_taken_once_however_often_it_comes() -> None:
    one = fact(movement=IN, charged=1)
    assert len(resolve([one, one], {})) == 1


def test_what_is_no_movement_counts_nothing() -> None:
    assert resolve([fact(), fact(FactKind.PASSED, seq=2, refers_to=Seq(1))], {}) == ()


def test_an_entry_that_was_given_back_is_gone() -> None:
    facts = [
        fact(movement=IN, charged=1),
        fact(FactKind.NOT_PASSED, seq=2, refers_to=Seq(1)),
    ]
    assert resolve(facts, {}) == ()


def test_of_a_party_only_those_who_passed_are_charged() -> None:
    facts = [
        fact(movement=IN, charged=3, persons=3),
        fact(FactKind.NOT_PASSED, seq=2, refers_to=Seq(1), persons=1),
        fact(FactKind.NOT_PASSED, seq=3, refers_to=Seq(1), persons=1),
    ]
    (stands,) = resolve(facts, {})
    assert (stands.charged, stands.persons) == (1, 1)


def test_giving_back_of_a_free_party_charges_nothing_and_pays_nothing_out() -> None:
    facts = [
        fact(movement=IN, charged=0, persons=3),
        fact(FactKind.NOT_PASSED, seq=2, refers_to=Seq(1), persons=2),
    ]
    (stands,) = resolve(facts, {})
    assert (stands.charged, stands.persons) == (0, 1)


def test_giving_back_names_an_entry_of_its_own_ledger() -> None:
    facts = [
        fact(movement=IN, charged=1),
        fact(FactKind.NOT_PASSED, seq=1, device=DeviceId("lane-2"), refers_to=Seq(1)),
        fact(FactKind.NOT_PASSED, seq=2),
    ]
    assert len(resolve(facts, {})) == 1


def test_a_boot_whose_offset_is_known_has_its_times_corrected() -> None:
    early = fact(wall="1970-01-01 12:00", movement=IN, mono_ms=5_000)
    offsets = {(HERE, OLD_BOOT): 1_000_000}
    assert corrected_at(early, offsets) == 1_005_000
    assert corrected_at(early, {(HERE, BootId("another")): 7}) == early.at
    (movement,) = resolve([early], offsets)
    assert (movement.mark.at, movement.mark.mono_ms) == (1_005_000, 5_000)


def test_an_entry_counts_for_its_day_its_event_and_in_all() -> None:
    tally = of_movement(entry("2026-03-10 10:00", charged=2, event=4), PARIS)
    assert tally.total == 2
    assert tally.events == {EventNo(4): 2}
    assert tally.day(DAY) == DayTally(2, 1, mark("2026-03-10 10:00"), mark("2026-03-10 10:00"))
    assert tally.first_entry == tally.last_entry == tally.last_charged


def test_a_free_entry_is_presence_and_no_charge() -> None:
    tally = of_movement(entry("2026-03-10 10:00", charged=0, event=4), PARIS)
    assert (tally.total, tally.events, tally.last_charged) == (0, {}, None)
    assert tally.used_days == frozenset()
    assert tally.day(DAY).is_inside


def test_an_exit_is_only_presence() -> None:
    tally = of_movement(leave("2026-03-10 10:00"), PARIS)
    assert (tally.total, tally.first_entry, tally.last_entry) == (0, None, None)
    assert tally.day(DAY).last_exit == mark("2026-03-10 10:00")


def test_presence_is_the_last_fact_of_the_day() -> None:
    def day(*movements: object) -> DayTally:
        return counts(*movements)[MAIN].day(DAY)  # type: ignore[arg-type]

    early, late = entry("2026-03-10 09:00"), entry("2026-03-10 11:00")
    out = leave("2026-03-10 10:00")
    assert day(early).is_inside
    assert not day(early).has_left
    assert day(early, out).has_left
    assert not day(early, out).is_inside
    assert day(out, early, late).is_inside
    assert not day(out, early, late).has_left
    assert not day(out).has_left
    assert not day(out, late).has_left
    assert not NO_DAY.is_inside
    assert not NO_DAY.has_left


def test_used_days_are_dates() -> None:
    tally = counts(entry("2026-03-10 10:00"), entry("2026-03-08 10:00"), entry("2026-03-10 11:00"))
    assert tally[MAIN].used_days == {date(2026, 3, 8), DAY}


def test_merging_keeps_first_last_and_sums() -> None:
    a = counts(entry("2026-03-08 10:00", event=1), entry("2026-03-10 10:00", event=1))[MAIN]
    b = counts(entry("2026-03-10 09:00", event=1), leave("2026-03-10 12:00"))[MAIN]
    both = merge(a, b)
    assert both == merge(b, a)
    assert (both.total, both.events) == (3, {EventNo(1): 3})
    assert both.first_entry == mark("2026-03-08 10:00")
    assert both.last_charged == mark("2026-03-10 10:00")
    assert both.day(DAY).charged == 2
    assert both.day(DAY).first_entry == mark("2026-03-10 09:00")


def test_nothing_merged_is_empty_and_one_is_itself() -> None:
    one = Tally(days={DAY: DayTally(1, 1)})
    assert merge_all([]) is EMPTY
    assert merge_all([EMPTY, one, EMPTY]) is one


def test_a_fold_goes_on_from_its_base_zone_by_zone() -> None:
    base = counts(entry("2026-03-08 10:00"), entry("2026-03-08 10:00", zone=EXPO))
    folded = fold(base, [entry("2026-03-10 10:00")], PARIS)
    assert (folded[MAIN].total, folded[EXPO].total) == (2, 1)
    assert folded[EXPO] is base[EXPO]
    assert base[MAIN].total == 1, "the base is never changed"


def test_an_entry_at_the_floor_of_time_is_of_its_business_day() -> None:
    night = at("2026-03-10 00:00") - 1
    tally = counts(entry(night))[MAIN]  # type: ignore[arg-type]
    assert tally.used_days == {date(2026, 3, 9)}
