"""The count of changes that gates must hear of.

Law: whoever changes a row that reaches a snapshot says so in the same transaction; the publisher compares the count
with that of the last publication, so a change made by another process is not missed either.
"""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from server_stub.tables import counter

RIGHTS = "rights"


def note_rights_changed(connection: Connection) -> None:
    """One more change of what a base holds."""
    connection.execute(
        update(counter).where(counter.c.name == RIGHTS).values(value=counter.c.value + 1)
    )


def load_rights_count(connection: Connection) -> int:
    """How many changes there have been."""
    count: int = connection.execute(
        select(counter.c.value).where(counter.c.name == RIGHTS)
    ).scalar_one()
    return count
