"""The mirror: the rows as gates have them, as of the newest publication, in a file beside the database.

Law: the mirror is only believed when it stands for exactly the publication that is visible and that the database knows
as its newest; after a restored backup or a crash it does not, and everything is built anew. It is changed by the very
function that gates apply deltas with. Nothing in it is the only copy of anything.

Source: docs/central.md, "Publishing".
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from server_stub.site import Site
from sync.base_rows import encode_config
from sync.delta_rows import load_meta

MIRROR_FILE = "published.db"
SIDE_FILES = ("-wal", "-shm", "-journal")


@contextmanager
def open_mirror(path: Path, seq: int, site: Site) -> Iterator[sqlite3.Connection | None]:
    """The mirror of a publication; None when there is none that can be believed."""
    try:
        found = _open(path)
    except sqlite3.Error:
        found = None
    if found is None:
        yield None
        return
    with closing(found) as connection:
        yield connection if _stands_for(connection, seq, site) else None


def _open(path: Path) -> sqlite3.Connection | None:
    if not path.exists():
        return None
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _stands_for(connection: sqlite3.Connection, seq: int, site: Site) -> bool:
    try:
        meta = load_meta(connection)
        config = dict(connection.execute("SELECT name, value FROM config"))
    except sqlite3.Error:
        return False
    calendar = {k: v for k, v in encode_config(site.policy) if k in {"zone", "day_cutoff"}}
    return (
        meta.get("snapshot_seq") == str(seq)
        and meta.get("pepper_id") == site.pepper_id
        and bool(meta.get("digest"))
        and calendar.items() <= config.items()
    )


def replace_mirror(path: Path, fresh: Path) -> None:
    """A file that was just published is what gates have from now on."""
    drop_mirror(path)
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    fresh.replace(path)


def drop_mirror(path: Path) -> None:
    """Gone, with what belongs to it."""
    for name in (*(path.name + side for side in SIDE_FILES), path.name):
        path.with_name(name).unlink(missing_ok=True)
