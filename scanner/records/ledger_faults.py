"""What SQLite says when it cannot record, as faults with a stable code.

Law: every fault here means "this fact is not recorded": the lane answers NOT_RECORDED and the arm stays shut.

Source: docs/ledger.md, "When it cannot record"; https://sqlite.org/rescode.html.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from scanner.core.errors import StoreError

_PRIMARY_CODE = 0xFF
"""Extended result codes carry the primary one in their low byte."""

_CODES = {
    sqlite3.SQLITE_FULL: "ledger_full",
    sqlite3.SQLITE_READONLY: "ledger_read_only",
    sqlite3.SQLITE_CORRUPT: "ledger_damaged",
    sqlite3.SQLITE_NOTADB: "ledger_damaged",
    sqlite3.SQLITE_BUSY: "ledger_busy",
    sqlite3.SQLITE_LOCKED: "ledger_busy",
}

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

_MEANINGS = {
    "ledger_full": ("the disk is full", "free space: old logs first, never the ledger"),
    "ledger_read_only": (
        "the ledger's disk is read-only",
        "the disk may be failing: look at the kernel's log, then replace it or mount it writable",
    ),
    "ledger_damaged": (
        "the ledger's file is damaged",
        "start the gate again: it sets the ledger aside and begins a new epoch",
    ),
    "ledger_busy": (
        "another program holds the ledger's file locked for writing",
        "close the program that has ledger.db open; look at it with `portillon ledger show` instead",
    ),
    "ledger_io": (
        "the disk did not take the fact",
        "its folder must belong to the gate's account (portillon); if it does, the disk may be failing: replace it",
    ),
}


def ledger_fault(error: Exception, folder: Path) -> StoreError:
    """The fault behind an error while reading or recording; only SQLite's own errors carry a code of it."""
    found = getattr(error, "sqlite_errorcode", None)
    if found is None:
        return damage(str(error))
    code = _CODES.get(found & _PRIMARY_CODE, "ledger_io")
    if code == "ledger_io" and is_read_only(folder):
        code = "ledger_read_only"
    return _fault(code, f"{getattr(error, 'sqlite_errorname', found)}: {error}")


def damage(why: str) -> StoreError:
    """The fault of a ledger whose rows or pages are not what they should be."""
    return _fault("ledger_damaged", why)


def folder_fault(error: OSError, folder: Path) -> StoreError:
    """The fault of a folder or file that cannot be made or opened."""
    code = "ledger_full" if error.errno in _NO_ROOM else "ledger_io"
    if is_read_only(folder):
        code = "ledger_read_only"
    return _fault(code, f"{str(folder)!r}: {error.strerror}")


def reserve_fault(folder: Path) -> StoreError:
    """The fault of a disk that has no room left for the reserve."""
    code = "ledger_read_only" if is_read_only(folder) else "ledger_full"
    return _fault(code, "the reserve for alarms is used up")


def is_read_only(folder: Path) -> bool:
    """True when the file system says so itself (a kernel does that to a failing disk)."""
    existing = next((place for place in (folder, *folder.parents) if place.exists()), folder)
    try:
        return bool(os.statvfs(existing).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _fault(code: str, detail: str) -> StoreError:
    meaning, hint = _MEANINGS[code]
    return StoreError(code, f"{meaning} ({detail}); nothing is recorded", hint)
