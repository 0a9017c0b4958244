"""Where in the database a person is: every row that can be reached from a customer, and what in it tells who it was.

Law: rows are found by the foreign keys that lead to the customer, so a table that is added
later is found by itself; and every text of such a table stands in `PERSONAL` or in `NEUTRAL` below, which a test holds,
so that nobody adds a place for a name that an erasure does not know.

Source: docs/privacy.md, "Erasure".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, Text, or_, select

from server_stub.store.all_tables import METADATA
from server_stub.store.benefit_tables import customer_login
from server_stub.store.tables import (
    access_grant,
    credential,
    credential_grant,
    credential_key,
    customer,
    fact,
)

Rows = dict[Table, list[Any]]

FORGOTTEN = (
    "customer_session",
    "customer_attribute",
    "tag_assignment",
    "waiting",
    "customer_login",
)
"""Tables whose rows of a person go as a whole."""

PERSONAL: Mapping[str, frozenset[str]] = {
    "customer": frozenset({"email"}),
    "ticket": frozenset({"holder", "seat"}),
    "access_grant": frozenset({"seat"}),
    "credential": frozenset({"claims"}),
    "subscription": frozenset({"method"}),
    "charge": frozenset({"method"}),
    "order_charge": frozenset({"method"}),
    "till_payment": frozenset({"reference"}),
    "season_seat": frozenset({"method"}),
}
"""Texts that tell who it was, where somebody lives, or how to reach them; and what a code states."""

NEUTRAL: Mapping[str, frozenset[str]] = {
    "credential": frozenset({"kind", "kid", "state"}),
    "customer": frozenset({"customer_id"}),
    "credential_key": frozenset({"pepper_id"}),
    "customer_order": frozenset(
        {"order_id", "customer_id", "state", "channel", "shop", "agreed", "paid_by"}
    ),
    "access_grant": frozenset({"zones", "first_scan", "deny_reason", "flags"}),
    "subscription": frozenset({"subscription_id", "customer_id", "provider", "state"}),
    "ticket": frozenset(
        {"ticket_id", "order_id", "starts_on", "deny_reason", "flags", "code_kind", "renews"}
    ),
    "charge": frozenset({"key", "subscription_id", "purpose", "provider", "currency", "answer"}),
    "order_charge": frozenset({"key", "order_id", "currency", "answer"}),
    "subscription_notice": frozenset({"key", "subscription_id", "kind"}),
    "till_payment": frozenset({"subscription_id", "means", "currency"}),
    "paid_cycle": frozenset({"subscription_id", "charge_key"}),
    "till_charge": frozenset({"key", "currency"}),
    "season_seat": frozenset({"seat", "state", "customer_id", "ticket_id"}),
    "event_seat": frozenset({"seat", "ticket_id", "released_by"}),
    "seat_ticket": frozenset({"ticket_id", "seat", "card_ticket_id"}),
    "seat_right": frozenset({"ticket_id", "state", "seat", "flags", "offered_to", "to_ticket_id"}),
    "grant_event": frozenset({"seat", "deny_reason", "flags"}),
    "seat_credit": frozenset({"ticket_id", "currency"}),
    "seat_upgrade": frozenset({"ticket_id", "currency", "paid_by"}),
    "campaign_member": frozenset(
        {"seat", "ticket_id", "customer_id", "choice", "link", "new_ticket_id"}
    ),
}
"""Texts that tell what was bought, when and how, under random numbers that lead to nobody."""


def load_rows(connection: Connection, customer_id: str) -> Rows:
    """Every row that leads to a customer: what was bought, the rights it gave, the codes that open for them."""
    person = _all(connection, customer, customer.c.customer_id, [customer_id])
    found = _reached(connection, {customer: person})
    grants = _values_to(found, access_grant)
    found[access_grant] = _all(connection, access_grant, access_grant.c.grant_no, grants)
    for table, rows in _reached(connection, {access_grant: found[access_grant]}).items():
        kept = found.setdefault(table, [])
        kept += [row for row in rows if row not in kept]
    numbers = [row.credential_no for row in found.get(credential_grant, ())]
    for table in (credential, credential_key):
        found[table] = _all(connection, table, table.c.credential_no, numbers)
    emails = [row.email for row in found[customer] if row.email is not None]
    found[customer_login] = _all(connection, customer_login, customer_login.c.email, emails)
    return {table: rows for table, rows in found.items() if rows}


def load_facts(connection: Connection, rows: Rows) -> list[Any]:
    """What gates recorded about these rights, or about their codes before they knew the rights."""
    grants = [row.grant_no for row in rows.get(access_grant, ())]
    keys = [row.key.hex() for row in rows.get(credential_key, ())]
    mine = or_(fact.c.grant_no.in_(grants), fact.c.key.in_(keys))
    return list(connection.execute(select(fact).where(mine).order_by(fact.c.at)))


def personal_tables() -> list[Table]:
    """Every table that may hold a row about a person."""
    reached = {customer, access_grant, credential, customer_login}
    for table in METADATA.sorted_tables:
        if any(key.column.table in reached for key in table.foreign_keys):
            reached.add(table)
    return [table for table in METADATA.sorted_tables if table in reached]


def texts_of(table: Table) -> list[str]:
    """The columns of a table that hold text."""
    return [column.name for column in table.columns if isinstance(column.type, Text)]


def _reached(connection: Connection, found: Rows) -> Rows:
    """What leads to these rows, from parent to child: `sorted_tables` names parents first."""
    for table in METADATA.sorted_tables:
        if table in found:
            continue
        ways = [
            key.parent.in_([getattr(row, key.column.name) for row in found[key.column.table]])
            for key in table.foreign_keys
            if found.get(key.column.table)
        ]
        if ways:
            found[table] = list(connection.execute(select(table).where(or_(*ways))))
    return found


def _values_to(found: Rows, target: Table) -> list[Any]:
    """What the rows say in the columns that point to another table."""
    return [
        value
        for table, rows in found.items()
        for key in table.foreign_keys
        if key.column.table is target
        for row in rows
        if (value := getattr(row, key.parent.name)) is not None
    ]


def _all(connection: Connection, table: Table, column: Any, values: list[Any]) -> list[Any]:
    return list(connection.execute(select(table).where(column.in_(values))))
