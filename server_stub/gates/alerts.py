"""What a person has to look at.

Law: part of its caller's transaction. An alert names devices and rows, never a code or a person.

Source: docs/central.md, "Alerts".
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, update

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.store.tables import alert


def raise_alert(
    connection: Connection, code: str, note: str, at: Instant, device: str | None = None
) -> None:
    """Keeps an alert until somebody resolves it."""
    connection.execute(insert(alert).values(at=at, code=code, device=device, note=note))


def resolve_alert(connection: Connection, number: int, at: Instant) -> None:
    """A person has looked.

    Raises:
        InputError: ``alert_unknown``.
    """
    changed = connection.execute(
        update(alert)
        .where(alert.c.alert_no == number, alert.c.resolved_at.is_(None))
        .values(resolved_at=at)
    )
    if not changed.rowcount:
        raise InputError(
            "alert_unknown",
            f"there is no open alert {number}",
            "see `portillon-central alert list`",
        )
