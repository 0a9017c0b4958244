"""A base is written as it is read: twice as many rights take no more memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from scanner.core.grants import SnapshotMark
from scanner.core.units import SnapshotSeq
from server_stub.central import Central
from server_stub.publishing.base_file import build_base
from server_stub.site import load_site
from support.central_site import MARCH_10, museum

FEW, MANY = 5_500, 11_000
"""Both more than are ever in memory at once."""

RIGHTS = """
    INSERT INTO access_grant (grant_no, rule_no, type_no, is_denied, version)
    WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
    SELECT i, 1, 1, 0, 1 FROM n
"""
CODES = """
    INSERT INTO credential (credential_no, kind, credential_id, state, issued_at)
    SELECT grant_no, 'signed', randomblob(16), 'active', 0 FROM access_grant WHERE grant_no >= :first
"""
KEYS = """
    INSERT INTO credential_key (key, pepper_id, credential_no)
    SELECT randomblob(16), :pepper, credential_no FROM credential WHERE credential_no >= :first
"""
POINTING = """
    INSERT INTO credential_grant (credential_no, grant_no)
    SELECT credential_no, credential_no FROM credential WHERE credential_no >= :first
"""


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Central]:
    with museum(tmp_path_factory.mktemp("site")) as made:
        yield made


def fill(central: Central, first: int, last: int) -> None:
    with central.database.write() as connection:
        pepper = load_site(connection).pepper_id
        for statement in (RIGHTS, CODES, KEYS, POINTING):
            given = {"first": first, "last": last, "pepper": pepper}
            named = {name: value for name, value in given.items() if f":{name}" in statement}
            connection.execute(text(statement), named)


def peak_bytes(central: Central, path: Path) -> tuple[int, list[tuple[int, int]]]:
    """The most that Python held while a base was written, and what a watcher heard."""
    heard: list[tuple[int, int]] = []
    with central.database.read() as connection:
        site, mark = load_site(connection), SnapshotMark(seq=SnapshotSeq(1), created_at=MARCH_10)
        tracemalloc.start()
        try:
            build_base(connection, path, site, mark, {}, lambda *done: heard.append(done))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    return peak, heard


def test_memory_does_not_grow_with_the_rights_and_progress_reaches_its_end(
    central: Central, tmp_path: Path
) -> None:
    fill(central, 1, FEW)
    few, _heard = peak_bytes(central, tmp_path / "few.db")
    fill(central, FEW + 1, MANY)
    many, heard = peak_bytes(central, tmp_path / "many.db")

    assert many < 1.4 * few
    assert heard == sorted(heard)
    assert {of_all for _done, of_all in heard} == {2 * MANY}
    assert heard[-1] == (2 * MANY, 2 * MANY)
    assert len(heard) > 4
