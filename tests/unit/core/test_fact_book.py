"""The fact book takes facts in any order."""

from __future__ import annotations

from scanner.core.events import FactKind
from scanner.core.fact_book import FactBook
from scanner.core.units import Direction, GrantNo, Seq
from support.rights import MAIN, PARIS, fact


def _entry() -> object:
    return fact(seq=Seq(1), movement=Direction.IN, charged=1, grant_no=GrantNo(1))


def test_a_give_back_that_comes_before_its_entry_waits_for_it() -> None:
    book = FactBook(PARIS)
    book.add([fact(seq=Seq(2), kind=FactKind.NOT_PASSED, refers_to=Seq(1))])
    book.add([_entry()])
    assert book.tallies(GrantNo(1)) == {}


def test_an_older_correction_of_a_clock_changes_nothing() -> None:
    book = FactBook(PARIS)
    newer = fact(seq=Seq(9), kind=FactKind.CLOCK_OFFSET, offset_ms=5)
    book.add([newer, fact(seq=Seq(3), kind=FactKind.CLOCK_OFFSET, offset_ms=7)])
    assert list(book.offsets.values()) == [5]


def test_an_entry_counts_where_it_was_made() -> None:
    book = FactBook(PARIS)
    book.add([_entry()])
    assert book.tallies(GrantNo(1))[MAIN].total == 1
