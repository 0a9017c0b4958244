"""Customers: everything about one that a condition may ask for, as of now.

Law: each function is part of its caller's transaction. What was refunded, cancelled or denied is not held; of a ticket
whose term starts with its first scan the central knows the term once that scan has arrived. Attributes
are what staff noted; nothing of a customer ever reaches a gate.

Source: docs/membership-rules.md, "Segments"; docs/central.md, "Customers".
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.rules.segments import Customer, HeldRight, RightKind
from server_stub.selling.attributes import write_attribute
from server_stub.selling.orders import parse_email
from server_stub.store.benefit_tables import customer_attribute
from server_stub.store.season_tables import season
from server_stub.store.tables import access_grant, customer, customer_order, ticket, ticket_type
from server_stub.store.tag_rows import load_assignments
from server_stub.subscribing.plan_rights import load_held_plans


def load_customer(connection: Connection, customer_id: str, now: Instant) -> Customer:
    """What rules may ask of a customer at ``now``."""
    return Customer(
        assignments=load_assignments(connection, customer_id),
        rights=(
            *_load_rights(connection, customer_id),
            *_load_seasons(connection, customer_id),
            *load_held_plans(connection, customer_id, now),
        ),
        attributes=dict(
            connection.execute(
                select(customer_attribute.c.name, customer_attribute.c.value).where(
                    customer_attribute.c.customer_id == customer_id
                )
            ).all()
        ),
    )


def find_customer(connection: Connection, email: str) -> Row[Any]:
    """The customer with an e-mail address.

    Raises:
        InputError: ``email_bad``, ``customer_unknown``.
    """
    row = connection.execute(select(customer).where(customer.c.email == parse_email(email))).first()
    if row is None:
        raise _unknown("there is no customer with this e-mail address")
    return row


def find_person(connection: Connection, who: str) -> Row[Any]:
    """The customer with an e-mail address or an id.

    Raises:
        InputError: ``customer_unknown``, ``email_bad``.
    """
    if "@" in who:
        return find_customer(connection, who)
    row = connection.execute(select(customer).where(customer.c.customer_id == who)).first()
    if row is None:
        raise _unknown(f"there is no customer {who[:40]!r}")
    return row


def _unknown(why: str) -> InputError:
    return InputError(
        "customer_unknown",
        why,
        "one is made by the first order or sign-in; see `customer list`",
    )


def set_attribute(connection: Connection, customer_id: str, name: str, value: str | None) -> None:
    """Notes an attribute of a customer; None takes it away.

    Raises:
        InputError: ``name_bad``.
    """
    write_attribute(connection, customer_attribute, ("customer_id", customer_id), name, value)


def _load_rights(connection: Connection, customer_id: str) -> tuple[HeldRight, ...]:
    return _held(connection, RightKind.TICKET_TYPE, _tickets_of(customer_id))


def _load_seasons(connection: Connection, customer_id: str) -> tuple[HeldRight, ...]:
    """A season is held by whoever has its card; a ticket for one match is none."""
    cards = _tickets_of(customer_id).join(season, season.c.card_type_no == ticket_type.c.type_no)
    return _held(connection, RightKind.SEASON, cards.with_only_columns(season.c.name, *_TERM))


_TERM = (
    func.coalesce(access_grant.c.valid_from, ticket.c.activated_at).label("valid_from"),
    func.coalesce(access_grant.c.valid_until, ticket.c.activated_until).label("valid_until"),
)


def _tickets_of(customer_id: str) -> Select[Any]:
    return (
        select(
            ticket_type.c.name,
            *_TERM,
        )
        .join(ticket, ticket.c.type_no == ticket_type.c.type_no)
        .join(customer_order, customer_order.c.order_id == ticket.c.order_id)
        .join(access_grant, access_grant.c.grant_no == ticket.c.grant_no)
        .where(customer_order.c.customer_id == customer_id, access_grant.c.is_denied == 0)
        .order_by(access_grant.c.grant_no)
    )


def _held(connection: Connection, kind: RightKind, rows: Select[Any]) -> tuple[HeldRight, ...]:
    return tuple(
        HeldRight(kind=kind, name=row.name, valid_from=row.valid_from, valid_until=row.valid_until)
        for row in connection.execute(rows)
    )
