"""The tags that a ticket type or a plan pins on its buyers.

Law: each function is part of its caller's transaction. A type that gets other tags keeps those of what was sold before
until their order or right changes: `server_stub.store.tag_rows` computes them. A plan never changes, nor do its tags.

Source: docs/membership-rules.md, "Tags".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, insert, select

from scanner.core.validity import Offset, parse_offset
from server_stub.api.forms import TagForm, parse_name
from server_stub.faults import FieldError
from server_stub.rules.tags import TagExpiry, TagRule
from server_stub.store.benefit_tables import plan_tag, type_tag


def save_type_tags(connection: Connection, type_no: int, forms: Iterable[TagForm]) -> None:
    """Gives a ticket type these tags and no others.

    Raises:
        InputError: ``tag_expiry_wrong``, ``name_bad``, ``offset_not_understood``.
    """
    _save(connection, type_tag, {"type_no": type_no}, forms)


def save_plan_tags(connection: Connection, plan_no: int, forms: Iterable[TagForm]) -> None:
    """Gives a new plan its tags.

    Raises:
        InputError: as `save_type_tags`.
    """
    _save(connection, plan_tag, {"plan_no": plan_no}, forms)


def load_type_tags(connection: Connection) -> dict[int, tuple[TagRule, ...]]:
    """Every type's tags, by its number."""
    found: dict[int, tuple[TagRule, ...]] = {}
    for row in connection.execute(select(type_tag).order_by(type_tag.c.tag)):
        found[row.type_no] = (*found.get(row.type_no, ()), _parse(row))
    return found


def load_plan_tags(connection: Connection, plan_no: int) -> tuple[TagRule, ...]:
    """The tags of one plan."""
    rows = connection.execute(
        select(plan_tag).where(plan_tag.c.plan_no == plan_no).order_by(plan_tag.c.tag)
    )
    return tuple(_parse(row) for row in rows)


def _save(
    connection: Connection, table: Table, owner: dict[str, int], forms: Iterable[TagForm]
) -> None:
    """All of an owner's tags are understood before the first is touched."""
    rules = {parse_name("tag", form.tag, "tags"): (form, _parse_expiry(form)) for form in forms}
    ((column, number),) = owner.items()
    connection.execute(delete(table).where(table.c[column] == number))
    for tag, (form, _expiry) in rules.items():
        connection.execute(
            insert(table).values(tag=tag, expiry=form.expiry, after=form.after, **owner)
        )


def _parse(row: Row[Any]) -> TagRule:
    expiry = TagExpiry(row.expiry) if row.after is None else parse_offset(row.after)
    return TagRule(row.tag, expiry)


def _parse_expiry(form: TagForm) -> TagExpiry | Offset:
    if form.after is None:
        return form.expiry
    if form.expiry is not TagExpiry.SOURCE:
        raise FieldError(
            "tag_expiry_wrong",
            f"tag {form.tag!r} ends {form.expiry.value!r} and after {form.after!r} at once; nothing was changed",
            "give `expiry` or `after` (30 days), not both",
            field="tags",
        )
    return parse_offset(form.after)
