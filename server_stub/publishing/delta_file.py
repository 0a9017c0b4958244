"""The delta of a publication, and what its manifest goes on naming: pure choices, and one file.

Law: a delta is made where it is cheaper than the base; the base is renewed when the way from it has become long. What a
gate may still need stays: every delta since the base, and so many before it that a gate a little behind need not take
the base either. A history that went back (a restored backup) is told by a base, because an older row never overwrites a
newer one.

Source: docs/sync-protocol.md, "Deltas"; docs/adr/0014-deltas-between-bases.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from scanner.core.errors import InputError
from scanner.core.grants import SnapshotMark
from sync.delta import (
    DELTAS_MOST,
    FORMAT,
    Change,
    Header,
    Tombstone,
    digest_text,
    encode_delta,
    parse_digest,
    rows_limit,
    walk,
)
from sync.delta_rows import apply_changes, load_meta, save_meta
from sync.manifest import DeltaFile, Manifest, delta_target
from sync.row_layout import layouts

OVERDUE_FACTOR = 2
"""A base that nobody renews beside the publications is made by one of them when its way is so many times too long."""


@dataclass(frozen=True, slots=True)
class MadeDelta:
    """A delta that is to be published: its entry of the manifest, and its bytes."""

    entry: DeltaFile
    content: bytes


def few_changes(changes: Iterable[Change], base_rows: int) -> list[Change] | None:
    """The changes, unless a base is cheaper."""
    limit = rows_limit(base_rows)
    some = list(islice(changes, limit + 1))
    return some if len(some) <= limit else None


def goes_back(changes: Iterable[Change], before: sqlite3.Connection) -> bool:
    """True when a row is older than the one that gates hold."""
    return any(_is_older(change, before) for change in changes)


def _is_older(change: Change, before: sqlite3.Connection) -> bool:
    layout = layouts()[change.table]
    if layout.version is None or isinstance(change, Tombstone):
        return False
    held = before.execute(layout.select, layout.key_of(change.row)).fetchone()
    offered = layout.version_of(change.row)
    return held is not None and offered is not None and (layout.version_of(held) or 0) > offered


def move_mirror(mirror: sqlite3.Connection, changes: Sequence[Change], mark: SnapshotMark) -> None:
    """Bring the mirror to a publication, in its caller's transaction."""
    digest = apply_changes(mirror, changes, parse_digest(load_meta(mirror)["digest"]))
    (grants,) = mirror.execute("SELECT count(*) FROM access_grant").fetchone()
    save_meta(
        mirror,
        snapshot_seq=mark.seq,
        created_at=mark.created_at,
        grants=grants,
        digest=digest_text(digest),
    )


def make_delta(
    before: Manifest, after: sqlite3.Connection, changes: Sequence[Change]
) -> MadeDelta | None:
    """The delta from the publication before to the state of ``after``; None when it would be too long."""
    meta = load_meta(after)
    header = Header(
        format=FORMAT,
        site=meta["site"],
        from_seq=before.seq,
        to_seq=int(meta["snapshot_seq"]),
        created_at=int(meta["created_at"]),
        pepper_id=meta["pepper_id"],
        grants=int(meta["grants"]),
        rows=len(changes),
        digest=meta["digest"],
    )
    try:
        content = encode_delta(header, changes)
    except InputError:
        return None
    name = delta_target(header.site, header.from_seq, header.to_seq)
    return MadeDelta(DeltaFile(name, header.from_seq, header.to_seq, header.rows), content)


def needs_base(before: Manifest, delta: DeltaFile) -> bool:
    """True when the way from the base has become so long that the base is renewed."""
    return _is_long([*walk(before.deltas, before.base_seq), delta], before.base.rows)


def is_base_due(manifest: Manifest) -> bool:
    """True when the way to what is visible has."""
    return _is_long(list(walk(manifest.deltas, manifest.base_seq)), manifest.base.rows)


def is_overdue(before: Manifest, delta: DeltaFile) -> bool:
    """True when nobody has renewed the base although it was due for long: no delta before that is done."""
    way = [*walk(before.deltas, before.base_seq), delta]
    return _is_long(way, before.base.rows, OVERDUE_FACTOR)


def _is_long(way: Sequence[DeltaFile], base_rows: int, factor: int = 1) -> bool:
    rows = sum(one.rows for one in way)
    return len(way) > factor * DELTAS_MOST or rows > factor * rows_limit(base_rows)


def kept_deltas(deltas: Sequence[DeltaFile], base_seq: int, base_rows: int) -> list[DeltaFile]:
    """Of deltas that lead to the newest snapshot, those that somebody may still take."""
    kept: list[DeltaFile] = []
    rows = 0
    for entry in reversed(deltas):
        rows += entry.rows
        is_since_base = entry.from_seq >= base_seq
        if not is_since_base and (len(kept) >= DELTAS_MOST or rows > rows_limit(base_rows)):
            break
        kept.append(entry)
    return kept[::-1]
