"""A book counts as the full list of facts does, whatever the order in which they come."""

from __future__ import annotations

import itertools

from scanner.core.events import Fact, FactKind
from scanner.core.fact_book import FactBook
from scanner.core.tally import fold, resolve
from scanner.core.units import BootId, CredentialKey, Direction, EventNo, GrantNo
from support.rights import HERE, KEY, OLD_BOOT, PARIS, fact

MINE = GrantNo(1)
FACTS = (
    fact(
        seq=1, movement=Direction.IN, charged=3, persons=3, grant_no=MINE,
        event_no=EventNo(1), seat="A-1",
    ),
    fact(FactKind.NOT_PASSED, "2026-03-10 12:01", seq=2, refers_to=1, persons=1),
    fact(FactKind.SCAN, "2026-03-11 12:00", seq=3, movement=Direction.IN, charged=1, grant_no=MINE),
    fact(FactKind.NOT_PASSED, "2026-03-11 12:01", seq=4, refers_to=3),
    fact(FactKind.SCAN, "2026-03-11 13:00", seq=5, movement=Direction.OUT, grant_no=MINE),
    fact(FactKind.CLOCK_OFFSET, "2026-03-11 14:00", seq=6, offset_ms=-86_400_000),
)  # fmt: skip


def counted(facts: list[Fact]) -> object:
    offsets = {(HERE, OLD_BOOT): -86_400_000}
    return fold(
        {}, resolve([one for one in facts if one.grant_no or one.refers_to], offsets), PARIS
    )


def test_any_order_of_arrival_gives_the_same_counts() -> None:
    for order in itertools.permutations(FACTS):
        book = FactBook(PARIS)
        for one in order:
            book.add([one, one])
            book.tallies(MINE)

        assert book.tallies(MINE) == counted(list(FACTS))
        assert set(book.all()) == set(FACTS)
        assert {one.seq for one in book.on_seat(EventNo(1), "A-1")} == {1, 2}


def test_a_copy_hears_no_more_of_the_other() -> None:
    book = FactBook(PARIS)
    book.add(FACTS[:1])
    copy = book.copy()
    book.add(FACTS[1:])

    assert [one.seq for one in copy.all()] == [1]
    assert copy.tallies(MINE) != book.tallies(MINE)


def test_the_newest_correction_of_a_boot_holds_whenever_it_comes() -> None:
    older = fact(FactKind.CLOCK_OFFSET, seq=7, offset_ms=1)
    newer = fact(FactKind.CLOCK_OFFSET, seq=8, offset_ms=2)
    book = FactBook(PARIS)
    book.add([newer, older])

    assert book.offsets == {(HERE, OLD_BOOT): 2}


def test_a_correction_of_another_boot_moves_nothing() -> None:
    book = FactBook(PARIS)
    book.add([FACTS[0], fact(FactKind.CLOCK_OFFSET, seq=9, boot=BootId("x"), offset_ms=5)])

    assert book.tallies(MINE) == fold({}, resolve(FACTS[:1], {}), PARIS)


def test_what_has_no_grant_is_its_keys_and_nobody_else_has_anything() -> None:
    book = FactBook(PARIS)
    book.add([fact(seq=1, movement=Direction.IN, charged=1, key=KEY.hex(), step=5)])

    assert book.owners() == (KEY.hex(),)
    assert len(book.of_step(KEY, 5)) == 1
    assert book.of_step(CredentialKey(bytes(16)), 5) == ()
    assert (book.of(MINE), book.tallies(MINE)) == ((), {})
