"""Long lists, a page at a time.

Law: a cursor says after which row the next page begins, by the values it is sorted by; so a row that comes or goes
meanwhile is neither shown twice nor makes another one vanish. A cursor is for the list that gave it, and no secret.

Source: docs/central.md, "Lists".
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, or_

from server_stub.faults import FieldError

Record = dict[str, Any]
LIMIT = 100
LIMIT_MOST = 1_000
CURSOR_CHARACTERS_MOST = 2_000
NUMBER_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Sorted:
    """One column that a list is sorted by; it is never null."""

    column: ColumnElement[Any]
    kind: type[int | str] = int
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: its rows, and the columns whose values together are one row's alone."""

    rows: Select[Any]
    by: tuple[Sorted, ...]


class Page(msgspec.Struct, frozen=True):
    """Some rows of a list. ``next``: the cursor of the page that follows; null = this is the last one."""

    items: list[Record]
    next: str | None


def load_page(
    connection: Connection, listing: Listing, limit: int = LIMIT, cursor: str | None = None
) -> Page:
    """The rows after a cursor.

    Raises:
        InputError: ``cursor_wrong``.
    """
    rows = listing.rows.order_by(
        *(one.column.desc() if one.descending else one.column.asc() for one in listing.by)
    )
    if cursor is not None:
        rows = rows.where(_after(listing, _parse_cursor(listing, cursor)))
    extra = [one.column.label(f"_sorted_{i}") for i, one in enumerate(listing.by)]
    found = connection.execute(rows.add_columns(*extra).limit(limit + 1)).mappings().all()
    items = [
        {name: value for name, value in row.items() if not name.startswith("_sorted_")}
        for row in found[:limit]
    ]
    more = len(found) > limit
    return Page(items, _encode_cursor(listing, found[limit - 1]) if more else None)


def _after(listing: Listing, values: list[Any]) -> ColumnElement[bool]:
    """Further down the list than a row with these values."""
    steps = []
    for depth, one in enumerate(listing.by):
        same = [
            above.column == value
            for above, value in zip(listing.by[:depth], values[:depth], strict=True)
        ]
        beyond = one.column < values[depth] if one.descending else one.column > values[depth]
        steps.append(and_(*same, beyond))
    return or_(*steps)


def _encode_cursor(listing: Listing, row: Any) -> str:
    values = [row[f"_sorted_{number}"] for number in range(len(listing.by))]
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def _parse_cursor(listing: Listing, cursor: str) -> list[Any]:
    try:
        if len(cursor) > CURSOR_CHARACTERS_MOST:
            raise ValueError  # noqa: TRY301 - all that can be wrong with it is answered below
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        values = msgspec.json.decode(raw, type=list[int | str])
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise _cursor_wrong() from error
    if len(values) != len(listing.by):
        raise _cursor_wrong()
    for value, one in zip(values, listing.by, strict=True):
        if type(value) is not one.kind or not _fits(value):
            raise _cursor_wrong()
    return values


def _fits(value: int | str) -> bool:
    return "\0" not in value if isinstance(value, str) else abs(value) <= NUMBER_MOST


def _cursor_wrong() -> FieldError:
    return FieldError(
        "cursor_wrong",
        "this cursor is not one of this list's",
        "leave it out to begin at the top, then send back `next` as it came",
        field="cursor",
    )
