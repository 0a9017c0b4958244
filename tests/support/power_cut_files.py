"""A folder that remembers what happened to its files and names, and can be rebuilt as a power cut would leave it.

`RecordedFolder` stands for ``os`` in the modules that write files; what they do through SQLite goes through a
`RecordedDisk` into the same list.

Law: what was flushed stays. Content that was written since the last flush of its file may be there, gone, or torn by
sectors; names that were made, moved or deleted since the last flush of the folder may each have changed on the disk or
not, whatever became of the others. A name may be there before its content is.

Source: fsync(2), rename(2); POSIX promises no more, and file systems that do are not counted on.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from support.power_cut import (
    Delete,
    Fate,
    Flush,
    RecordedDisk,
    Said,
    Truncate,
    Write,
    torn,
    with_all,
)


class Create(NamedTuple):
    """A new file of that name."""

    file: str


class Rename(NamedTuple):
    """A file has another name."""

    file: str
    to: str


class FlushNames(NamedTuple):
    """All names of the folder are on the disk."""

    file: str = ""


class RecordedFolder:
    """``os`` for one folder: does what it is asked, and writes it down in the disk's ``changes``."""

    def __init__(self, folder: Path, disk: RecordedDisk) -> None:
        self.folder = folder
        self._changes: list[Any] = disk.changes
        self._disk = disk
        self._names: dict[int, str] = {}
        self.before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        handle = os.open(path, flags, mode)
        self._names[handle] = "" if Path(path) == self.folder else Path(path).name
        if flags & os.O_CREAT:
            self._changes.append(Create(Path(path).name))
        return handle

    def fsync(self, handle: int) -> None:
        os.fsync(handle)
        name = self._names[handle]
        self._changes.append(Flush(name) if name else FlushNames())

    @contextmanager
    def fdopen(self, handle: int, mode: str) -> Any:
        with os.fdopen(handle, mode) as file:
            yield _Recorded(file, self._names[handle], self._changes)

    def move(self, path: Path, target: Path) -> Path:
        """What stands for ``Path.replace`` and ``Path.rename``."""
        os.replace(path, target)  # noqa: PTH105 - Path's own comes here
        if path.parent == self.folder:
            self._changes.append(Rename(path.name, target.name))
        return target

    def remove(self, path: Path, *, missing_ok: bool = False) -> None:
        """What stands for ``Path.unlink``."""
        if not path.exists() and missing_ok:
            return
        os.unlink(path)  # noqa: PTH108 - Path's own comes here
        if path.parent == self.folder:
            self._changes.append(Delete(path.name))


class _Recorded:
    """A file that is written."""

    def __init__(self, file: IO[bytes], name: str, changes: list[Any]) -> None:
        self._file, self._name, self._changes = file, name, changes

    def write(self, content: bytes) -> int:
        self._changes.append(Write(self._name, self._file.tell(), bytes(content)))
        return self._file.write(content)

    def fileno(self) -> int:
        # whoever asks for it flushes next
        self._file.flush()
        return self._file.fileno()


class _File:
    """One file, whatever it is called: what is on the disk, and what waits."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = bytearray(content)
        self.waiting: list[Write | Truncate] = []

    def flush(self) -> None:
        self.content, self.waiting = with_all(self.content, self.waiting), []

    def found(self, fate: Fate, dice: random.Random) -> bytes:
        """What a start after the cut reads."""
        if fate is Fate.DROPPED:
            return bytes(self.content)
        kept = self.waiting
        if fate is Fate.TORN:
            kept = [piece for one in self.waiting for piece in torn(one, dice)]
        return bytes(with_all(bytearray(self.content), kept))


class _Names:
    """The folder: names as the process sees them, as they are on the disk, and changes that wait."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.now = {name: _File(content) for name, content in files.items()}
        self.durable = dict(self.now)
        self.waiting: list[tuple[str | None, str | None, _File | None]] = []

    def change(self, gone: str | None, made: str | None, file: _File | None) -> None:
        self.waiting.append((gone, made, file))
        self._apply(self.now, gone, made, file)

    def flush(self) -> None:
        self.durable, self.waiting = dict(self.now), []

    def found(self, fate: Fate, dice: random.Random) -> dict[str, _File]:
        found = dict(self.durable)
        for change in self.waiting:
            if fate is Fate.KEPT or (fate is Fate.TORN and dice.random() < 0.5):
                self._apply(found, *change)
        return found

    @staticmethod
    def _apply(
        names: dict[str, _File], gone: str | None, made: str | None, file: _File | None
    ) -> None:
        if gone is not None:
            names.pop(gone, None)
        if made is not None and file is not None:
            names[made] = file


def folder_after(
    before: dict[str, bytes], changes: Iterable[Any], fate: Fate, dice: random.Random
) -> dict[str, bytes]:
    """The files as they are found when the power goes after these changes."""
    names = _Names(before)
    for change in changes:
        match change:
            case Create(name):
                names.change(None, name, _File())
            case Rename(name, to):
                names.change(name, to, names.now[name])
            case Delete(name):
                names.change(name, None, None)
            case FlushNames():
                names.flush()
            case Flush(name):
                names.now[name].flush()
            case Write() | Truncate():
                if change.file not in names.now:
                    names.change(None, change.file, _File())
                names.now[change.file].waiting.append(change)
            case Said():
                pass
    return {name: file.found(fate, dice) for name, file in names.found(fate, dice).items()}
