"""A delta changes the base in use: a look-up sees all of it or nothing, small tables included."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scanner.core.rules import ScanRule
from scanner.core.units import RuleNo
from scanner.current_base import CurrentBase
from support.snapshots import CARD, Site, enrol, place, point
from sync.base_rows import encode_rule

KEY = Site().card_key(CARD)
FIRST = 100


@pytest.fixture
def bases(tmp_path: Path) -> Iterator[CurrentBase]:
    enrol(tmp_path)
    path = place(tmp_path, Site(seq=FIRST))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    found = CurrentBase(tmp_path)
    yield found
    found.close()


def bring(folder: Path, seq: int, *, body: str | None = None) -> None:
    """What sync does with a delta: rows of several tables and the sequence, in one transaction."""
    rule = encode_rule(ScanRule(rule_no=RuleNo(1), max_total=seq))
    with closing(sqlite3.connect(folder / f"{FIRST}.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE access_grant SET seat = ?, version = ?", (str(seq), seq))
        connection.execute("UPDATE rule SET body = ?", (body or rule[1],))
        connection.execute("INSERT INTO revoked VALUES (?)", (seq.to_bytes(8),))
        connection.execute("UPDATE meta SET value = ? WHERE name = 'snapshot_seq'", (str(seq),))
        connection.execute("COMMIT")


def seen(bases: CurrentBase) -> tuple[int, int | None, str, bool]:
    """Sequence, the rule's limit, the grant's seat, whether the newest is revoked: one look-up's answers."""
    in_use = bases.follow()
    assert in_use is not None
    with bases.moment(in_use) as (base, _reader, _gate):
        seq = base.tables.mark.seq
        (row,) = base.grant_rows(KEY)
        newest = seq.to_bytes(8) + bytes(8)
        limit = base.tables.rule(RuleNo(1)).max_total
        return seq, limit, row[-3], base.is_revoked(newest)  # type: ignore[arg-type]


def test_a_delta_is_in_the_next_look_up_with_all_its_tables(
    bases: CurrentBase, tmp_path: Path
) -> None:
    bring(tmp_path, 101)

    assert seen(bases) == (101, 101, "101", True)


def test_a_delta_that_comes_in_the_middle_of_a_look_up_is_not_noticed(
    bases: CurrentBase, tmp_path: Path
) -> None:
    bring(tmp_path, 101)
    in_use = bases.follow()
    assert in_use is not None

    with bases.moment(in_use) as (base, _reader, _gate):
        bring(tmp_path, 102)
        (row,) = base.grant_rows(KEY)
        of_102 = (102).to_bytes(8) + bytes(8)
        assert (base.tables.mark.seq, row[-3]) == (101, "101")
        assert not base.is_revoked(of_102)  # type: ignore[arg-type]

    assert seen(bases) == (102, 102, "102", True)


def test_a_pointer_that_follows_a_delta_shows_it_between_two_scans(
    bases: CurrentBase, tmp_path: Path
) -> None:
    assert bases.follow() is not None
    bring(tmp_path, 101)
    point(tmp_path, f"{FIRST}.db", 101)

    in_use = bases.follow()

    assert in_use is not None
    assert in_use.base.tables.mark.seq == 101
    assert bases.doubts.open_codes == ()


def test_a_delta_that_cannot_be_read_costs_that_base_and_the_one_before_is_used(
    bases: CurrentBase, tmp_path: Path
) -> None:
    place(tmp_path, Site(seq=90))
    point(tmp_path, f"{FIRST}.db", FIRST)
    in_use = bases.follow()
    assert in_use is not None
    bring(tmp_path, 101, body="[]")
    with pytest.raises(sqlite3.DatabaseError) as caught, bases.moment(in_use):
        pass

    before = bases.give_up(caught.value)

    assert before is not None
    assert before.base.tables.mark.seq == 90
    assert bases.doubts.open_codes == ("snapshot_unusable",)


def test_look_ups_beside_a_stream_of_deltas_never_mix_two_of_them(
    bases: CurrentBase, tmp_path: Path
) -> None:
    last = FIRST + 60
    bring(tmp_path, FIRST + 1)

    def stream() -> None:
        for seq in range(FIRST + 2, last + 1):
            bring(tmp_path, seq)

    writer = threading.Thread(target=stream)
    writer.start()
    found = {seen(bases)}
    while writer.is_alive():
        found.add(seen(bases))
    writer.join()
    found.add(seen(bases))

    assert (last, last, str(last), True) in found
    assert all(seq == limit == int(seat) and revoked for seq, limit, seat, revoked in found)
