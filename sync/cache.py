"""The cache of bases: a verified snapshot becomes the one the lane decides by, or nothing changes.

Law: a base is written beside, hashed, checked and flushed before ``current`` names it; ``current`` is replaced
atomically, so a crash at any point leaves the old base whole. A base is its own file ``<seq>.db`` and never renamed
over another: an old ``-wal`` beside a new file would mix their rows. Deltas come into the base in use, all that came
together in one transaction: what its own ``meta`` says is the truth, the pointer follows. Numbers never go back, but by
a person's `roll_back`. Two bases are kept. Who holds `turn` writes here; the lane opens ``mode=ro``.

Source: docs/sync.md, "The cache"; SQLite, "How To Corrupt An SQLite Database File".
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from urllib.parse import quote

import msgspec

from scanner.core.errors import CentralError, StoreError
from sync.assembling import assemble, not_as_announced
from sync.delta import Delta
from sync.delta_rows import load_meta
from sync.durable import (
    OWNER_FILE,
    flush,
    flush_folder,
    make_folder,
    save_atomically,
    write_fault,
)
from sync.manifest import Manifest
from sync.readable_delta import apply_checked
from sync.verified_base import UNREADABLE, is_whole, verify_base

POINTER_BYTES = 4_096
ROOM_BYTES = 64 * 1024 * 1024
"""Left free on the disk for the ledger, which is worth more than a newer snapshot."""
META_NUMBERS = ("snapshot_seq", "created_at", "grants")
SIDE_FILES = ("-wal", "-shm", "-journal")
KEPT_BASES = 2
HOLD_FILE = "held.json"
TURN_WAIT_S = 10.0
TURN_LOOK_S = 0.05


class Pointer(msgspec.Struct, frozen=True):
    """``cache/current``: which base the lane decides by. ``sha256`` is of the base as it was published."""

    file: str
    seq: int
    created_at: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Cache:
    """The folder ``cache/``."""

    folder: Path

    @property
    def pointer_path(self) -> Path:
        """The file that names the current base."""
        return self.folder / "current"

    def current(self) -> Pointer | None:
        """Which base is in place; None before the first, or when the pointer cannot be read."""
        try:
            with self.pointer_path.open("rb") as file:
                pointer = msgspec.json.decode(file.read(POINTER_BYTES + 1), type=Pointer)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return pointer if (self.folder / pointer.file).is_file() else None

    def base_path(self, pointer: Pointer) -> Path:
        """The base a pointer names."""
        return self.folder / pointer.file

    @contextlib.contextmanager
    def turn(self, wait_s: float = TURN_WAIT_S) -> Iterator[None]:
        """The right to write here: the running sync while it looks for a snapshot, or a person's command.

        Raises:
            StoreError: ``cache_in_use``.
        """
        handle = os.open(make_folder(self.folder) / "lock", os.O_RDWR | os.O_CREAT, OWNER_FILE)
        try:
            _take(handle, wait_s)
            yield
        finally:
            os.close(handle)

    def meta(self, pointer: Pointer) -> dict[str, str]:
        """What a base says of itself; empty when it cannot be read."""
        return _load_meta(self.base_path(pointer))

    def grants(self, pointer: Pointer | None) -> int:
        """How many grants a base has; 0 without one, or when it cannot be read."""
        return 0 if pointer is None else int(self.meta(pointer).get("grants", "0"))

    def settle(self) -> Pointer | None:
        """The base in use, named by what it holds: a crash may have come between a delta and the pointer."""
        pointer = self.current()
        meta = {} if pointer is None else self.meta(pointer)
        if pointer is None or not meta or int(meta["snapshot_seq"]) == pointer.seq:
            return pointer
        return self._point(pointer.file, meta, pointer.sha256)

    def vector(self) -> dict[tuple[str, str], int]:
        """Up to where every base that is kept counts each ledger: the lane may have to go back to the one before."""
        vectors = [_load_vector(self.folder / f"{seq}.db") for seq in self.kept()]
        shared = set[tuple[str, str]].intersection(*map(set, vectors)) if vectors else set()
        return {ledger: min(vector[ledger] for vector in vectors) for ledger in shared}

    def set_aside_damaged(self) -> Path | None:
        """Take the current base out of use if its pages are torn, and say where it is now; it comes again.

        The lane goes on by the base before until then.
        """
        pointer = self.current()
        if pointer is None:
            return None
        path = self.base_path(pointer)
        if is_whole(path):
            return None
        aside = path.with_name(f"{path.name}.damaged")
        path.replace(aside)
        flush_folder(self.folder)
        return aside

    def require_room(self, needed_bytes: int) -> None:
        """Refuse a download that would fill the disk.

        Raises:
            StoreError: ``disk_has_no_room``.
        """
        make_folder(self.folder)
        free = shutil.disk_usage(self.folder).free
        if free < needed_bytes + ROOM_BYTES:
            raise StoreError(
                "disk_has_no_room",
                f"a new snapshot needs {needed_bytes + ROOM_BYTES} bytes, the disk has {free}; the old one stays",
                "make room on the disk; the ledger keeps its own reserve",
            )

    def place(
        self, manifest: Manifest, parts: Sequence[Path], deltas: Sequence[Delta] = ()
    ) -> Pointer:
        """Make a base of verified parts, with the deltas since, the current one.

        Raises:
            CentralError: the base is not what the manifest says, or not one of ours; a delta does not fit.
            StoreError: the disk.
        """
        self.refuse_older(manifest.seq)
        beside = make_folder(self.folder) / f".{manifest.seq}.new"
        try:
            _remove_base(beside)
            assemble(parts, beside, manifest.base)
            verify_base(beside, manifest)
            _apply_beside(beside, manifest, deltas)
            pointer = self._name(beside, manifest)
        except OSError as error:
            raise write_fault(error, "the new base") from error
        finally:
            with contextlib.suppress(OSError):
                _remove_base(beside)
        self.prune()
        return pointer

    def apply(self, manifest: Manifest, deltas: Sequence[Delta]) -> Pointer:
        """Bring the base in use forward, in one transaction: a lane sees all of it or nothing.

        Raises:
            CentralError: a delta does not fit, or what it says cannot be read; nothing was changed.
            StoreError: ``delta_not_applied``, ``file_not_written``.
        """
        self.refuse_older(manifest.seq)
        pointer = self.current()
        if pointer is None:
            raise _not_applied("there is no base")
        try:
            with contextlib.closing(_connect_to_write(self.base_path(pointer))) as connection:
                connection.execute("BEGIN IMMEDIATE")
                apply_checked(connection, deltas)
                meta = load_meta(connection)
                if meta["snapshot_seq"] != str(manifest.seq):
                    raise not_as_announced(f"its deltas lead to {meta['snapshot_seq']}")
                connection.execute("COMMIT")
        except UNREADABLE as error:
            raise _not_applied(str(error)) from error
        return self._point(pointer.file, meta, pointer.sha256)

    def find_before(self, current: Pointer | None) -> Pointer:
        """The whole base before the one in use.

        Raises:
            StoreError: ``no_base_before``.
        """
        newest = 0 if current is None else _seq_of(Path(current.file))
        for seq in self.kept():
            meta = _load_meta(self.folder / f"{seq}.db")
            is_before = seq < newest
            if is_before and meta and is_whole(self.folder / f"{seq}.db"):
                return Pointer(f"{seq}.db", int(meta["snapshot_seq"]), int(meta["created_at"]), "")
        raise StoreError(
            "no_base_before",
            "there is no earlier base here; nothing was changed",
            "bring a snapshot with: portillon sync --once, or portillon snapshot import PATH",
        )

    def point_to(self, pointer: Pointer) -> Pointer:
        """Name another base that is kept: only for a person who goes back."""
        save_atomically(self.pointer_path, msgspec.json.encode(pointer))
        return pointer

    def _point(self, name: str, meta: dict[str, str], sha256: str) -> Pointer:
        pointer = Pointer(name, int(meta["snapshot_seq"]), int(meta["created_at"]), sha256)
        save_atomically(self.pointer_path, msgspec.json.encode(pointer))
        return pointer

    def _name(self, beside: Path, manifest: Manifest) -> Pointer:
        _use_write_ahead_log(beside)
        _flush_file(beside)
        self._forget_rolled_back()
        base = self.folder / f"{manifest.seq}.db"
        # not current, so it is the leaving of a crash
        _remove_base(base)
        beside.rename(base)
        flush_folder(self.folder)
        pointer = Pointer(base.name, manifest.seq, manifest.created_at, manifest.base.sha256)
        save_atomically(self.pointer_path, msgspec.json.encode(pointer))
        return pointer

    def _forget_rolled_back(self) -> None:
        """What a person went back from is nothing to go back to."""
        current = self.current()
        for seq in self.kept():
            if current is not None and seq > _seq_of(Path(current.file)):
                _remove_base(self.folder / f"{seq}.db")

    def refuse_older(self, seq: int) -> None:
        """Versions never go back.

        Raises:
            CentralError: ``base_not_newer``.
        """
        current = self.current()
        if current is not None and seq <= current.seq:
            raise CentralError(
                "base_not_newer",
                f"snapshot {seq} is not newer than {current.seq}, which is in use; it stays",
                "versions never go back, not even after a restore: look at the central's publisher",
            )

    def kept(self) -> list[int]:
        """Sequences of the bases that are here, newest first."""
        return sorted(filter(None, map(_seq_of, self.folder.glob("*.db"))), reverse=True)

    def prune(self) -> None:
        """Delete all bases but the current one and the one before it, with their side files."""
        current = self.current()
        if current is None:
            return
        older = [seq for seq in self.kept() if seq < _seq_of(Path(current.file))]
        for seq in older[KEPT_BASES - 1 :]:
            _remove_base(self.folder / f"{seq}.db")

    def erase(self) -> None:
        """Forget the site: the pointer first, then every base, download and trusted metadata.

        Raises:
            StoreError: ``file_not_written``.
        """
        try:
            make_folder(self.folder)
            self.pointer_path.unlink(missing_ok=True)
            (self.folder / HOLD_FILE).unlink(missing_ok=True)
            for path in (*self.folder.glob("*.db*"), *self.folder.glob(".*.new")):
                _remove_base(path)
            for name in ("parts", "tuf"):
                shutil.rmtree(self.folder / name, ignore_errors=True)
            flush_folder(self.folder)
        except OSError as error:
            raise write_fault(error, "the erased cache") from error


def _load_vector(path: Path) -> dict[tuple[str, str], int]:
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            rows = connection.execute("SELECT device, epoch, seq FROM vector").fetchall()
    except UNREADABLE:
        # a damaged base is the lane's alarm; here it only means that more facts are asked for
        return {}
    return {(device, epoch): seq for device, epoch, seq in rows}


def _load_meta(path: Path) -> dict[str, str]:
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            meta = load_meta(connection)
    except UNREADABLE:
        return {}
    return meta if all(meta.get(name, "").isdecimal() for name in META_NUMBERS) else {}


def _seq_of(path: Path) -> int:
    return int(path.stem) if path.stem.isdigit() else 0


def _remove_base(path: Path) -> None:
    for name in (*(path.name + side for side in SIDE_FILES), path.name):
        path.with_name(name).unlink(missing_ok=True)


def _apply_beside(path: Path, manifest: Manifest, deltas: Sequence[Delta]) -> None:
    """Bring a base that nobody reads yet to the manifest's snapshot."""
    if not deltas:
        return
    with contextlib.closing(_connect_to_write(path)) as connection:
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("BEGIN")
        apply_checked(connection, deltas)
        connection.execute("COMMIT")
        if load_meta(connection)["snapshot_seq"] != str(manifest.seq):
            raise not_as_announced("its deltas lead to another snapshot")


def _connect_to_write(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _not_applied(why: str) -> StoreError:
    return StoreError(
        "delta_not_applied",
        f"a delta could not be put into the base in use ({why[:200]}); nothing was changed",
        "the base is fetched instead; if this stays, look at the disk",
    )


def _take(handle: int, wait_s: float) -> None:
    pause, looks = Event(), int(wait_s / TURN_LOOK_S)
    for _ in range(looks + 1):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pause.wait(TURN_LOOK_S)
        else:
            return
    raise StoreError(
        "cache_in_use",
        f"another process has been putting a snapshot in place for {wait_s:.0f} s; nothing was done",
        "it is done soon: try again, or stop portillon-sync meanwhile",
    )


def _use_write_ahead_log(path: Path) -> None:
    """Deltas come into this file later, while the lane reads; the switch is made while nobody does."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA journal_mode = WAL")


def _flush_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        flush(descriptor)
    finally:
        os.close(descriptor)
