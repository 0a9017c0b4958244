"""How the rows of a base are laid out: columns, keys, versions, and the statements that touch one row.

Law: read once from SQLite's own view of `sync.snapshot.TABLES`, so that it cannot differ from them. ``meta`` is no row
of the site and has no layout here. A key may hold NULL (``seat_entry``), so keys are compared with IS.

Source: docs/sync-protocol.md, "Snapshot".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Any

from sync.snapshot import TABLES, schema_sql

Row = tuple[Any, ...]
"""Columns as SQLite takes and gives them."""

VERSION = "version"


@dataclass(frozen=True, slots=True)
class Layout:
    """One table. ``blobs`` and ``keys`` are places in ``columns``; ``version`` too, None where rows carry none."""

    table: str
    columns: tuple[str, ...]
    blobs: frozenset[int]
    numbers: frozenset[int]
    keys: tuple[int, ...]
    version: int | None

    def key_of(self, row: Row) -> Row:
        """What names a row."""
        return tuple(row[place] for place in self.keys)

    def version_of(self, row: Row) -> int | None:
        """How new a row is; None where a table has no versions."""
        return None if self.version is None else int(row[self.version])

    @property
    def select(self) -> str:
        """The row of a key."""
        return f"SELECT * FROM {self.table} WHERE {self._is_it}"  # noqa: S608 - our own names

    @property
    def insert(self) -> str:
        """A row that was not there."""
        marks = ", ".join("?" * len(self.columns))
        return f"INSERT INTO {self.table} VALUES ({marks})"  # noqa: S608 - our own names

    @property
    def delete(self) -> str:
        """The row of a key, away."""
        return f"DELETE FROM {self.table} WHERE {self._is_it}"  # noqa: S608 - our own names

    @property
    def _is_it(self) -> str:
        return " AND ".join(f"{self.columns[place]} IS ?" for place in self.keys)


@cache
def layouts() -> Mapping[str, Layout]:
    """The layout of each table of a site, in the order of `TABLES`."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in schema_sql():
            connection.execute(statement)
        return {table: _layout(connection, table) for table in TABLES if table != "meta"}


def _layout(connection: sqlite3.Connection, table: str) -> Layout:
    found = connection.execute(f"PRAGMA table_info({table})").fetchall()
    names = tuple(name for _place, name, *_rest in found)
    keyed = sorted((of_key, place) for place, *_rest, of_key in found if of_key)
    return Layout(
        table=table,
        columns=names,
        blobs=frozenset(place for place, _name, kind, *_rest in found if kind == "BLOB"),
        numbers=frozenset(place for place, _name, kind, *_rest in found if kind == "INTEGER"),
        keys=tuple(place for _of_key, place in keyed),
        version=names.index(VERSION) if VERSION in names else None,
    )
