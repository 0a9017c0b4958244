"""Attributes of events (a genre, a league), for the conditions of entitlements.

Law: each function is part of its caller's transaction. An attribute has one value at an event. What counts for an order
is what the events of its tickets' scopes have; a cancelled event counts for nothing. None of it reaches a gate.

Source: docs/membership-rules.md, "Entitlements"; docs/central.md, "Benefits".
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from scanner.core.grants import EventStatus
from server_stub.selling.attributes import write_attribute
from server_stub.selling.catalogue import unknown_event
from server_stub.store.benefit_tables import event_attribute
from server_stub.store.tables import event, scope_event, ticket, ticket_type


def set_event_attribute(
    connection: Connection, event_no: int, name: str, value: str | None
) -> None:
    """Notes an attribute of an event; None takes it away.

    Raises:
        InputError: ``event_unknown``, ``name_bad``.
    """
    of_event = event.c.event_no == event_no
    if connection.execute(select(event.c.event_no).where(of_event)).first() is None:
        raise unknown_event(event_no)
    write_attribute(connection, event_attribute, ("event_no", event_no), name, value)


def load_attributes_in_order(connection: Connection, order_id: str) -> frozenset[tuple[str, str]]:
    """(name, value) of every event that the tickets of an order are for."""
    rows = connection.execute(
        select(event_attribute.c.name, event_attribute.c.value)
        .join(event, event.c.event_no == event_attribute.c.event_no)
        .join(scope_event, scope_event.c.event_no == event_attribute.c.event_no)
        .join(ticket_type, ticket_type.c.scope_no == scope_event.c.scope_no)
        .join(ticket, ticket.c.type_no == ticket_type.c.type_no)
        .where(ticket.c.order_id == order_id, event.c.status != EventStatus.CANCELLED)
        .distinct()
    )
    return frozenset((row.name, row.value) for row in rows)
