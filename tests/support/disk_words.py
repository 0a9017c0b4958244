"""All that can be read off a disk without a key: files byte by byte, columns value by value, packed parts unpacked."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import zstandard

SQLITE = b"SQLite format 3\x00"
ZSTD = b"\x28\xb5\x2f\xfd"
UNPACKED_BYTES = 1 << 24


class Piece(NamedTuple):
    """Something that stands on the disk, and where."""

    where: str
    content: bytes


def pieces_of(folder: Path) -> Iterator[Piece]:
    """Every piece below a folder; a packed one as it lies there and unpacked."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            yield from _with_unpacked(Piece(str(path.relative_to(folder)), content))
            if content.startswith(SQLITE):
                yield from _columns(path)


def _columns(path: Path) -> Iterator[Piece]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for table in names:
            rows = connection.execute(f'SELECT * FROM "{table}"')
            columns = [column[0] for column in rows.description]
            for row in rows:
                for column, value in zip(columns, row, strict=True):
                    content = value if isinstance(value, bytes) else str(value).encode()
                    yield from _with_unpacked(Piece(f"{path.name}: {table}.{column}", content))


def _with_unpacked(piece: Piece) -> Iterator[Piece]:
    yield piece
    if piece.content.startswith(ZSTD):
        unpacked = zstandard.ZstdDecompressor().decompressobj().decompress(piece.content)
        yield Piece(f"{piece.where} (unpacked)", unpacked)
    elif piece.content.startswith(b"x"):
        try:
            unpacked = zlib.decompressobj().decompress(piece.content, UNPACKED_BYTES)
        except zlib.error:
            return
        yield Piece(f"{piece.where} (unpacked)", unpacked)
