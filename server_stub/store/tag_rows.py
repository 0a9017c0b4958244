"""Who has which tag, from which source, until when.

Law: each function is part of its caller's transaction. What a ticket pins is a pure function of its order, its type's
tags, its grant and its first scan (`server_stub.rules`), computed anew for exactly the tickets that a change touches.
No sweep: an expired assignment stays in its row and counts for nothing.

Source: docs/membership-rules.md, "Tags".
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select

from scanner.core.calendar import SiteCalendar
from scanner.core.units import Instant
from server_stub.api.forms import parse_name
from server_stub.rules.orders import (
    GiftKind,
    Order,
    OrderLine,
    OrderState,
    gifts_of,
)
from server_stub.rules.tags import Assignment, TagRule, assign
from server_stub.selling.type_tags import load_type_tags
from server_stub.store.benefit_tables import tag_assignment
from server_stub.store.tables import access_grant, customer_order, ticket

OF_TICKET = "ticket:"
OF_SUBSCRIPTION = "subscription:"
OF_STAFF = "staff"


def recompute_tags(
    connection: Connection, which: ColumnElement[bool], calendar: SiteCalendar
) -> None:
    """Computes what some tickets pin on their buyers; writes and deletes what changed."""
    rules = load_type_tags(connection)
    for row in connection.execute(_pinning(which)).all():
        source = OF_TICKET + row.ticket_id
        wanted = _wanted(row, source, rules.get(row.type_no, ()), calendar)
        write_tags(connection, row.customer_id, source, wanted)


def write_tags(
    connection: Connection, customer_id: str, source: str, wanted: frozenset[Assignment]
) -> None:
    """What a source pins from now on; written where it came out different."""
    if wanted == _kept(connection, source):
        return
    connection.execute(delete(tag_assignment).where(tag_assignment.c.source == source))
    for one in sorted(wanted, key=lambda one: one.tag):
        _insert(connection, customer_id, one)


def load_assignments(connection: Connection, customer_id: str) -> tuple[Assignment, ...]:
    """Every assignment of a customer, expired ones too."""
    mine = tag_assignment.c.customer_id == customer_id
    return tuple(sorted(_parsed(connection, mine)))


def pin_tag(
    connection: Connection, customer_id: str, tag: str, at: Instant, expires_at: Instant | None
) -> None:
    """A tag that staff give, beside those that come with what was bought."""
    tag = parse_name("tag", tag, "tag")
    unpin_tag(connection, customer_id, tag)
    _insert(connection, customer_id, Assignment(tag, OF_STAFF, at, expires_at))


def unpin_tag(connection: Connection, customer_id: str, tag: str) -> None:
    """Takes back what staff gave; what a purchase gave stays."""
    connection.execute(
        delete(tag_assignment).where(
            tag_assignment.c.customer_id == customer_id,
            tag_assignment.c.tag == tag,
            tag_assignment.c.source == OF_STAFF,
        )
    )


def _pinning(which: ColumnElement[bool]) -> Any:
    return (
        select(
            ticket.c.ticket_id,
            ticket.c.type_no,
            ticket.c.refunded_at,
            customer_order.c.customer_id,
            customer_order.c.state,
            customer_order.c.completed_at,
            func.coalesce(access_grant.c.valid_until, ticket.c.activated_until).label("ends_at"),
        )
        .join(customer_order, customer_order.c.order_id == ticket.c.order_id)
        .outerjoin(access_grant, access_grant.c.grant_no == ticket.c.grant_no)
        .where(which)
    )


def _wanted(
    row: Row[Any], source: str, rules: tuple[TagRule, ...], calendar: SiteCalendar
) -> frozenset[Assignment]:
    line = OrderLine(
        line_id=source,
        kind=GiftKind.TICKET,
        name=str(row.type_no),
        tags=frozenset(rule.tag for rule in rules),
    )
    refunded = frozenset({source}) if row.refunded_at is not None else frozenset()
    order = Order(state=OrderState(row.state), lines=(line,), refunded=refunded)
    given = {gift.name for gift in gifts_of(order) if gift.kind is GiftKind.TAG}
    return frozenset(
        assign(rule, source, Instant(row.completed_at), row.ends_at, calendar)
        for rule in rules
        if rule.tag in given
    )


def _kept(connection: Connection, source: str) -> frozenset[Assignment]:
    return frozenset(_parsed(connection, tag_assignment.c.source == source))


def _parsed(connection: Connection, which: ColumnElement[bool]) -> list[Assignment]:
    return [
        Assignment(row.tag, row.source, row.granted_at, row.expires_at)
        for row in connection.execute(select(tag_assignment).where(which))
    ]


def _insert(connection: Connection, customer_id: str, one: Assignment) -> None:
    connection.execute(
        insert(tag_assignment).values(
            customer_id=customer_id,
            tag=one.tag,
            source=one.source,
            granted_at=one.granted_at,
            expires_at=one.expires_at,
        )
    )
