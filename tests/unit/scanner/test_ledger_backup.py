"""A copy of the ledger is whole and named, or it is not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner.core.errors import StoreError
from scanner.records.chain import verify_file
from scanner.records.ledger import Ledger
from scanner.records.ledger_backup import back_up
from support.ledgers import ENTRY, fact
from support.snapshots import HERE
from sync.ledger_format import FILE_NAME


def test_a_copy_is_made_while_the_gate_writes_and_is_one_whole_file(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger", HERE) as ledger:
        ledger.append([fact(ledger, n, **ENTRY) for n in range(3)])
        copy = back_up(tmp_path / "ledger" / FILE_NAME, tmp_path / "copies", keep=7)
        assert copy.name == f"ledger-{ledger.epoch[:8]}-0000000003.db"
    walk = verify_file(copy)
    assert (walk.rows, walk.broken) == (3, None)
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]
    assert copy.stat().st_mode & 0o077 == 0


def test_the_newest_copies_stay_and_nothing_else_is_touched(tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    (folder / "photo.jpg").touch()
    with Ledger.open(tmp_path / "ledger", HERE) as ledger:
        for n in range(4):
            ledger.append([fact(ledger, 0, **ENTRY)])
            copy = back_up(tmp_path / "ledger" / FILE_NAME, folder, keep=2)
            os.utime(copy, ns=(n, n))
    assert sorted(path.name[-13:] for path in folder.iterdir()) == [
        "0000000003.db".rjust(13),
        "0000000004.db".rjust(13),
        "photo.jpg",
    ]


def test_a_ledger_that_is_damaged_leaves_the_copies_there_were(tmp_path: Path) -> None:
    source, folder = tmp_path / "ledger" / FILE_NAME, tmp_path / "copies"
    with Ledger.open(tmp_path / "ledger", HERE) as ledger:
        ledger.append([fact(ledger, 0, **ENTRY)])
        back_up(source, folder, keep=1)
        ledger._connection.execute("UPDATE fact SET body = '{}'")
        with pytest.raises(StoreError) as told:
            back_up(source, folder, keep=1)
    assert told.value.code == "ledger_copy_broken"
    assert [path.suffix for path in folder.iterdir() if not path.name.startswith(".")] == [".db"]


def test_a_folder_that_takes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "copies").touch()
    with pytest.raises(StoreError, match="cannot be made"):
        back_up(tmp_path / "ledger" / FILE_NAME, tmp_path / "copies", keep=1)
