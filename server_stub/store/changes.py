"""The counts of changes that gates must hear of.

Law: whoever changes a row that reaches a snapshot, or takes facts that count, says so in the same transaction; the
publisher compares the count with that of the last publication, and who tells gates with what it told before, so a
change made by another process is not missed either. Who knows which rights were touched says that too, and a
publication looks at those only; after a change of which that is not known, everything is compared.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select, update

from server_stub.store.tables import counter, right_change

RIGHTS = "rights"
FACTS_OF = "facts:"
"""Before a device's name: the count of its batches that hold facts for others."""


NO_GRANT = 0
"""A change that touched small tables only; grants are numbered from 1."""


def note_rights_changed(connection: Connection, grants: Iterable[int] | None = None) -> None:
    """One more change of what a base holds.

    Args:
        connection: the caller's transaction.
        grants: the rights whose rows were added or changed, and whose codes were; empty = only what is of the whole
            site (types, events, policies ...); None = not known, or a row is gone.
    """
    connection.execute(
        update(counter).where(counter.c.name == RIGHTS).values(value=counter.c.value + 1)
    )
    if grants is not None:
        change_no = load_rights_count(connection)
        numbers = set(grants) or {NO_GRANT}
        connection.execute(
            insert(right_change),
            [{"change_no": change_no, "grant_no": number} for number in sorted(numbers)],
        )


def load_changed_grants(connection: Connection, above: int, most: int) -> set[int] | None:
    """The rights that were touched by every change after a count; None = not known of all, or too many."""
    rows = connection.execute(
        select(right_change.c.change_no, right_change.c.grant_no)
        .where(right_change.c.change_no > above)
        .limit(most + 1)
    ).all()
    told = {row.change_no for row in rows}
    if len(rows) > most or len(told) != load_rights_count(connection) - above:
        return None
    return {row.grant_no for row in rows} - {NO_GRANT}


def forget_changed_grants(connection: Connection, until: int) -> None:
    """A publication holds them now."""
    connection.execute(delete(right_change).where(right_change.c.change_no <= until))


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
