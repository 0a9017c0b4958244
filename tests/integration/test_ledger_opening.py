"""Whatever lies in the ledger's folder at start: the gate opens with a ledger it can trust, or says why it does not."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from scanner.core.errors import StoreError
from scanner.core.units import DeviceId
from scanner.records.chain import verify_file
from scanner.records.ledger import Ledger
from scanner.records.ledger_files import set_aside
from support.ledgers import DEVICE, ENTRY, REFUSAL, edit, peek, record
from sync.ledger_format import connect_reader, load_rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Ledger.open(tmp_path / "ledger", DEVICE) as ledger:
        record(ledger, *[ENTRY, REFUSAL] * 20)
    return tmp_path / "ledger"


def file_of(folder: Path) -> Path:
    return folder / "ledger.db"


def garbage(folder: Path) -> None:
    file_of(folder).write_bytes(os.urandom(20_000))


def cut_off(folder: Path) -> None:
    os.truncate(file_of(folder), 12_288)


def emptied(folder: Path) -> None:
    os.truncate(file_of(folder), 0)


def deleted(folder: Path) -> None:
    file_of(folder).unlink()


def deleted_but_its_log(folder: Path) -> None:
    deleted(folder)
    (folder / "reserve").unlink()
    (folder / "ledger.db-wal").write_bytes(b"rows of a ledger that is gone")


def another_programs(folder: Path) -> None:
    deleted(folder)
    with closing(sqlite3.connect(file_of(folder))) as connection:
        connection.execute("PRAGMA user_version = 7")
        connection.execute("CREATE TABLE recipes (name)")


def an_edited_end(folder: Path) -> None:
    edit(folder, "UPDATE fact SET body = replace(body, 'EXPIRED', 'UNPAID') WHERE seq = 40")


def a_lost_row(folder: Path) -> None:
    edit(folder, "DELETE FROM fact WHERE seq = 39")


def no_owner(folder: Path) -> None:
    edit(folder, "DELETE FROM ledger")


def another_schema(folder: Path) -> None:
    edit(folder, "CREATE INDEX slow ON fact (body)", "DROP INDEX fact_of_grant")


def a_torn_page(folder: Path) -> None:
    with file_of(folder).open("r+b") as file:
        file.seek(-4_096, os.SEEK_END)
        file.write(bytes(2_000))


def a_mark_of_the_run_before(folder: Path) -> None:
    (folder / "damaged").write_text("page 7 could not be read")


DAMAGES = [
    *(garbage, cut_off, emptied, deleted, deleted_but_its_log, another_programs, an_edited_end),
    *(a_lost_row, no_owner, another_schema, a_torn_page, a_mark_of_the_run_before),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_ledger_is_set_aside_and_a_new_epoch_begins(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    damage(folder)

    with Ledger.open(folder, DEVICE) as ledger:
        assert ledger.set_aside is not None
        assert ledger.set_aside.code == "ledger_damaged"
        assert ledger.set_aside.why
        assert ledger.set_aside.folder == folder / "set-aside-1"
        assert ledger.head.seq == 0
        record(ledger, ENTRY)
    with Ledger.open(folder, DEVICE) as again:
        assert again.set_aside is None
        assert again.head.seq == 1
    assert verify_file(file_of(folder)).broken is None


def test_what_was_set_aside_can_still_be_read(folder: Path) -> None:
    an_edited_end(folder)
    Ledger.open(folder, DEVICE).close()

    with closing(connect_reader(folder / "set-aside-1" / "ledger.db")) as reader:
        assert len(load_rows(reader, 0, 100)) == 40


def test_every_ledger_set_aside_has_a_folder_of_its_own(folder: Path) -> None:
    for number in (1, 2):
        garbage(folder)
        with Ledger.open(folder, DEVICE) as ledger:
            assert ledger.set_aside is not None
            assert ledger.set_aside.folder.name == f"set-aside-{number}"


def test_a_power_cut_while_a_ledger_is_set_aside_mixes_nothing(folder: Path) -> None:
    (folder / "ledger.db-wal").write_bytes(b"old rows")
    aside = set_aside(folder, "ledger_damaged", "a page")
    (aside.folder / "ledger.db").rename(folder / "ledger.db")
    (aside.folder / "damaged").rename(folder / "damaged")

    with Ledger.open(folder, DEVICE) as ledger:
        assert ledger.set_aside is not None
        assert ledger.head.seq == 0
    assert (folder / "set-aside-1" / "ledger.db-wal").exists()
    assert (folder / "set-aside-2" / "ledger.db").exists()


def test_another_devices_ledger_is_set_aside_with_an_alarm_of_its_own(folder: Path) -> None:
    with Ledger.open(folder, DeviceId("gate9")) as ledger:
        assert ledger.set_aside is not None
        assert ledger.set_aside.code == "ledger_of_another_device"
        assert ledger.device == "gate9"


def test_a_newer_formats_ledger_is_left_alone(folder: Path) -> None:
    edit(folder, "PRAGMA user_version = 2")

    with pytest.raises(StoreError) as refused:
        Ledger.open(folder, DEVICE)

    assert refused.value.code == "ledger_newer"
    assert peek(folder, "SELECT count(*) FROM fact") == [(40,)]
    edit(folder, "PRAGMA user_version = 1")
    with Ledger.open(folder, DEVICE) as ledger:
        assert ledger.head.seq == 40


def test_a_start_that_was_killed_before_its_first_table_is_made_up_for(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")

    with Ledger.open(tmp_path, DEVICE) as ledger:
        assert ledger.set_aside is None
        assert record(ledger, ENTRY)[0].seq == 1


def test_the_ledger_is_its_owners_only(folder: Path) -> None:
    with Ledger.open(folder, DEVICE):
        modes = {p.name: p.stat().st_mode & 0o777 for p in folder.iterdir()}

    assert set(modes.values()) == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_is_a_file_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("")

    with pytest.raises(StoreError) as refused:
        Ledger.open(tmp_path / "ledger", DEVICE)

    assert refused.value.code == "ledger_io"
