"""A copy of a ledger: one file, whole, its chain walked, while the gate goes on.

Law: read-only towards the ledger. A copy gets its name only once it is complete, checked and on the disk, so that a
power cut leaves the copies there were. Only copies of ours are ever deleted, the oldest first, and never the newest.

Source: docs/ledger.md, "A copy".
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from scanner.core.errors import StoreError
from scanner.records.chain import verify_file
from sync.durable import flush_folder, make_folder, write_fault
from sync.ledger_format import connect_reader, load_head, load_origin, reading

UNFINISHED = ".ledger.new"


def back_up(source: Path, folder: Path, keep: int) -> Path:
    """Copy the ledger at ``source`` into ``folder`` and let go of all but the newest ``keep`` copies.

    Raises:
        StoreError: ``ledger_missing``, ``ledger_unreadable``, ``ledger_copy_broken``, ``file_not_written``.
    """
    beside = make_folder(folder) / UNFINISHED
    try:
        beside.unlink(missing_ok=True)
        _copy(source, beside)
        _require_whole(beside)
        kept = folder / _name_of(beside)
        beside.replace(kept)
        flush_folder(folder)
    except OSError as error:
        raise write_fault(error, "a copy of the ledger") from error
    _let_go(folder, keep)
    return kept


def _copy(source: Path, target: Path) -> None:
    """All pages as of one instant; the copy is one file, without a log beside it."""
    with (
        reading(source),
        closing(connect_reader(source)) as ledger,
        closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        target.chmod(0o600)
        copy.execute("PRAGMA synchronous = FULL")
        ledger.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE").fetchone()


def _require_whole(copy: Path) -> None:
    walk = verify_file(copy)
    if walk.broken is not None:
        raise StoreError(
            "ledger_copy_broken",
            f"row {walk.broken.seq} {walk.broken.what}, in the ledger or in its copy; no copy is kept",
            "walk the ledger itself: `portillon ledger verify`",
        )


def _name_of(copy: Path) -> str:
    with closing(connect_reader(copy)) as connection:
        epoch, seq = load_origin(connection).epoch, load_head(connection).seq
    return f"ledger-{epoch[:8]}-{seq:010d}.db"


def _let_go(folder: Path, keep: int) -> None:
    copies = sorted(folder.glob("ledger-*-*.db"), key=lambda copy: copy.stat().st_mtime_ns)
    for copy in copies[: -max(keep, 1)]:
        copy.unlink(missing_ok=True)
