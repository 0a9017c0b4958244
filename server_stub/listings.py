"""What there is, as lists for people: zones, gates, types, tickets, devices, alerts.

Law: read-only; every row is a plain record with names instead of numbers where people know names.

Source: docs/central.md.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Connection, Select, cast, func, select

from scanner.core.errors import InputError
from server_stub.tables import (
    access_grant,
    alert,
    credential,
    credential_grant,
    customer,
    customer_order,
    device,
    event,
    gate,
    ledger,
    operator,
    rule,
    scope,
    setting,
    ticket,
    ticket_type,
    zone,
)

Record = dict[str, Any]
ROWS_MOST = 1_000


def load_records(connection: Connection, what: str, limit: int = ROWS_MOST) -> list[Record]:
    """The records of one kind, newest first where there can be many.

    Raises:
        InputError: ``list_unknown``.
    """
    if what not in LISTINGS:
        raise InputError(
            "list_unknown", f"there is no list {what!r}", f"valid: {', '.join(LISTINGS)}"
        )
    rows = connection.execute(LISTINGS[what].limit(limit)).mappings()
    return [dict(row) for row in rows]


def _tickets() -> Select[Any]:
    return (
        select(
            ticket.c.ticket_id,
            ticket.c.order_id,
            ticket_type.c.name.label("type"),
            customer_order.c.state.label("order"),
            ticket.c.grant_no,
            access_grant.c.valid_from,
            access_grant.c.valid_until,
            access_grant.c.deny_reason,
            credential.c.credential_no,
            credential.c.kind,
            credential.c.state.label("code"),
            customer.c.email,
            ticket.c.sold_at,
        )
        .join(customer_order, customer_order.c.order_id == ticket.c.order_id)
        .join(customer, customer.c.customer_id == customer_order.c.customer_id)
        .join(ticket_type, ticket_type.c.type_no == ticket.c.type_no)
        .outerjoin(access_grant, access_grant.c.grant_no == ticket.c.grant_no)
        .outerjoin(credential_grant, credential_grant.c.grant_no == ticket.c.grant_no)
        .outerjoin(credential, credential.c.credential_no == credential_grant.c.credential_no)
        .order_by(ticket.c.sold_at.desc(), ticket.c.ticket_id, credential.c.credential_no)
    )


def _devices() -> Select[Any]:
    arrived = (
        select(ledger.c.device, cast(func.sum(ledger.c.have), BigInteger).label("rows"))
        .group_by(ledger.c.device)
        .subquery()
    )
    return (
        select(
            device.c.device,
            gate.c.name.label("gate"),
            device.c.state,
            device.c.software,
            device.c.enrolled_at,
            device.c.last_contact_at,
            func.coalesce(arrived.c.rows, 0).label("rows"),
        )
        .join(gate, gate.c.gate_no == device.c.gate_no)
        .outerjoin(arrived, arrived.c.device == device.c.device)
        .order_by(device.c.added_at)
    )


LISTINGS: dict[str, Select[Any]] = {
    "zones": select(zone).order_by(zone.c.zone_no),
    "gates": select(gate.c.gate_no, gate.c.name, zone.c.name.label("zone"), gate.c.direction)
    .join(zone, zone.c.zone_no == gate.c.zone_no)
    .order_by(gate.c.gate_no),
    "types": select(
        ticket_type.c.type_no, ticket_type.c.name, ticket_type.c.validity, rule.c.body.label("rule")
    )
    .join(rule, rule.c.rule_no == ticket_type.c.rule_no)
    .order_by(ticket_type.c.type_no),
    "scopes": select(scope).order_by(scope.c.scope_no),
    "events": select(event).order_by(event.c.starts_at),
    "operators": select(operator.c.name, operator.c.role).order_by(operator.c.name),
    "settings": select(setting).order_by(setting.c.name),
    "tickets": _tickets(),
    "devices": _devices(),
    "alerts": select(alert).order_by(alert.c.alert_no.desc()),
}
