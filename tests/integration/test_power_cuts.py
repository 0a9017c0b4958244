"""A power cut at any write: what was acknowledged is on the disk, and the next start goes on without a person."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from scanner.records.chain import verify_file
from scanner.records.ledger import Ledger
from support.fault_table import Played
from support.ledgers import DEVICE, ENTRY, REFUSAL, fact, record
from support.power_cut import Change, Fate, RecordedDisk, Said, disk_after, put, said_before
from support.power_cut_files import RecordedFolder, folder_after
from support.published_site import build_base, cut_into_parts, manifest_of
from support.signed_deltas import base_with_digest, made_delta
from sync.cache import Cache, Pointer
from sync.delta import Delta, Upsert, digest_text, parse_delta
from sync.delta_rows import apply_delta, load_meta, state_digest
from sync.ledger_format import FILE_NAME, connect_reader, load_rows
from sync.manifest import Manifest

SEED = 20_261_127
COMMITS = 60
DELTAS = 12
FIRST_SEQ = 5


@pytest.fixture
def disk(request: pytest.FixtureRequest) -> Iterator[RecordedDisk]:
    with RecordedDisk(f"recorded-{request.node.name[:40]}") as disk:
        yield disk


def cuts(changes: list[Change], count: int, dice: random.Random) -> Iterator[tuple[int, Fate]]:
    """Where the power goes: mostly after somebody was told something, every fate in turn."""
    first = next(place for place, change in enumerate(changes) if isinstance(change, Said))
    fates = tuple(Fate)
    for number in range(count):
        is_early = dice.random() < 0.1
        low, high = (0, first) if is_early else (first, len(changes))
        yield dice.randint(low, high), fates[number % len(fates)]


# --- the ledger ---------------------------------------------------------------------------------


def recorded_day(folder: Path, disk: RecordedDisk, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """A gate's day on a recorded disk: scans, groups, moves of the log; every row's body."""
    with Ledger.open(folder, DEVICE) as ledger:
        record(ledger, ENTRY)
    stand_in = SimpleNamespace(connect=lambda path, **_wishes: disk.connect(path))
    dice = random.Random(SEED)
    with monkeypatch.context() as patch:
        patch.setattr("scanner.records.ledger_opening.sqlite3", stand_in)
        with Ledger.open(folder, DEVICE) as ledger:
            disk.say(ledger.head.seq)
            for _ in range(COMMITS):
                shapes = [ENTRY] if dice.random() < 0.7 else [REFUSAL, ENTRY, REFUSAL]
                facts = [fact(ledger, n, **shape) for n, shape in enumerate(shapes)]
                ledger.append(facts, b"x" * dice.randint(1, 900))
                disk.say(ledger.head.seq)
                ledger.checkpoint(after_rows=dice.choice((3, 1_000)))
    return bodies_in(folder)


def bodies_in(folder: Path) -> list[bytes]:
    with closing(connect_reader(folder / FILE_NAME)) as connection:
        return [row.body for row in load_rows(connection, 0, 1_000_000)]


@pytest.mark.faults
@pytest.mark.fault("power cut while the gate records")
@pytest.mark.timeout(600)
def test_after_a_power_cut_anywhere_the_ledger_has_all_that_was_acknowledged(
    tmp_path: Path,
    disk: RecordedDisk,
    monkeypatch: pytest.MonkeyPatch,
    faults_share: Callable[[int], int],
    played: Played,
) -> None:
    bodies = recorded_day(tmp_path / "day", disk, monkeypatch)
    dice = random.Random(SEED)

    for number, (cut, fate) in enumerate(cuts(disk.changes, faults_share(200), dice)):
        folder = tmp_path / f"cut-{number}"
        put(disk_after(disk, cut, fate, dice), folder)
        told = max(said_before(disk.changes, cut), default=1)
        with Ledger.open(folder, DEVICE) as ledger:
            assert ledger.set_aside is None, (cut, fate, ledger.set_aside)
            head = ledger.head.seq
            record(ledger, ENTRY)
        found = bodies_in(folder)
        played.add(lost=max(0, told - head), doubled=len(found) - head - 1)
        assert found[:head] == bodies[:head]
        assert (played.lost, played.doubled) == (0, 0), (cut, fate)
        assert verify_file(folder / FILE_NAME).broken is None
        shutil.rmtree(folder)


# --- the cache ----------------------------------------------------------------------------------


@dataclass
class Deltas:
    """A base and deltas that lead on from it, one revocation each."""

    base: bytes
    made: list[Delta] = field(default_factory=list)

    def __post_init__(self) -> None:
        before = self.base
        for number in range(DELTAS + 1):
            seq = FIRST_SEQ + number
            change = Upsert("revoked", (number.to_bytes(8, "big"),))
            raw = made_delta(before, [change], from_seq=seq, to_seq=seq + 1)
            self.made.append(parse_delta(raw))
            before = self._after(before, self.made[-1])

    @staticmethod
    def _after(base: bytes, delta: Delta) -> bytes:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            connection.deserialize(base)
            apply_delta(connection, delta)
            return connection.serialize()

    def apply(self, cache: Cache, seq: int) -> Pointer:
        """The delta that leads to snapshot ``seq``."""
        delta = self.made[seq - FIRST_SEQ - 1]
        return cache.apply(manifest_of(self.base, 1, seq=seq), [delta])


def placed_base(folder: Path, base: bytes) -> Cache:
    cache, pieces = Cache(folder / "cache"), cut_into_parts(base)
    parts = [folder / f"part-{number}" for number in range(len(pieces))]
    for part, piece in zip(parts, pieces, strict=True):
        part.write_bytes(piece)
    cache.place(manifest_of(base, len(pieces), seq=FIRST_SEQ), parts)
    return cache


def whole_seq(path: Path) -> int:
    """The snapshot of a base whose pages are whole and whose rows add up to what it says of itself."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        meta = load_meta(connection)
        assert meta["digest"] == digest_text(state_digest(connection))
        revoked = connection.execute("SELECT count(*) FROM revoked").fetchone()[0]
    assert revoked == int(meta["snapshot_seq"]) - FIRST_SEQ
    return int(meta["snapshot_seq"])


@pytest.mark.faults
@pytest.mark.fault("power cut while a delta is applied")
@pytest.mark.timeout(600)
def test_after_a_power_cut_anywhere_the_base_has_whole_deltas_and_takes_the_next(
    tmp_path: Path,
    disk: RecordedDisk,
    monkeypatch: pytest.MonkeyPatch,
    faults_share: Callable[[int], int],
    played: Played,
) -> None:
    deltas = Deltas(base_with_digest(tmp_path, seq=FIRST_SEQ))
    cache = placed_base(tmp_path, deltas.base)
    pointers = {FIRST_SEQ: cache.pointer_path.read_bytes()}
    with monkeypatch.context() as patch:
        patch.setattr("sync.cache._connect_to_write", disk.connect)
        for seq in range(FIRST_SEQ + 1, FIRST_SEQ + 1 + DELTAS):
            deltas.apply(cache, seq)
            pointers[seq] = cache.pointer_path.read_bytes()
            disk.say(seq)
    dice = random.Random(SEED)

    for number, (cut, fate) in enumerate(cuts(disk.changes, faults_share(100), dice)):
        after = Cache(tmp_path / f"cut-{number}")
        put(disk_after(disk, cut, fate, dice), after.folder)
        told = max(said_before(disk.changes, cut), default=FIRST_SEQ)
        after.pointer_path.write_bytes(pointers[told])

        pointer = after.settle()

        assert pointer is not None
        assert pointer.seq == whole_seq(after.base_path(pointer))
        played.add(lost=max(0, told - pointer.seq))
        assert told <= pointer.seq <= told + 1, (cut, fate)
        assert deltas.apply(after, pointer.seq + 1).seq == pointer.seq + 1
        assert whole_seq(after.base_path(pointer)) == pointer.seq + 1
        shutil.rmtree(after.folder)


# --- a whole base -------------------------------------------------------------------------------

OLDER, OLD, NEW = (5, 6), 6, (7, 8, 9)


def offered_base(folder: Path, seq: int) -> tuple[Manifest, list[Path]]:
    """A base with as many grants as its number, as it was downloaded."""
    raw = build_base(folder / f"made-{seq}.db", seq=seq, grants=seq).read_bytes()
    pieces = cut_into_parts(raw)
    parts = [folder / f"{seq}-{number}" for number in range(len(pieces))]
    for part, piece in zip(parts, pieces, strict=True):
        part.write_bytes(piece)
    return manifest_of(raw, len(pieces), seq=seq), parts


@contextmanager
def watched(
    cache: Cache, disk: RecordedDisk, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RecordedFolder]:
    """What is done to the cache's files and names is written down."""
    folder = RecordedFolder(cache.folder, disk)

    def use_write_ahead_log(path: Path) -> None:
        with closing(disk.connect(path)) as connection:
            assert connection.execute("PRAGMA journal_mode = WAL").fetchall() == [("wal",)]

    def move(path: Path, target: Path) -> Path:
        return folder.move(path, target)

    def remove(path: Path, **wish: bool) -> None:
        folder.remove(path, **wish)

    with monkeypatch.context() as patch:
        for module in ("assembling", "cache", "durable"):
            patch.setattr(f"sync.{module}.os", folder)
        patch.setattr("sync.cache._use_write_ahead_log", use_write_ahead_log)
        patch.setattr(Path, "replace", move)
        patch.setattr(Path, "rename", move)
        patch.setattr(Path, "unlink", remove)
        yield folder


@pytest.mark.faults
@pytest.mark.fault("power cut while a base is put in place")
@pytest.mark.timeout(600)
def test_after_a_power_cut_anywhere_the_old_base_or_the_new_one_is_whole_and_in_use(
    tmp_path: Path,
    disk: RecordedDisk,
    monkeypatch: pytest.MonkeyPatch,
    faults_share: Callable[[int], int],
    played: Played,
) -> None:
    cache = Cache(tmp_path / "cache")
    offers = {seq: offered_base(tmp_path, seq) for seq in (*OLDER, *NEW, NEW[-1] + 1)}
    for seq in OLDER:
        cache.place(*offers[seq])
    with watched(cache, disk, monkeypatch) as folder:
        for seq in NEW:
            cache.place(*offers[seq])
            disk.say(seq)
    dice = random.Random(SEED)

    for number, (cut, fate) in enumerate(cuts(disk.changes, faults_share(100), dice)):
        after = Cache(tmp_path / f"cut-{number}")
        put(folder_after(folder.before, disk.changes[:cut], fate, dice), after.folder)
        told = max(said_before(disk.changes, cut), default=OLD)

        pointer = after.settle()

        assert pointer is not None, (cut, fate)
        played.add(lost=max(0, told - pointer.seq))
        assert told <= pointer.seq <= told + 1, (cut, fate)
        assert grants_of(after, pointer) == pointer.seq
        following = after.place(*offers[pointer.seq + 1])
        assert grants_of(after, following) == pointer.seq + 1
        shutil.rmtree(after.folder)


def grants_of(cache: Cache, pointer: Pointer) -> int:
    """Of a base whose pages are whole."""
    with closing(sqlite3.connect(cache.base_path(pointer))) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        found = connection.execute("SELECT count(*) FROM access_grant").fetchone()
    return int(found[0])
