"""A delta: what became of one snapshot's rows until a later one, as bytes and back. One codec for both ends.

Law: pure. Newline-delimited JSON in one zstd frame: a header, then revocations, then upserts and tombstones by tables.
A row is written in one way only, because its digest is taken over those bytes. What is too long, or not exactly this,
is an `InputError`; nothing of it is used.

Source: docs/sync-protocol.md, "Deltas".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import zstandard

from scanner.core.errors import InputError
from sync.row_layout import Layout, Row, layouts
from sync.snapshot import PART_BYTES

FORMAT = 1

DELTA_WIRE_BYTES = PART_BYTES
"""A compressed delta, at most."""
DELTA_BYTES = 32 * 1024 * 1024
"""A decompressed one, at most: a zip bomb stops here."""
WINDOW_BYTES = 8 * 1024 * 1024
COMPRESSION_LEVEL = 6

DELTAS_MOST = 20
"""A gate that is further behind takes the base."""
ROWS_MOST = 20_000
SHARE_MOST = 20
"""One row in so many (5 %): when more have changed, the base is cheaper."""
ROWS_ALWAYS = 1_000
"""So many rows are never too many: the base of a small site is not cheaper."""

DIGEST_BITS = 128
_MODULUS = 1 << DIGEST_BITS
_DIGEST_BYTES = DIGEST_BITS // 8
REVOKED = "revoked"
UPSERT, TOMBSTONE = "+", "-"
_ENCODER = msgspec.json.Encoder()


class Header(msgspec.Struct, frozen=True, rename={"from_seq": "from", "to_seq": "to"}):
    """The first line: between which snapshots, and what the rows add up to after it (`Digest`)."""

    format: int
    site: str
    from_seq: int
    to_seq: int
    created_at: int
    pepper_id: str
    grants: int
    rows: int
    digest: str


class Upsert(NamedTuple):
    """A row as it is now."""

    table: str
    row: Row


class Tombstone(NamedTuple):
    """A row that is no more; ``version`` is the one it had, None where the table has none."""

    table: str
    key: Row
    version: int | None


Change = Upsert | Tombstone


class Delta(NamedTuple):
    """A delta that was read."""

    header: Header
    changes: tuple[Change, ...]


def rows_limit(base_rows: int) -> int:
    """How many changed rows are still cheaper than a base with so many grants."""
    return min(ROWS_MOST, max(ROWS_ALWAYS, base_rows // SHARE_MOST))


# --- digests ------------------------------------------------------------------------------------


def row_digest(table: str, row: Row) -> int:
    """The first 16 bytes of SHA-256 over a row's upsert line, as a number."""
    return int.from_bytes(hashlib.sha256(encode_upsert(table, row)).digest()[:_DIGEST_BYTES])


def add_digests(digest: int, *more: int) -> int:
    """Rows in whatever order add up to the same."""
    return (digest + sum(more)) % _MODULUS


def digest_text(digest: int) -> str:
    """As it is written: 32 hex digits."""
    return f"{digest:0{_DIGEST_BYTES * 2}x}"


def parse_digest(text: str) -> int:
    """A digest as it was written.

    Raises:
        ValueError: it is none.
    """
    if len(text) != _DIGEST_BYTES * 2:
        raise ValueError("a digest has 32 hex digits")
    return int.from_bytes(bytes.fromhex(text))


# --- writing ------------------------------------------------------------------------------------


def encode_upsert(table: str, row: Row) -> bytes:
    """The line of a row, blobs as hex."""
    return _ENCODER.encode([UPSERT, table, _plain(row)])


def in_order(changes: Iterable[Change]) -> list[Change]:
    """Revocations first, then by table; within a table as they come."""
    places = {table: place for place, table in enumerate((REVOKED, *layouts()))}
    places[REVOKED] = 0
    return sorted(changes, key=lambda change: places[change.table])


def encode_delta(header: Header, changes: Iterable[Change]) -> bytes:
    """A delta as it travels.

    Raises:
        InputError: ``delta_too_long``.
    """
    lines = [_ENCODER.encode(header), *map(_encode_change, in_order(changes)), b""]
    text = b"\n".join(lines)
    content = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).compress(text)
    if len(text) > DELTA_BYTES or len(content) > DELTA_WIRE_BYTES:
        raise _too_long(len(text), DELTA_BYTES)
    return content


def _encode_change(change: Change) -> bytes:
    if isinstance(change, Upsert):
        return encode_upsert(change.table, change.row)
    return _ENCODER.encode([TOMBSTONE, change.table, _plain(change.key), change.version])


def _plain(row: Row) -> Row | list[int | str | None]:
    if bytes not in map(type, row):
        return row
    return [column.hex() if type(column) is bytes else column for column in row]


# --- reading ------------------------------------------------------------------------------------


def parse_delta(raw: bytes) -> Delta:
    """A delta as it came.

    Raises:
        InputError: ``delta_unreadable``, ``delta_too_long``.
    """
    lines = _decompressed(raw).split(b"\n")
    try:
        header = msgspec.json.decode(lines[0], type=Header)
        parse_digest(header.digest)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise _unreadable(f"its header: {error}") from error
    if header.format != FORMAT or lines[-1] or len(lines) != header.rows + 2:
        raise _unreadable(f"format {header.format}, {len(lines) - 2} of {header.rows} rows")
    return Delta(header, tuple(map(_parse_change, lines[1:-1])))


def _decompressed(raw: bytes) -> bytes:
    if len(raw) > DELTA_WIRE_BYTES:
        raise _too_long(len(raw), DELTA_WIRE_BYTES)
    reader = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES).stream_reader(raw)
    try:
        text = reader.read(DELTA_BYTES + 1)
    except zstandard.ZstdError as error:
        raise _unreadable(str(error)) from error
    if len(text) > DELTA_BYTES:
        raise _too_long(len(text), DELTA_BYTES)
    return text


def _parse_change(line: bytes) -> Change:
    try:
        kind, table, columns, *rest = msgspec.json.decode(line)
        layout = layouts()[table]
        if kind == UPSERT and not rest:
            return Upsert(table, _columns(layout, columns, range(len(layout.columns))))
        return Tombstone(
            table, _columns(layout, columns, layout.keys), _version(kind, rest, layout)
        )
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise _unreadable(f"a row: {error}") from error


def _version(kind: Any, rest: list[Any], layout: Layout) -> int | None:
    (version,) = rest
    is_one = version is None if layout.version is None else type(version) is int
    if kind != TOMBSTONE or not is_one:
        raise ValueError("neither an upsert nor a tombstone")
    return None if version is None else int(version)


def _columns(layout: Layout, columns: Any, places: Sequence[int]) -> Row:
    if not isinstance(columns, list) or len(columns) != len(places):
        raise ValueError(f"{layout.table} has {len(places)} columns here")
    return tuple(_column(layout, place, c) for place, c in zip(places, columns, strict=True))


def _column(layout: Layout, place: int, value: Any) -> int | str | bytes | None:
    if value is None:
        return None
    if place in layout.numbers:
        if type(value) is int and -(1 << 63) <= value < 1 << 63:
            return value
    elif isinstance(value, str):
        return bytes.fromhex(value) if place in layout.blobs else value
    raise ValueError(f"{layout.table}.{layout.columns[place]} holds something else")


def _unreadable(why: str) -> InputError:
    return InputError(
        "delta_unreadable",
        f"a delta cannot be read ({why[:200]}); nothing of it is used",
        "the base is fetched instead; if this stays, look at the central's publisher",
    )


def _too_long(found: int, limit: int) -> InputError:
    return InputError(
        "delta_too_long",
        f"a delta has {found} bytes or more, over {limit}; nothing of it is used",
        "the base is fetched instead; if this stays, look at the central's publisher",
    )


def walk(deltas: Sequence[Any], at_seq: int) -> Iterator[Any]:
    """Of entries with ``from_seq`` and ``to_seq``, those that lead on from a snapshot, in order."""
    by_start = {entry.from_seq: entry for entry in deltas}
    while (entry := by_start.get(at_seq)) is not None and entry.to_seq > at_seq:
        yield entry
        at_seq = entry.to_seq
