"""The cache of bases: a verified snapshot becomes the one the lane decides by, or nothing changes.

Law: a base is written beside, hashed, checked and flushed before ``current`` names it; ``current`` is replaced
atomically, so a crash at any point leaves the old base whole. A base is its own file ``<seq>.db`` and never renamed
over another: an old ``-wal`` beside a new file would mix their rows. Numbers never go back. Two bases are kept. sync is
the only writer here; the lane opens ``mode=ro``.

Source: docs/sync.md, "The cache"; SQLite, "How To Corrupt An SQLite Database File".
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import msgspec
import zstandard

from scanner.core.errors import CentralError, StoreError
from sync.durable import (
    OWNER_FILE,
    flush,
    flush_folder,
    make_folder,
    save_atomically,
    write_fault,
)
from sync.manifest import BASE_BYTES, Manifest
from sync.snapshot import FORMAT, INDEXES, META_KEYS, TABLES

POINTER_BYTES = 4_096
CHUNK_BYTES = 1024 * 1024
WINDOW_BYTES = 32 * 1024 * 1024
"""Memory that a compressed part may ask for, at most (zstd level 19 asks for 8 MiB)."""
ROOM_BYTES = 64 * 1024 * 1024
"""Left free on the disk for the ledger, which is worth more than a newer snapshot."""
SIDE_FILES = ("-wal", "-shm", "-journal")
KEPT_BASES = 2


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
        try:
            with contextlib.closing(_connect_untrusted(path)) as connection:
                _verify_whole(connection)
        except (sqlite3.Error, CentralError):
            aside = path.with_name(f"{path.name}.damaged")
            path.replace(aside)
            flush_folder(self.folder)
            return aside
        return None

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

    def place(self, manifest: Manifest, parts: Sequence[Path]) -> Pointer:
        """Make a base of verified parts the current one.

        Raises:
            CentralError: the base is not what the manifest says, or not one of ours.
            StoreError: the disk.
        """
        self.refuse_older(manifest.seq)
        beside = make_folder(self.folder) / f".{manifest.seq}.new"
        try:
            _assemble(parts, beside, manifest)
            verify_base(beside, manifest)
            pointer = self._name(beside, manifest)
        except OSError as error:
            raise write_fault(error, "the new base") from error
        finally:
            with contextlib.suppress(OSError):
                _remove_base(beside)
        self.prune()
        return pointer

    def _name(self, beside: Path, manifest: Manifest) -> Pointer:
        _use_write_ahead_log(beside)
        _flush_file(beside)
        base = self.folder / f"{manifest.seq}.db"
        # not current, so it is the leaving of a crash
        _remove_base(base)
        beside.rename(base)
        flush_folder(self.folder)
        pointer = Pointer(base.name, manifest.seq, manifest.created_at, manifest.base.sha256)
        save_atomically(self.pointer_path, msgspec.json.encode(pointer))
        return pointer

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
        bases = sorted((seq, path) for path in self.folder.glob("*.db") if (seq := _seq_of(path)))
        older = [path for seq, path in bases if seq < current.seq]
        for path in older[: max(0, len(older) - (KEPT_BASES - 1))]:
            _remove_base(path)

    def erase(self) -> None:
        """Forget the site: the pointer first, then every base, download and trusted metadata.

        Raises:
            StoreError: ``file_not_written``.
        """
        try:
            make_folder(self.folder)
            self.pointer_path.unlink(missing_ok=True)
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
    except sqlite3.Error:
        # a damaged base is the lane's alarm; here it only means that more facts are asked for
        return {}
    return {(device, epoch): seq for device, epoch, seq in rows}


def _seq_of(path: Path) -> int:
    return int(path.stem) if path.stem.isdigit() else 0


def _remove_base(path: Path) -> None:
    for name in (*(path.name + side for side in SIDE_FILES), path.name):
        path.with_name(name).unlink(missing_ok=True)


class _Joined:
    """Parts as one stream to read."""

    def __init__(self, parts: Iterable[Path]) -> None:
        self._chunks = self._read(parts)

    @staticmethod
    def _read(parts: Iterable[Path]) -> Iterator[bytes]:
        for part in parts:
            with part.open("rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk

    def read(self, _size: int = -1) -> bytes:
        """The next piece; empty at the end. The size asked for is only a wish (see io.RawIOBase)."""
        return next(self._chunks, b"")


def _assemble(parts: Sequence[Path], beside: Path, manifest: Manifest) -> None:
    """Decompress the parts into one flushed file, and hold it to the manifest's size and hash."""
    _remove_base(beside)
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_FILE)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in _decompressed(parts):
            size += len(chunk)
            if size > manifest.base.bytes:
                raise _not_as_announced(f"over {manifest.base.bytes} bytes")
            digest.update(chunk)
            file.write(chunk)
    if size != manifest.base.bytes or digest.hexdigest() != manifest.base.sha256.lower():
        raise _not_as_announced(f"{size} of {manifest.base.bytes} bytes, or another hash")


def _decompressed(parts: Sequence[Path]) -> Iterator[bytes]:
    reader = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES).stream_reader(
        _Joined(parts),  # type: ignore[arg-type]  # all it needs is read()
        read_across_frames=True,
    )
    try:
        while chunk := reader.read(CHUNK_BYTES):
            yield chunk
    except zstandard.ZstdError as error:
        raise _not_as_announced(str(error)) from error


def _not_as_announced(why: str) -> CentralError:
    return CentralError(
        "base_not_as_announced",
        f"the base is not the one its manifest announces ({why}); the old state stays",
        "the next contact fetches it again; if this stays, look at the central's publisher",
    )


def verify_base(path: Path, manifest: Manifest) -> None:
    """Open an untrusted SQLite file and see that it is a base of this manifest, whole and of our schema.

    Raises:
        CentralError: ``base_damaged``, ``base_schema_unknown``, ``base_wrong_site``, ``base_not_as_announced``.
    """
    try:
        with contextlib.closing(_connect_untrusted(path)) as connection:
            _verify_schema(connection)
            _verify_whole(connection)
            _verify_meta(connection, manifest)
    except sqlite3.Error as error:
        raise _damaged(str(error)) from error


def _connect_untrusted(path: Path) -> sqlite3.Connection:
    # immutable: no side files, no locks, and a WAL header changes nothing
    uri = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    # measured: a third less time for quick_check
    connection.execute(f"PRAGMA mmap_size = {BASE_BYTES}")
    return connection


def _verify_schema(connection: sqlite3.Connection) -> None:
    """Compare names and text before anything of the file is run: no view, no trigger, no extra index."""
    found = {
        (kind, name, sql)
        for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_schema")
        if not (kind == "index" and sql is None and name.startswith("sqlite_autoindex_"))
    }
    tables = {("table", name, sql) for name, sql in TABLES.items()}
    indexes = {("index", name, sql) for name, sql in INDEXES.items()}
    if odd := found ^ (tables | indexes):
        names = ", ".join(sorted({str(name)[:40] for _kind, name, _sql in odd})[:5])
        raise CentralError(
            "base_schema_unknown",
            f"the base has other tables than format {FORMAT} ({names}); the old state stays",
            "central and gate run versions that do not fit: update the gates first",
        )


def _verify_whole(connection: sqlite3.Connection) -> None:
    answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if answer != "ok":
        raise _damaged(str(answer))


def _damaged(why: str) -> CentralError:
    return CentralError(
        "base_damaged",
        f"the base is not a whole SQLite file ({why[:200]}); the old state stays",
        "look at the central's publisher and its disk",
    )


def _verify_meta(connection: sqlite3.Connection, manifest: Manifest) -> None:
    meta = dict(connection.execute("SELECT name, value FROM meta"))
    expected = {
        "format": str(FORMAT),
        "site": manifest.site,
        "snapshot_seq": str(manifest.seq),
        "created_at": str(manifest.created_at),
        "pepper_id": manifest.pepper_id,
    }
    wrong = sorted(name for name, value in expected.items() if meta.get(name) != value)
    if "site" in wrong:
        raise CentralError(
            "base_wrong_site",
            f"the base is of site {meta.get('site', '')[:64]!r}, not of {manifest.site!r}; the old state stays",
            "look at the central's publisher",
        )
    if wrong or set(meta) != set(META_KEYS):
        raise _not_as_announced(f"its own {', '.join(wrong) or 'table meta'} says something else")


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
