"""What lies beside a ledger: the writer's lock, the reserve, and ledgers that were set aside.

Law: one process writes one ledger. The reserve is really allocated, so that a full disk can still take the alarm that
says so. A damaged ledger is never deleted and never written again: it is moved aside with its log.

Source: docs/ledger.md, "Beside the ledger".
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from scanner.core.errors import StoreError
from scanner.records.ledger_faults import folder_fault
from sync.ledger_format import FILE_NAME

RESERVE_BYTES = 1024 * 1024
"""Room for some hundred facts that let nobody in."""

LOCK_NAME = "writer.lock"
RESERVE_NAME = "reserve"
DAMAGE_NAME = "damaged"
"""Left by a gate whose ledger failed while it ran, so that the next start does not trust it."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A ledger that was found unusable at start: where it lies now and why (``code`` is an alarm's code)."""

    folder: Path
    code: str
    why: str


def build_folder(folder: Path) -> None:
    """Make the ledger's folder, for its owner only.

    Raises:
        StoreError: ``ledger_read_only`` or ``ledger_io``.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise folder_fault(error, folder) from error


def lock_writer(folder: Path) -> int:
    """Become the one writer; the lock is held until the returned descriptor is closed or the process ends.

    Raises:
        StoreError: ``ledger_in_use``, ``ledger_read_only`` or ``ledger_io``.
    """
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise folder_fault(error, folder) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StoreError(
            "ledger_in_use",
            f"another gate process writes the ledger in {str(folder)!r}; this one does not start",
            "stop the other one (systemctl status portillon-gate), or give this lane its own data_dir",
        ) from error
    return descriptor


class Reserve:
    """Disk space kept for facts that let nobody in: an exit, an alarm, a give-back, a stop."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / RESERVE_NAME
        self.is_kept = self.try_keep()

    def try_keep(self) -> bool:
        """Allocate it (again); False when the disk has no room for it."""
        try:
            _allocate(self._path, RESERVE_BYTES)
        except OSError:
            self.release()
        else:
            self.is_kept = True
        return self.is_kept

    def release(self) -> None:
        """Give its space to the disk."""
        self.is_kept = False
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def _allocate(path: Path, size_bytes: int) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size_bytes)
    finally:
        os.close(descriptor)


def mark_damaged(folder: Path, why: str) -> None:
    """Ask the next start to set this ledger aside; on a dying disk this may itself fail."""
    with contextlib.suppress(OSError):
        (folder / DAMAGE_NAME).write_text(why, encoding="utf-8")


def find_mark(folder: Path) -> str | None:
    """Why an earlier run no longer trusted the ledger."""
    try:
        return (folder / DAMAGE_NAME).read_text(encoding="utf-8")
    except OSError:
        return None


def set_aside(folder: Path, code: str, why: str) -> SetAside:
    """Move the ledger and its log into ``set-aside-<n>/``.

    The mark is written first and moved last, and the log goes before its database: a power cut in between
    ends in the rest being moved too, never in an old log beside a new database.
    """
    (folder / DAMAGE_NAME).write_text(why, encoding="utf-8")
    number = 1 + max((_number(p) for p in folder.glob("set-aside-*")), default=0)
    target = folder / f"set-aside-{number}"
    target.mkdir(mode=0o700)
    for name in (f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", FILE_NAME, DAMAGE_NAME):
        if (folder / name).exists():
            (folder / name).rename(target / name)
            sync_folder(folder)
    return SetAside(target, code, why)


def _number(path: Path) -> int:
    tail = path.name.rpartition("-")[2]
    return int(tail) if tail.isdecimal() else 0


def sync_folder(folder: Path) -> None:
    """Make renames and new names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
