"""Killed at any system call that changes the disk, the cache holds a whole base, and the next try succeeds."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from pathlib import Path

import pytest

from support.published_site import build_base, cut_into_parts, manifest_of
from sync.cache import Cache
from sync.manifest import Manifest

CHANGES = {"open", "os.rename", "os.remove", "os.mkdir", "sqlite3.connect"}
"""Audit events of everything that touches a name or a file here (PEP 578)."""
KILLED, FINISHED = 9, 0


def offer(folder: Path, seq: int) -> tuple[Manifest, list[Path]]:
    raw = build_base(folder / f"made-{seq}.db", seq=seq, grants=seq).read_bytes()
    pieces = cut_into_parts(raw)
    parts = [folder / f"{seq}-{number}" for number in range(len(pieces))]
    for part, piece in zip(parts, pieces, strict=True):
        part.write_bytes(piece)
    return manifest_of(raw, len(pieces), seq=seq), parts


def place_and_die(cache: Cache, manifest: Manifest, parts: list[Path], at: int) -> int:
    """Place in a child that ends, without any clean-up, before its ``at``-th change. Returns its exit code."""
    child = os.fork()
    if child == 0:
        count = 0

        def count_down(event: str, _arguments: tuple[object, ...]) -> None:
            nonlocal count
            if event in CHANGES:
                count += 1
                if count == at:
                    os._exit(KILLED)

        with contextlib.suppress(BaseException):
            sys.addaudithook(count_down)
            cache.place(manifest, parts)
            os._exit(FINISHED)
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def grants_in(cache: Cache) -> int:
    pointer = cache.current()
    assert pointer is not None
    uri = f"file:{cache.base_path(pointer)}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        (count,) = connection.execute("SELECT count(*) FROM access_grant").fetchone()
    assert count == pointer.seq
    return int(count)


@pytest.mark.fault("kill -9 while a base is put in place")
def test_a_crash_anywhere_leaves_the_old_base_or_the_new_one(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    for seq in (5, 6):
        cache.place(*offer(tmp_path, seq))
    manifest, parts = offer(tmp_path, 7)
    seen = []

    for at in range(1, 200):
        code = place_and_die(cache, manifest, parts, at)
        seen.append(grants_in(cache))
        if code == FINISHED or seen[-1] == 7:
            break
        assert code == KILLED

    assert len(seen) > 10, "the audit events do not see what happens"
    assert set(seen[:-1]) == {6}
    assert seen[-1] == 7
    cache.prune()
    assert sorted(path.name for path in cache.folder.glob("*.db")) == ["6.db", "7.db"]


@pytest.mark.fault("kill -9 while a base is put in place")
def test_a_crash_after_the_switch_is_cleaned_up_by_the_next_base(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    for seq in (5, 6):
        cache.place(*offer(tmp_path, seq))
    manifest, parts = offer(tmp_path, 7)
    for at in range(1, 200):
        place_and_die(cache, manifest, parts, at)
        if grants_in(cache) == 7:
            break

    cache.place(*offer(tmp_path, 8))

    # a reader leaves its -shm; nothing else may be left
    names = {path.name for path in cache.folder.iterdir()} - {"7.db-shm", "7.db-wal"}
    assert names == {"7.db", "8.db", "current"}


@pytest.mark.fault("kill -9 while a base is put in place")
@pytest.mark.parametrize("at", [1, 5, 9, 13])
def test_the_very_first_base_may_crash_too(tmp_path: Path, at: int) -> None:
    cache = Cache(tmp_path / "cache")
    manifest, parts = offer(tmp_path, 5)

    place_and_die(cache, manifest, parts, at)

    if cache.current() is None:
        cache.place(manifest, parts)
    assert grants_in(cache) == 5
