"""Everything the central holds about one person, as a document for that person.

Law: read-only. Every row that leads to the customer is in it; only what would be a key in somebody else's hand is left
out, and named in ``withheld``. Instants are local times of the site.

Source: docs/privacy.md, "Export"; GDPR, articles 15 and 20.
"""

from __future__ import annotations

from email import message_from_bytes
from typing import Any

import msgspec
from sqlalchemy import LargeBinary, Table, select

from scanner.core.calendar import SiteCalendar
from scanner.core.units import Instant
from server_stub.central import Central
from server_stub.selling.customers import find_person
from server_stub.site import load_site
from server_stub.store.person_rows import load_facts, load_rows
from server_stub.store.tables import gate

INSTANTS = ("_at", "_from", "_until")
SCAN_COLUMNS = ("at", "kind", "movement", "persons", "charged", "outcome", "reason", "grant_no")

Record = dict[str, Any]


class PersonExport(msgspec.Struct, frozen=True, kw_only=True):
    """All of it: ``held`` by table, ``scans`` at the gates, the subjects of ``letters`` not sent yet."""

    customer_id: str
    site: str
    exported_at: str
    held: dict[str, list[Record]]
    scans: list[Record]
    letters: list[str]
    withheld: list[str]


def export_person(central: Central, who: str) -> PersonExport:
    """Everything about a customer.

    Args:
        central: whose database.
        who: an e-mail address or a customer's id.

    Raises:
        InputError: ``customer_unknown``, ``email_bad``.
    """
    with central.database.read() as connection:
        person, site = find_person(connection, who), load_site(connection)
        rows = load_rows(connection, person.customer_id)
        gates = dict(connection.execute(select(gate.c.gate_no, gate.c.name)).all())
        scans = [
            {"gate": gates.get(row.gate_no)}
            | {name: _told(name, getattr(row, name), site.calendar) for name in SCAN_COLUMNS}
            for row in load_facts(connection, rows)
        ]
    return PersonExport(
        customer_id=person.customer_id,
        site=site.name,
        exported_at=_local(central.clock.now_ms(), site.calendar),
        held={
            table.name: [_record(table, row, site.calendar) for row in found]
            for table, found in rows.items()
            if table.name != "credential_key"
        },
        scans=scans,
        letters=[
            str(message_from_bytes(path.read_bytes())["Subject"])
            for path in letters_to(central, person.email)
        ],
        withheld=sorted(f"{table.name}.{name}" for table in rows for name in _secret(table)),
    )


def letters_to(central: Central, email: str | None) -> list[Any]:
    """Letters to an address that no mail program has taken yet."""
    if email is None or not central.folder.mail.is_dir():
        return []
    wanted = f"To: {email}".encode()
    return [
        path
        for path in sorted(central.folder.mail.iterdir())
        if wanted in path.read_bytes().splitlines()
    ]


def _record(table: Table, row: Any, calendar: SiteCalendar) -> Record:
    withheld = _secret(table)
    return {
        name: _told(name, value, calendar)
        for name, value in row._asdict().items()
        if name not in withheld
    }


def _secret(table: Table) -> list[str]:
    """Hashes and sealed codes: whoever reads them could try to make a key of them."""
    return [column.name for column in table.columns if isinstance(column.type, LargeBinary)]


def _told(name: str, value: Any, calendar: SiteCalendar) -> Any:
    if isinstance(value, int) and (name == "at" or name.endswith(INSTANTS)):
        return _local(Instant(value), calendar)
    return value


def _local(at: Instant, calendar: SiteCalendar) -> str:
    return calendar.wall(at).isoformat(timespec="seconds")
