"""A person is forgotten: who it was goes, what was paid and counted stays, and leads to nobody.

Law: one transaction, then the files are written anew, so that no name is left in a free page or a log. Rights go from
the next snapshot; their codes stay revoked by their hash and are never given out again, because a signed ticket in a
drawer must not open a gate that has forgotten it. Facts stay, and count: what they name leads nowhere any more. Nobody
is erased while a subscription of theirs runs; a seat of theirs is for sale again. Again is not an error.

Source: docs/privacy.md, "Erasure"; GDPR, article 17.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, update

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.central import Central
from server_stub.people.person_export import letters_to
from server_stub.rules.orders import OrderState, may_become
from server_stub.rules.subscription import SubscriptionState
from server_stub.seating.seat_transfers import give_up_seats
from server_stub.selling.codes import REVOKED
from server_stub.selling.customers import find_person
from server_stub.selling.simulated_card import forget_cards
from server_stub.store.all_tables import METADATA
from server_stub.store.benefit_tables import customer_login
from server_stub.store.changes import note_rights_changed
from server_stub.store.person_rows import FORGOTTEN, PERSONAL, Rows, load_facts, load_rows
from server_stub.store.retention_tables import kept_tally
from server_stub.store.season_tables import season_seat
from server_stub.store.subscription_tables import subscription
from server_stub.store.tables import (
    access_grant,
    credential,
    credential_grant,
    credential_key,
    customer,
    customer_order,
    ticket,
)

OVER = (SubscriptionState.EXPIRED, SubscriptionState.ENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure did. ``facts`` stay counted; ``orders`` stay for the accounts, without the person.

    ``is_scrubbed``: the database's files were written anew; False = a reader stood in the way, run it again.
    """

    customer_id: str
    rights: int
    codes: int
    orders: int
    facts: int
    letters: int
    is_scrubbed: bool


def erase_person(central: Central, who: str) -> Erased:
    """Forgets a customer.

    Args:
        central: whose database.
        who: an e-mail address or a customer's id.

    Raises:
        InputError: ``customer_unknown``, ``email_bad``, ``customer_subscribed``; nothing was changed.
    """
    with central.database.write() as connection:
        person = find_person(connection, who)
        rows = load_rows(connection, person.customer_id)
        _require_no_subscription(rows)
        facts = len(load_facts(connection, rows))
        now = central.clock.now_ms()
        codes = _forget(connection, person.customer_id, rows, now)
    letters = letters_to(central, person.email)
    for path in letters:
        path.unlink(missing_ok=True)
    return Erased(
        customer_id=person.customer_id,
        rights=len(rows.get(access_grant, ())),
        codes=codes,
        orders=len(rows.get(customer_order, ())),
        facts=facts,
        letters=len(letters),
        is_scrubbed=central.database.scrub(),
    )


def _require_no_subscription(rows: Rows) -> None:
    running = [row for row in rows.get(subscription, ()) if row.state not in OVER]
    if running:
        raise InputError(
            "customer_subscribed",
            f"subscription {running[0].subscription_id!r} is {running[0].state}; nobody was erased",
            "end it first with `subscription end`; one that was never paid expires by itself",
        )


def _forget(connection: Connection, customer_id: str, rows: Rows, now: Instant) -> int:
    """Everything, in an order that leaves no key without its row; gives how many codes were ended."""
    _close_orders(connection, rows, now)
    give_up_seats(connection, customer_id, [row.ticket_id for row in rows.get(ticket, ())], now)
    codes = _end_codes(connection, rows, now)
    forget_cards(connection, _cards(rows))
    for table in METADATA.sorted_tables:
        if table.name in FORGOTTEN and table is not customer_login:
            connection.execute(delete(table).where(table.c.customer_id == customer_id))
    emails = [row.email for row in rows[customer]]
    connection.execute(delete(customer_login).where(customer_login.c.email.in_(emails)))
    _cut_rights(connection, rows)
    for table, found in rows.items():
        names = PERSONAL.get(table.name, frozenset()) - {"claims"}
        if names and table not in {access_grant, season_seat}:
            _blank(connection, table, found, names)
    connection.execute(
        update(customer)
        .where(customer.c.customer_id == customer_id)
        .values(erased_at=func.coalesce(customer.c.erased_at, now))
    )
    note_rights_changed(connection)
    return codes


def _close_orders(connection: Connection, rows: Rows, now: Instant) -> None:
    """What was never paid is cancelled; what was paid stands in the books."""
    is_open = [
        row.order_id
        for row in rows.get(customer_order, ())
        if row.state in {OrderState.DRAFT, OrderState.PENDING}
        and may_become(OrderState(row.state), OrderState.CANCELLED)
    ]
    connection.execute(
        update(customer_order)
        .where(customer_order.c.order_id.in_(is_open))
        .values(state=OrderState.CANCELLED, closed_at=now)
    )


def _end_codes(connection: Connection, rows: Rows, now: Instant) -> int:
    """Revokes those that open for nobody else; of a code only its hash and random id stay, so that it stays revoked."""
    grants = [row.grant_no for row in rows.get(access_grant, ())]
    elsewhere = select(credential_grant.c.credential_no).where(
        credential_grant.c.grant_no.not_in(grants)
    )
    numbers = [row.credential_no for row in rows.get(credential, ())]
    return connection.execute(
        update(credential)
        .where(
            credential.c.credential_no.in_(numbers), credential.c.credential_no.not_in(elsewhere)
        )
        .values(
            state=REVOKED,
            revoked_at=func.coalesce(credential.c.revoked_at, now),
            claims=None,
            sealed_code=None,
        )
    ).rowcount


def _cards(rows: Rows) -> list[str]:
    """What the card company calls the cards of a person, wherever one was kept."""
    return [
        row.method
        for table, found in rows.items()
        if "method" in table.columns
        for row in found
        if row.method is not None
    ]


def _cut_rights(connection: Connection, rows: Rows) -> None:
    """Takes rights away, and what points to them: a column that may be empty is emptied, another's row goes."""
    grants = [row.grant_no for row in rows.get(access_grant, ())]
    for table in reversed(METADATA.sorted_tables):
        for key in table.foreign_keys:
            if key.column is not access_grant.c.grant_no:
                continue
            column = key.parent
            which = column.in_(grants)
            if column.nullable:
                connection.execute(update(table).where(which).values({column.name: None}))
            else:
                connection.execute(delete(table).where(which))
    connection.execute(delete(access_grant).where(access_grant.c.grant_no.in_(grants)))
    keys = [row.key.hex() for row in rows.get(credential_key, ())]
    for column, values in ((kept_tally.c.grant_no, grants), (kept_tally.c.key, keys)):
        connection.execute(delete(kept_tally).where(column.in_(values)))


def _blank(connection: Connection, table: Table, found: list[Any], names: frozenset[str]) -> None:
    """Empties texts: null where a column may be, else an empty text."""
    (key,) = table.primary_key.columns
    connection.execute(
        update(table)
        .where(key.in_([getattr(row, key.name) for row in found]))
        .values({name: None if table.columns[name].nullable else "" for name in names})
    )
