"""Whatever is edited in a ledger's rows, the walk over its chain names the place, and it never falls over."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.clock import ClockState
from scanner.core.errors import StoreError
from scanner.core.events import FactKind
from scanner.records.chain import verify_file
from scanner.records.ledger import Ledger
from support.ledgers import DEVICE, ENTRY, EXIT, REFUSAL, WATCHED_ENTRY, edit, record

SHAPES = [
    WATCHED_ENTRY | {"event_no": 4, "seat": "A 12"},
    {"kind": FactKind.NOT_PASSED, "refers_to": 1},
    REFUSAL,
    ENTRY | {"grant_no": None, "clock": ClockState.UNTRUSTED},
    EXIT | {"step": 77},
    {"kind": FactKind.CLOCK_OFFSET, "offset_ms": 5, "clock": ClockState.UNTRUSTED},
    {"kind": FactKind.PASSED, "refers_to": 1},
]
COLUMNS = (
    *("seq", "body", "hash", "floor_at", "of_grant", "of_key", "of_step", "of_event"),
    *("of_seat", "of_boot"),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    with Ledger.open(folder, DEVICE) as ledger:
        record(ledger, *SHAPES)
        ledger.checkpoint(after_rows=1)
    edit(folder)
    return folder / "ledger.db"


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def rows_of(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        return connection.execute(f"SELECT {', '.join(COLUMNS)} FROM fact").fetchall()


def copy_of(whole: Path, scratch: Path) -> Path:
    for old in scratch.iterdir():
        old.unlink()
    return Path(shutil.copy(whole, scratch))


def verdict(path: Path) -> str:
    try:
        return "broken" if verify_file(path).broken else "whole"
    except StoreError as fault:
        return fault.code


def test_a_ledger_nobody_edited_is_whole(whole: Path) -> None:
    walk = verify_file(whole)

    assert (walk.broken, walk.rows, walk.head.seq) == (None, len(SHAPES), len(SHAPES))


VALUES = st.none() | st.integers(-5, 99) | st.text(max_size=5) | st.binary(max_size=40)


@pytest.mark.fault("gate: a row of the ledger edited by hand")
@given(row=st.integers(1, len(SHAPES)), column=st.sampled_from(COLUMNS), value=VALUES)
def test_an_edited_column_is_found_at_its_row(
    whole: Path, scratch: Path, row: int, column: str, value: object
) -> None:
    path = copy_of(whole, scratch)
    before = rows_of(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        try:
            connection.execute(f"UPDATE fact SET {column} = ? WHERE seq = ?", (value, row))
        except sqlite3.IntegrityError:
            return

    walk = verify_file(path)

    if rows_of(path) == before:
        assert walk.broken is None
    else:
        assert walk.broken is not None
        assert walk.broken.seq <= row or column == "seq"


@pytest.mark.fault("gate: a row of the ledger edited by hand")
@given(row=st.integers(1, len(SHAPES)), place=st.integers(0, 10_000), to=st.integers(0, 255))
def test_one_edited_byte_of_a_body_is_found_at_its_row(
    whole: Path, scratch: Path, row: int, place: int, to: int
) -> None:
    path = copy_of(whole, scratch)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (body,) = connection.execute(
            "SELECT CAST(body AS BLOB) FROM fact WHERE seq = ?", (row,)
        ).fetchone()
        edited = bytearray(body)
        edited[place % len(body)] = to
        connection.execute(
            "UPDATE fact SET body = CAST(? AS TEXT) WHERE seq = ?", (bytes(edited), row)
        )

    broken = verify_file(path).broken

    assert (broken is None) == (bytes(edited) == body)
    assert broken is None or broken.seq == row


@pytest.mark.fault("gate: a row of the ledger edited by hand")
@given(row=st.integers(1, len(SHAPES) - 1))
def test_a_row_taken_out_is_missed(whole: Path, scratch: Path, row: int) -> None:
    path = copy_of(whole, scratch)
    edit(path.parent, f"DELETE FROM fact WHERE seq = {row}")

    broken = verify_file(path).broken

    assert broken is not None
    assert broken.seq == row
    assert "missing" in broken.what


@pytest.mark.fault("gate: a row of the ledger edited by hand")
@given(a=st.integers(1, len(SHAPES)), b=st.integers(1, len(SHAPES)))
def test_two_rows_that_changed_places_are_found(whole: Path, scratch: Path, a: int, b: int) -> None:
    path = copy_of(whole, scratch)
    edit(
        path.parent,
        f"UPDATE fact SET seq = -1 WHERE seq = {a}",
        f"UPDATE fact SET seq = {a} WHERE seq = {b}",
        f"UPDATE fact SET seq = {b} WHERE seq = -1",
    )

    broken = verify_file(path).broken

    assert (broken is None) == (a == b)
    assert broken is None or broken.seq == min(a, b)


@pytest.mark.fault("gate: ledger corrupted")
@given(data=st.data())
def test_a_flipped_bit_of_the_file_changes_no_row_unseen(
    whole: Path, scratch: Path, data: st.DataObject
) -> None:
    path = copy_of(whole, scratch)
    before = rows_of(path)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)

    found = verdict(path)

    assert found in {"broken", "ledger_unreadable"} or rows_of(path) == before
