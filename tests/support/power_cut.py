"""A disk that remembers every write and every flush of SQLite's, and can be rebuilt as a power cut would leave it.

`RecordedDisk` is a VFS of apsw's own SQLite (a development dependency: the product uses the standard library's), under
a connection that looks like `sqlite3`'s as far as ours are used.

Law: what was flushed stays. Of what was written to a file since its last flush, everything, nothing, or any sectors of
any writes may have reached the disk, in any order; a flush of one file promises nothing about another. Shared memory
is never on the disk, so the recorded connection works in exclusive mode, which keeps it on the heap; what is written is
the same.

Source: sqlite.org/atomiccommit.html, "Hardware Assumptions"; sqlite.org/c3ref/io_methods.html; apsw's page on VFS.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Self

import apsw

SECTOR_BYTES = 512


class Fate(StrEnum):
    """What became of writes that were not flushed."""

    KEPT = "kept"
    TORN = "torn"
    DROPPED = "dropped"


class Write(NamedTuple):
    """Bytes at a place of a file."""

    file: str
    offset: int
    content: bytes


class Truncate(NamedTuple):
    """A file has this length now."""

    file: str
    size: int


class Flush(NamedTuple):
    """All that was written to a file is on the disk."""

    file: str


class Delete(NamedTuple):
    """A file's name is gone."""

    file: str


class Said(NamedTuple):
    """Somebody was told: from here on it must be there."""

    what: Any


Change = Write | Truncate | Flush | Delete | Said


class RecordedDisk(apsw.VFS):
    """Writes through to the real disk, and writes down in ``changes`` what it does."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.changes: list[Change] = []
        self.before: dict[str, bytes] = {}
        """Files as they were before the first change: flushed."""
        super().__init__(name, "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.unregister()

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802 - apsw's name
        path = Path(name if isinstance(name, str) else name.filename())
        if path.name not in self.before and not any(path.name == _file(c) for c in self.changes):
            self.before[path.name] = path.read_bytes() if path.exists() else b""
        return RecordedFile(self.changes, path.name, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001, N802 - apsw's
        super().xDelete(filename, syncdir)
        self.changes.append(Delete(Path(filename).name))

    def connect(self, path: Path) -> RecordedConnection:
        """What stands for ``sqlite3.connect``."""
        return RecordedConnection(apsw.Connection(str(path), vfs=self.name))

    def say(self, what: Any) -> None:
        """Somebody is told."""
        self.changes.append(Said(what))


class RecordedFile(apsw.VFSFile):
    """One open file of a `RecordedDisk`."""

    def __init__(self, changes: list[Change], file: str, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._changes = changes
        self._file = file

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - apsw's name
        super().xWrite(data, offset)
        self._changes.append(Write(self._file, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - apsw's name
        super().xTruncate(newsize)
        self._changes.append(Truncate(self._file, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802 - apsw's name
        super().xSync(flags)
        self._changes.append(Flush(self._file))


class RecordedConnection:
    """apsw's connection under the names of `sqlite3`'s."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.execute("PRAGMA locking_mode = EXCLUSIVE")

    def execute(self, sql: str, values: Sequence[Any] = ()) -> apsw.Cursor:
        return self._connection.execute(sql, values)

    def executemany(self, sql: str, values: Iterable[Sequence[Any]]) -> apsw.Cursor:
        return self._connection.executemany(sql, values)

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def rollback(self) -> None:
        if self.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()


def _file(change: Change) -> str:
    return "" if isinstance(change, Said) else change.file


def said_before(changes: Sequence[Change], cut: int) -> list[Any]:
    """What somebody had been told when the power went before change number ``cut``."""
    return [change.what for change in changes[:cut] if isinstance(change, Said)]


def disk_after(disk: RecordedDisk, cut: int, fate: Fate, dice: random.Random) -> dict[str, bytes]:
    """The files as they are found when the power went before change number ``cut``."""
    files: dict[str, bytearray | None] = {n: bytearray(c) for n, c in disk.before.items()}
    waiting: dict[str, list[Write | Truncate]] = {}
    for change in disk.changes[:cut]:
        match change:
            case Write() | Truncate():
                waiting.setdefault(change.file, []).append(change)
            case Flush(file):
                files[file] = with_all(files.get(file), waiting.pop(file, []))
            case Delete(file):
                files[file] = None
                waiting.pop(file, None)
    for file, changes in waiting.items():
        if fate is Fate.KEPT:
            files[file] = with_all(files.get(file), changes)
        elif fate is Fate.TORN:
            files[file] = with_all(files.get(file), [c for one in changes for c in torn(one, dice)])
    return {name: bytes(content) for name, content in files.items() if content is not None}


def with_all(content: bytearray | None, changes: Iterable[Write | Truncate]) -> bytearray:
    made = bytearray() if content is None else content
    for change in changes:
        if isinstance(change, Truncate):
            del made[change.size :]
            continue
        made.extend(bytes(max(0, change.offset - len(made))))
        made[change.offset : change.offset + len(change.content)] = change.content
    return made


def torn(change: Write | Truncate, dice: random.Random) -> list[Write | Truncate]:
    """What arrived of a write that was not flushed: all, nothing, or some of its sectors."""
    luck = dice.random()
    if luck < 0.4:
        return [change]
    if luck < 0.7 or isinstance(change, Truncate):
        return []
    ends = range(0, len(change.content), SECTOR_BYTES)
    return [
        Write(change.file, change.offset + start, change.content[start : start + SECTOR_BYTES])
        for start in ends
        if dice.random() < 0.5
    ]


def put(files: dict[str, bytes], folder: Path) -> None:
    """Lay the files of a disk into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        with suppress(FileNotFoundError):
            (folder / name).unlink()
        (folder / name).write_bytes(content)
