"""The kinds of columns that the central's tables are made of.

Law: nothing that only SQLite understands. Instants are ms, booleans 0/1.

Source: docs/central.md, "Tables".
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NUMBER = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite counts up by itself only in a column of exactly the type INTEGER."""


def counted(name: str) -> Column[int]:
    """A number that counts up and is never used twice."""
    return Column(name, NUMBER, primary_key=True, autoincrement=True)


def table(name: str, *parts: Column[Any] | Index) -> Table:
    """A table; a first column that counts up does so without reuse on SQLite, too."""
    counts_up = isinstance(parts[0], Column) and parts[0].autoincrement is True
    return Table(name, METADATA, *parts, sqlite_autoincrement=counts_up)


def instant(name: str, *, nullable: bool = False) -> Column[int]:
    """Milliseconds since 1970."""
    return Column(name, BigInteger, nullable=nullable)


def text(name: str, *, nullable: bool = False, unique: bool = False) -> Column[str]:
    """Text."""
    return Column(name, Text, nullable=nullable, unique=unique)


def whole(name: str, *, nullable: bool = False) -> Column[int]:
    """A whole number."""
    return Column(name, BigInteger, nullable=nullable)


def flag(name: str) -> Column[int]:
    """0 or 1."""
    return Column(name, SmallInteger, nullable=False)


def ref(name: str, target: str, *, nullable: bool = False, primary: bool = False) -> Column[int]:
    """A number of another table."""
    return Column(name, NUMBER, ForeignKey(target), nullable=nullable, primary_key=primary)


def ref_text(name: str, target: str, *, nullable: bool = False) -> Column[str]:
    """A text key of another table."""
    return Column(name, Text, ForeignKey(target), nullable=nullable)
