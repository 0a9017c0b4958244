"""What differs between two bases, row by row.

Law: read-only, by the keys of each table, whatever order rows were written in. ``meta`` is not compared.

Source: docs/sync-protocol.md, "Deltas".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path
from urllib.parse import quote

from sync.delta import Change, Tombstone, Upsert
from sync.row_layout import Layout, layouts


def differences(before: Path, after: Path) -> Iterator[Change]:
    """The changes that make the second base of the first.

    Raises:
        sqlite3.Error: one of them cannot be read.
    """
    with closing(sqlite3.connect(_read_only(after), uri=True)) as connection:
        connection.execute("ATTACH ? AS before", (_read_only(before),))
        for layout in layouts().values():
            yield from chain(_written(connection, layout), _gone(connection, layout))


def _read_only(path: Path) -> str:
    return f"file:{quote(str(path.absolute()))}?mode=ro"


def _written(connection: sqlite3.Connection, layout: Layout) -> Iterator[Change]:
    differs = " OR ".join(f"a.{name} IS NOT b.{name}" for name in layout.columns)
    found = connection.execute(_joined("a.*", layout, ("main", "a"), ("before", "b"), differs))
    for row in found:
        yield Upsert(layout.table, row)


def _gone(connection: sqlite3.Connection, layout: Layout) -> Iterator[Change]:
    lacking = f"a.{_first(layout)} IS NULL"
    for row in connection.execute(_joined("b.*", layout, ("before", "b"), ("main", "a"), lacking)):
        yield Tombstone(layout.table, layout.key_of(row), layout.version_of(row))


def _joined(
    what: str, layout: Layout, one: tuple[str, str], other: tuple[str, str], where: str
) -> str:
    is_same = " AND ".join(
        f"a.{name} IS b.{name}" for name in (layout.columns[place] for place in layout.keys)
    )
    return (
        f"SELECT {what} FROM {one[0]}.{layout.table} AS {one[1]}"  # noqa: S608 - our own names
        f" LEFT JOIN {other[0]}.{layout.table} AS {other[1]} ON {is_same} WHERE {where}"
    )


def _first(layout: Layout) -> str:
    """The first column of a key is never NULL."""
    return layout.columns[layout.keys[0]]
