"""How long the central keeps what can be led back to a person: settable periods, in days.

Law: a period is checked before it is kept. Nothing here ends by itself: `server_stub.people.retention` does it.

Source: docs/privacy.md, "How long".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from sqlalchemy import Connection, select

from scanner.core.units import DAY_S, SECOND_MS
from server_stub.faults import FieldError
from server_stub.site import save_setting
from server_stub.store.tables import setting

DAY_MS = DAY_S * SECOND_MS
PREFIX = "retention_"
DAYS_MOST = 3_650


@dataclass(frozen=True, slots=True)
class Periods:
    """In days.

    ``facts_days``: scans that can be led to a right. ``drafts_days``: carts that nobody placed. ``letters_days``:
    letters in ``mail/`` that no mail program took.
    """

    facts_days: int = 90
    drafts_days: int = 30
    letters_days: int = 7


NAMES = tuple(field.name for field in fields(Periods))


def load_periods(connection: Connection) -> Periods:
    """The periods as they are set."""
    stored: Mapping[str, str] = dict(
        connection.execute(
            select(setting.c.name, setting.c.value).where(setting.c.name.startswith(PREFIX))
        ).all()
    )
    return Periods(**{n: int(stored[PREFIX + n]) for n in NAMES if PREFIX + n in stored})


def set_period(connection: Connection, name: str, days: int) -> None:
    """Keeps one period.

    Raises:
        InputError: ``period_unknown``, ``period_bad``.
    """
    if name not in NAMES:
        raise FieldError(
            "period_unknown",
            f"period {name[:40]!r} does not exist; nothing was changed",
            f"valid: {', '.join(NAMES)}",
            field="name",
            valid=NAMES,
        )
    if not 1 <= days <= DAYS_MOST:
        raise FieldError(
            "period_bad",
            f"period {name} = {days} is not 1 to {DAYS_MOST} days; nothing was changed",
            "facts_days is 90 unless set",
            field="days",
        )
    save_setting(connection, PREFIX + name, str(days))
