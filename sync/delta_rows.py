"""The rows of a delta in a base's tables, and what all rows add up to.

Law: part of its caller's transaction; nothing is committed here. An older row never overwrites a newer one. The digest
goes along with every row, so that base and deltas add up to what a base of that moment adds up to, or it shows.

Source: docs/sync-protocol.md, "Deltas".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from scanner.core.errors import CentralError
from sync.delta import (
    Change,
    Delta,
    Tombstone,
    Upsert,
    add_digests,
    digest_text,
    parse_digest,
    row_digest,
)
from sync.row_layout import Row, layouts

DIGEST = "digest"


def state_digest(connection: sqlite3.Connection) -> int:
    """What all rows of a base add up to, counted anew."""
    digest = 0
    for table in layouts():
        rows = connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own names
        digest = add_digests(digest, sum(row_digest(table, row) for row in rows))
    return digest


def load_meta(connection: sqlite3.Connection) -> dict[str, str]:
    """What a base says of itself."""
    return dict(connection.execute("SELECT name, value FROM meta"))


def save_meta(connection: sqlite3.Connection, **values: str | int) -> None:
    """What a base says of itself from now on."""
    connection.executemany(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [(name, str(value)) for name, value in values.items()],
    )


def apply_changes(connection: sqlite3.Connection, changes: Iterable[Change], digest: int) -> int:
    """Make the changes; the digest after them."""
    for change in changes:
        layout = layouts()[change.table]
        key = change.key if isinstance(change, Tombstone) else layout.key_of(change.row)
        before: Row | None = connection.execute(layout.select, key).fetchone()
        if before is not None:
            if _is_newer(layout.version_of(before), _version_of(change)):
                continue
            connection.execute(layout.delete, key)
            digest = add_digests(digest, -row_digest(change.table, before))
        if isinstance(change, Upsert):
            connection.execute(layout.insert, change.row)
            digest = add_digests(digest, row_digest(change.table, change.row))
    return digest


def apply_delta(connection: sqlite3.Connection, delta: Delta) -> None:
    """Bring a base from the delta's first snapshot to its second.

    Raises:
        CentralError: ``delta_out_of_place``, ``delta_digest_wrong``.
    """
    header, meta = delta.header, load_meta(connection)
    expected = {
        "site": header.site,
        "snapshot_seq": str(header.from_seq),
        "pepper_id": header.pepper_id,
    }
    wrong = sorted(name for name, value in expected.items() if meta.get(name) != value)
    if wrong or not meta.get(DIGEST) or header.to_seq <= header.from_seq:
        raise CentralError(
            "delta_out_of_place",
            f"the delta of {header.from_seq} to {header.to_seq} does not follow snapshot"
            f" {meta.get('snapshot_seq')} ({', '.join(wrong) or 'no digest'}); it is not used",
            "the base is fetched instead; if this stays, look at the central's publisher",
        )
    digest = apply_changes(connection, delta.changes, parse_digest(meta[DIGEST]))
    if digest_text(digest) != header.digest:
        raise CentralError(
            "delta_digest_wrong",
            f"after the delta to {header.to_seq} the rows add up to something else; it is taken back",
            "the base is fetched instead; if this stays, look at this gate's disk",
        )
    save_meta(
        connection,
        snapshot_seq=header.to_seq,
        created_at=header.created_at,
        grants=header.grants,
        digest=header.digest,
    )


def _version_of(change: Change) -> int | None:
    if isinstance(change, Tombstone):
        return change.version
    return layouts()[change.table].version_of(change.row)


def _is_newer(held: int | None, offered: int | None) -> bool:
    return held is not None and offered is not None and held > offered
