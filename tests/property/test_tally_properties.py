"""The fold gives the same counts whatever the order, the repeats and the parts in which facts arrive."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from scanner.core.events import Fact
from scanner.core.tally import EMPTY, Offsets, Tally, fold, merge, merge_all, resolve
from scanner.core.units import BootId, Direction, Seq, ZoneNo
from support.rights import PARIS
from support.scan_strategies import DEVICES, FIRST, ledgers

randoms = st.randoms(use_true_random=False)
offsets = st.dictionaries(
    st.tuples(st.sampled_from(DEVICES), st.sampled_from([BootId("boot-1"), BootId("boot-2")])),
    st.integers(FIRST - 10**8, FIRST + 10**8),
)


def counted(facts: list[Fact], known: Offsets) -> dict[ZoneNo, Tally]:
    return fold({}, resolve(facts, known), PARIS)


@given(ledgers(), offsets, randoms)
def test_order_and_repeats_change_nothing(
    facts: list[Fact], known: Offsets, chance: Random
) -> None:
    again = facts + [fact for fact in facts if chance.random() < 0.5]
    chance.shuffle(again)
    assert counted(again, known) == counted(facts, known)


@given(ledgers(), offsets, st.integers(0, 6), st.integers(0, 6))
def test_a_base_and_the_facts_above_its_vector_are_the_full_history(
    facts: list[Fact], known: Offsets, first: int, second: int
) -> None:
    vector = {
        device: _settled(facts, device, seq)
        for device, seq in zip(DEVICES, (first, second), strict=True)
    }
    below = [fact for fact in facts if fact.seq <= vector[fact.device]]
    above = [fact for fact in facts if fact.seq > vector[fact.device]]
    base = counted(below, known)
    assert fold(base, resolve(above, known), PARIS) == counted(facts, known)


def _settled(facts: list[Fact], device: str, seq: int) -> int:
    """The highest place up to ``seq`` at which no give-back is cut off from its entry."""
    own = [fact for fact in facts if fact.device == device]
    while any(fact.refers_to is not None and fact.refers_to <= Seq(seq) < fact.seq for fact in own):
        seq -= 1
    return seq


@given(ledgers(), ledgers(), ledgers())
def test_merging_is_associative_and_commutative_with_empty_as_zero(
    one: list[Fact], two: list[Fact], three: list[Fact]
) -> None:
    a, b, c = (merge_all(counted(facts, {}).values()) for facts in (one, two, three))
    assert merge(merge(a, b), c) == merge(a, merge(b, c)) == merge_all([a, b, c])
    assert merge(a, b) == merge(b, a)
    assert merge(a, EMPTY) == a == merge(EMPTY, a)


@given(ledgers())
def test_giving_back_never_counts_below_nothing(facts: list[Fact]) -> None:
    movements = resolve(facts, {})
    assert all(movement.charged >= 0 and movement.persons > 0 for movement in movements)
    charged = sum(fact.charged for fact in facts if fact.movement is Direction.IN)
    assert 0 <= merge_all(counted(facts, {}).values()).total <= charged


@given(ledgers())
def test_what_is_summed_by_day_is_what_was_charged(facts: list[Fact]) -> None:
    movements = resolve(facts, {})
    tally = merge_all(counted(facts, {}).values())
    assert tally.total == sum(movement.charged for movement in movements)
    entries = [movement for movement in movements if movement.direction is Direction.IN]
    assert sum(day.entries for day in tally.days.values()) == len(entries)
    assert (tally.first_entry is None) is not bool(entries)
    if entries:
        marks = [movement.mark for movement in entries]
        assert (tally.first_entry, tally.last_entry) == (min(marks), max(marks))
