"""The tags that a ticket type pins on its buyers.

Law: each function is part of its caller's transaction. A type that gets other tags keeps those of what was sold before
until their order or right changes: `server_stub.tag_rows` computes them.

Source: docs/membership-rules.md, "Tags".
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from scanner.core.validity import Offset, parse_offset
from server_stub.benefit_tables import type_tag
from server_stub.faults import FieldError
from server_stub.forms import TagForm, parse_name
from server_stub.rules.tags import TagExpiry, TagRule


def save_type_tags(connection: Connection, type_no: int, forms: Iterable[TagForm]) -> None:
    """Gives a ticket type these tags and no others.

    Raises:
        InputError: ``tag_expiry_wrong``, ``name_bad``, ``offset_not_understood``.
    """
    rules = {parse_name("tag", form.tag): (form, _parse_expiry(form)) for form in forms}
    connection.execute(delete(type_tag).where(type_tag.c.type_no == type_no))
    for tag, (form, _expiry) in rules.items():
        connection.execute(
            insert(type_tag).values(type_no=type_no, tag=tag, expiry=form.expiry, after=form.after)
        )


def load_type_tags(connection: Connection) -> dict[int, tuple[TagRule, ...]]:
    """Every type's tags, by its number."""
    found: dict[int, tuple[TagRule, ...]] = {}
    for row in connection.execute(select(type_tag).order_by(type_tag.c.tag)):
        expiry = TagExpiry(row.expiry) if row.after is None else parse_offset(row.after)
        rule = TagRule(row.tag, expiry)
        found[row.type_no] = (*found.get(row.type_no, ()), rule)
    return found


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
