"""The counts of changes that gates must hear of.

Law: whoever changes a row that reaches a snapshot, or takes facts that count, says so in the same transaction; the
publisher compares the count with that of the last publication, and who tells gates with what it told before, so a
change made by another process is not missed either.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from server_stub.tables import counter

RIGHTS = "rights"
FACTS_OF = "facts:"
"""Before a device's name: the count of its batches that hold facts for others."""


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


def note_facts_taken(connection: Connection, device: str) -> None:
    """One more batch of a device that others must hear of."""
    name = FACTS_OF + device
    found = connection.execute(
        update(counter).where(counter.c.name == name).values(value=counter.c.value + 1)
    )
    if not found.rowcount:
        connection.execute(insert(counter).values(name=name, value=1))


def load_facts_counts(connection: Connection) -> dict[str, int]:
    """How many such batches each device has sent."""
    rows = connection.execute(select(counter).where(counter.c.name.startswith(FACTS_OF)))
    return {row.name.removeprefix(FACTS_OF): row.value for row in rows}
