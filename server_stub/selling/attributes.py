"""Attributes, such as ``genre: opera``: names with a value each, of a customer or of an event.

Law: part of its caller's transaction. A name is there once.

Source: docs/central.md, "Benefits".
"""

from __future__ import annotations

from sqlalchemy import Connection, Table, delete, insert

from server_stub.api.forms import parse_name


def write_attribute(
    connection: Connection, table: Table, owner: tuple[str, int | str], name: str, value: str | None
) -> None:
    """Notes an attribute; None takes it away.

    Args:
        connection: the caller's transaction.
        table: with the columns ``name`` and ``value``.
        owner: the column that says whose it is, and what stands there.
        name: of the attribute.
        value: what is to stand under it.

    Raises:
        InputError: ``name_bad``.
    """
    column, whose = owner
    name = parse_name("attribute", name)
    connection.execute(delete(table).where(table.c[column] == whose, table.c.name == name))
    if value is not None:
        told = parse_name("value", value, "value")
        connection.execute(insert(table).values({column: whose, "name": name, "value": told}))
