"""An untrusted SQLite file, seen to be a base of ours before anything is decided by it.

Law: opened read-only with ``trusted_schema=OFF``; names and text of the schema are compared before anything of the file
is run; then its pages, then what it says of itself.

Source: docs/sync.md, "The cache".
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from urllib.parse import quote

from scanner.core.errors import CentralError
from sync.assembling import not_as_announced
from sync.manifest import BASE_BYTES, Manifest
from sync.snapshot import FORMAT, INDEXES, META_KEYS, META_KEYS_NEWER, TABLES

UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What a damaged file raises: its texts, also those in SQLite's own messages, may be no UTF-8."""


def verify_base(path: Path, manifest: Manifest) -> None:
    """Open an untrusted SQLite file and see that it is a base of this manifest, whole and of our schema.

    Raises:
        CentralError: ``base_damaged``, ``base_schema_unknown``, ``base_wrong_site``, ``base_not_as_announced``.
    """
    try:
        # immutable: no side files, no locks, and a WAL header changes nothing
        with contextlib.closing(_connect(path, "mode=ro&immutable=1")) as connection:
            _verify_schema(connection)
            _verify_whole(connection)
            _verify_meta(connection, manifest)
    except UNREADABLE as error:
        raise _damaged(str(error)) from error


def is_whole(path: Path) -> bool:
    """True when no page of a base in use is torn, its write-ahead log included."""
    try:
        with contextlib.closing(_connect(path, "mode=ro")) as connection:
            _verify_whole(connection)
    except (*UNREADABLE, CentralError):
        return False
    return True


def _connect(path: Path, how: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?{how}"
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
        "snapshot_seq": str(manifest.base_seq),
        "created_at": str(manifest.base_created_at),
        "pepper_id": manifest.pepper_id,
    }
    wrong = sorted(name for name, value in expected.items() if meta.get(name) != value)
    if "site" in wrong:
        raise CentralError(
            "base_wrong_site",
            f"the base is of site {meta.get('site', '')[:64]!r}, not of {manifest.site!r}; the old state stays",
            "look at the central's publisher",
        )
    if wrong or set(meta) - set(META_KEYS_NEWER) != set(META_KEYS):
        raise not_as_announced(f"its own {', '.join(wrong) or 'table meta'} says something else")
