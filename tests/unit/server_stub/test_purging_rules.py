"""Which facts may be purged, as values."""

from __future__ import annotations

import pytest

from scanner.core.units import Instant
from server_stub.rules.purging import (
    DayCount,
    OldFact,
    folded_by_all,
    purgeable_until,
    standing_of,
)

HORIZON = Instant(100)


def facts(*shapes: tuple[int, int | None]) -> list[OldFact]:
    """Of (instant, what it refers to), numbered from 1."""
    return [OldFact(seq, Instant(at), refers_to) for seq, (at, refers_to) in enumerate(shapes, 1)]


@pytest.mark.parametrize(
    ("ledger", "folded", "until"),
    [
        (facts(), 9, 0),
        (facts((1, None), (2, None)), 9, 2),
        (facts((1, None), (99, None), (100, None)), 9, 2),
        (facts((1, None), (2, None), (3, None)), 2, 2),
        (facts((1, None), (100, None), (2, None)), 9, 1),
        (facts((1, None), (99, None), (100, 2)), 9, 1),
        (facts((1, None), (2, None), (3, 1), (4, None), (100, 3)), 9, 0),
        (facts((1, None), (2, 1), (100, None)), 9, 2),
    ],
    ids=[
        "nothing",
        "all of it",
        "what is young stays",
        "never above what bases have folded",
        "never beyond one that is young",
        "never an entry without what gives it back",
        "nor what it takes along",
        "a pair together",
    ],
)
def test_a_ledger_is_purged_from_its_front(ledger: list[OldFact], folded: int, until: int) -> None:
    assert purgeable_until(ledger, folded, HORIZON) == until


def test_the_base_that_has_folded_least_decides_and_without_bases_nothing_goes() -> None:
    assert folded_by_all([{("d", "e"): 7}, {("d", "e"): 5}], ("d", "e")) == 5
    assert folded_by_all([{("d", "e"): 7}, {}], ("d", "e")) == 0
    assert folded_by_all([], ("d", "e")) == 0


def test_an_entry_comes_to_what_was_not_given_back() -> None:
    assert standing_of(3, 3, 1, is_entry=True) == DayCount(
        entries=1, persons=2, charged=2, given_back=1
    )
    assert standing_of(1, 1, 1, is_entry=True) == DayCount(given_back=1)
    assert standing_of(1, 0, 0, is_entry=False) == DayCount(exits=1)
