"""How far a base may fold a ledger."""

from __future__ import annotations

from scanner.core.events import FactKind
from server_stub.rules.vector import PassageFact, foldable_until


def watched(seq: int, persons: int = 1) -> PassageFact:
    return PassageFact(seq, FactKind.SCAN, persons, None, awaits_passage=True)


def later(seq: int, kind: FactKind, refers_to: int | None = None, persons: int = 1) -> PassageFact:
    return PassageFact(seq, kind, persons, refers_to, awaits_passage=False)


def test_a_ledger_without_sensors_is_folded_to_its_end() -> None:
    assert foldable_until(9, []) == 9


def test_it_stops_below_an_entry_that_has_not_passed_yet() -> None:
    assert foldable_until(5, [watched(3)]) == 2


def test_a_passage_opens_the_way_and_so_does_its_failure() -> None:
    for kind in (FactKind.PASSED, FactKind.NOT_PASSED, FactKind.PASSAGE_UNKNOWN):
        assert foldable_until(5, [watched(3), later(4, kind, 3)]) == 5


def test_it_never_stands_between_an_entry_and_its_passage() -> None:
    facts = [watched(3), watched(4), later(5, FactKind.PASSED, 3)]

    assert foldable_until(6, facts) == 2


def test_a_party_is_closed_when_all_of_it_is_told() -> None:
    party = [watched(1, 3), later(2, FactKind.PASSED, 1, 2)]

    assert foldable_until(2, party) == 0
    assert foldable_until(3, [*party, later(3, FactKind.NOT_PASSED, 1)]) == 3


def test_a_lane_that_started_again_reports_no_passage_of_before() -> None:
    assert foldable_until(4, [watched(2), later(3, FactKind.LANE_STARTED)]) == 4


def test_facts_about_other_entries_close_nothing() -> None:
    facts = [watched(2), later(3, FactKind.PASSED, 1), later(4, FactKind.OVERRIDE, 2)]

    assert foldable_until(4, facts) == 1
