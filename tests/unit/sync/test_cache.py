"""A base becomes the current one, whole, or nothing changes."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import zstandard

from scanner.core.errors import GateError, StoreError
from support.published_site import build_base, cut_into_parts, manifest_of
from sync.cache import Cache, Pointer
from sync.manifest import BaseFile, Manifest


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


Offer = Callable[..., tuple[Manifest, list[Path]]]


@pytest.fixture
def offer(tmp_path: Path) -> Offer:
    """A manifest and its downloaded parts."""

    def make(seq: int, raw: bytes | None = None, **base: object) -> tuple[Manifest, list[Path]]:
        if raw is None:
            path = tmp_path / f"made-{seq}.db"
            path.unlink(missing_ok=True)
            raw = build_base(path, seq=seq, **base).read_bytes()  # type: ignore[arg-type]
        pieces = cut_into_parts(raw)
        return manifest_of(raw, len(pieces), seq=seq), lay_down(tmp_path, pieces)

    return make


def lay_down(folder: Path, pieces: list[bytes]) -> list[Path]:
    paths = [folder / f"part-{number}" for number in range(len(pieces))]
    for path, piece in zip(paths, pieces, strict=True):
        path.write_bytes(piece)
    return paths


def refused(action: Callable[[], object]) -> GateError:
    with pytest.raises(GateError) as caught:
        action()
    return caught.value


def test_a_verified_base_becomes_the_current_one(cache: Cache, offer: Offer) -> None:
    manifest, parts = offer(5)

    pointer = cache.place(manifest, parts)

    assert cache.current() == pointer
    assert pointer == Pointer("5.db", 5, manifest.created_at, manifest.base.sha256)
    with sqlite3.connect(f"file:{cache.base_path(pointer)}?mode=ro", uri=True) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT count(*) FROM access_grant").fetchone() == (3,)


def test_nobody_else_may_read_it(cache: Cache, offer: Offer) -> None:
    pointer = cache.place(*offer(5))

    assert cache.folder.stat().st_mode & 0o777 == 0o700
    for path in (cache.pointer_path, cache.base_path(pointer)):
        assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_left_beside_it(cache: Cache, offer: Offer) -> None:
    cache.place(*offer(5))

    assert sorted(path.name for path in cache.folder.iterdir()) == ["5.db", "current"]


def test_the_base_before_is_kept_and_older_ones_go_with_their_side_files(
    cache: Cache, offer: Offer
) -> None:
    cache.place(*offer(5))
    for side in ("-wal", "-shm"):
        (cache.folder / f"5.db{side}").touch()
    cache.place(*offer(6))
    assert (cache.folder / "5.db").exists()

    cache.place(*offer(7))

    assert sorted(path.name for path in cache.folder.iterdir()) == ["6.db", "7.db", "current"]


@pytest.mark.parametrize("seq", [4, 5])
def test_a_base_that_is_not_newer_is_refused(cache: Cache, offer: Offer, seq: int) -> None:
    cache.place(*offer(5))

    assert refused(lambda: cache.place(*offer(seq))).code == "base_not_newer"
    assert cache.current() is not None
    assert cache.current().seq == 5  # type: ignore[union-attr]


def test_a_lane_that_reads_the_old_base_is_not_disturbed(cache: Cache, offer: Offer) -> None:
    old = cache.place(*offer(5, grants=3))
    lane = sqlite3.connect(f"file:{cache.base_path(old)}?mode=ro", uri=True)
    lane.execute("BEGIN")
    assert lane.execute("SELECT count(*) FROM access_grant").fetchone() == (3,)

    cache.place(*offer(6, grants=9))
    cache.place(*offer(7, grants=9))

    assert lane.execute("SELECT count(*) FROM access_grant").fetchone() == (3,)
    lane.close()


EVIL = {
    "view": "CREATE VIEW peek AS SELECT * FROM operator",
    "trigger": "CREATE TRIGGER t AFTER INSERT ON credential BEGIN DELETE FROM revoked; END",
    "index": "CREATE INDEX more ON access_grant (type_no)",
    "table": "CREATE TABLE more (x)",
    "column": "ALTER TABLE zone ADD COLUMN more TEXT",
    "missing": "DROP TABLE revoked",
}


@pytest.mark.parametrize("statement", EVIL.values(), ids=EVIL)
def test_a_base_of_another_schema_is_refused(cache: Cache, offer: Offer, statement: str) -> None:
    cache.place(*offer(5))

    fault = refused(lambda: cache.place(*offer(6, extra=(statement,))))

    assert fault.code == "base_schema_unknown"
    assert cache.current().seq == 5  # type: ignore[union-attr]
    assert sorted(path.name for path in cache.folder.iterdir()) == ["5.db", "current"]


@pytest.mark.parametrize(
    ("meta", "code"),
    [
        ({"site": "louvre"}, "base_wrong_site"),
        ({"snapshot_seq": "7"}, "base_not_as_announced"),
        ({"format": "2"}, "base_not_as_announced"),
        ({"pepper_id": "p2"}, "base_not_as_announced"),
        ({"more": "1"}, "base_not_as_announced"),
    ],
)
def test_a_base_that_says_other_things_than_its_manifest_is_refused(
    cache: Cache, offer: Offer, meta: dict[str, str], code: str
) -> None:
    assert refused(lambda: cache.place(*offer(6, meta=meta))).code == code


def test_a_base_with_torn_pages_is_refused(cache: Cache, offer: Offer, tmp_path: Path) -> None:
    raw = bytearray(build_base(tmp_path / "torn.db", seq=6, grants=5_000).read_bytes())
    middle = len(raw) // 2 // 4096 * 4096
    raw[middle : middle + 4096] = os.urandom(4096)

    assert refused(lambda: cache.place(*offer(6, bytes(raw)))).code == "base_damaged"


@pytest.mark.parametrize("raw", [b"not a database at all" * 300, b"\x00" * 9_000])
def test_what_is_no_database_is_refused(cache: Cache, offer: Offer, raw: bytes) -> None:
    assert refused(lambda: cache.place(*offer(6, raw))).code in {
        "base_damaged",
        "base_schema_unknown",
    }


def test_parts_that_do_not_make_what_was_announced_are_refused(cache: Cache, offer: Offer) -> None:
    manifest, parts = offer(6, grants=900)

    def announced(**changes: object) -> Manifest:
        base = msgspec.structs.replace(manifest.base, **changes)
        return msgspec.structs.replace(manifest, base=base)

    for wrong, pieces in (
        (announced(sha256="0" * 64), parts),
        (announced(bytes=manifest.base.bytes + 1), parts),
        (announced(bytes=manifest.base.bytes - 1), parts),
        (manifest, parts[:-1]),
        (manifest, parts[1:]),
        (manifest, [*parts[1:], parts[0]]),
        (manifest, []),
    ):
        code = refused(lambda w=wrong, p=pieces: cache.place(w, p)).code  # type: ignore[misc]
        assert code == "base_not_as_announced"
    assert cache.current() is None


def test_several_frames_in_a_row_are_one_base(cache: Cache, tmp_path: Path) -> None:
    raw = build_base(tmp_path / "framed.db", seq=5).read_bytes()
    frames = [zstandard.compress(raw[n : n + 7_000]) for n in range(0, len(raw), 7_000)]
    parts = lay_down(tmp_path, frames)

    assert cache.place(manifest_of(raw, len(parts), seq=5), parts).seq == 5


@pytest.mark.fault("attack: a zip bomb")
def test_a_zip_bomb_stops_at_the_announced_size(cache: Cache, tmp_path: Path) -> None:
    bomb = zstandard.compress(bytes(300_000_000), level=1)
    parts = lay_down(tmp_path, [bomb])
    base = BaseFile(parts=["x"], bytes=50_000, sha256=hashlib.sha256().hexdigest(), rows=1)
    manifest = msgspec.structs.replace(manifest_of(b"", 1, seq=5), base=base)

    assert refused(lambda: cache.place(manifest, parts)).code == "base_not_as_announced"
    assert list(cache.folder.iterdir()) == []


@pytest.mark.fault("attack: a zip bomb")
def test_a_part_that_wants_a_gigabyte_of_memory_is_refused(
    cache: Cache, tmp_path: Path, offer: Offer
) -> None:
    manifest, _parts = offer(5)
    greedy = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=30)
    ).compressobj()
    parts = lay_down(tmp_path, [greedy.compress(b"x" * 70_000) + greedy.flush()])

    assert refused(lambda: cache.place(manifest, parts)).code == "base_not_as_announced"


def test_a_disk_without_room_is_named_before_the_download(cache: Cache) -> None:
    with pytest.raises(StoreError) as caught:
        cache.require_room(10**15)
    assert caught.value.code == "disk_has_no_room"

    cache.require_room(1)


@pytest.mark.parametrize("content", [b"", b"{", b'{"file": "9.db"}', b"\xff"])
def test_a_pointer_that_cannot_be_read_is_no_pointer(cache: Cache, content: bytes) -> None:
    cache.folder.mkdir()
    cache.pointer_path.write_bytes(content)

    assert cache.current() is None


def test_a_pointer_to_nothing_is_no_pointer_and_the_base_comes_again(
    cache: Cache, offer: Offer
) -> None:
    pointer = cache.place(*offer(5))
    cache.base_path(pointer).unlink()
    assert cache.current() is None

    assert cache.place(*offer(5)).seq == 5


def test_the_vector_is_what_every_kept_base_counts(cache: Cache, offer: Offer) -> None:
    def counted(**ledgers: int) -> tuple[str, ...]:
        rows = ", ".join(f"('{device}', 'e', {seq})" for device, seq in ledgers.items())
        return (f"INSERT INTO vector VALUES {rows}",)

    assert cache.vector() == {}
    cache.place(*offer(5, extra=counted(d1=10, d2=4)))
    assert cache.vector() == {("d1", "e"): 10, ("d2", "e"): 4}

    cache.place(*offer(6, extra=counted(d1=30, d2=4, d3=2)))
    assert cache.vector() == {("d1", "e"): 10, ("d2", "e"): 4}

    cache.base_path(cache.current()).write_bytes(b"torn")  # type: ignore[arg-type]
    assert cache.vector() == {}


def test_erasing_forgets_bases_downloads_and_trust(cache: Cache, offer: Offer) -> None:
    cache.place(*offer(5))
    for name in ("parts", "tuf"):
        (cache.folder / name).mkdir()
        (cache.folder / name / "x").touch()
    (cache.folder / "device.json").touch()

    cache.erase()

    assert [path.name for path in cache.folder.iterdir()] == ["device.json"]
