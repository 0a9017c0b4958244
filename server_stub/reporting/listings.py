"""What there is, as lists for people: zones, gates, types, tickets, devices, alerts.

Law: read-only; every row is a plain record with names instead of numbers where people know names.

Source: docs/central.md.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Connection, Select, cast, func, select

from server_stub.api.paging import LIMIT_MOST, Listing, Record, Sorted, load_page
from server_stub.faults import FieldError
from server_stub.seating.season_listings import SEASON_LISTINGS
from server_stub.store.benefit_tables import entitlement, segment, shop, tag_assignment
from server_stub.store.subscription_tables import (
    order_charge,
    plan,
    subscription,
    subscription_notice,
)
from server_stub.store.tables import (
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


def find_listing(what: str) -> Listing:
    """Raises `InputError` ``list_unknown``."""
    if what not in LISTINGS:
        raise FieldError(
            "list_unknown",
            f"there is no list {what[:40]!r}",
            f"valid: {', '.join(LISTINGS)}",
            field="what",
            valid=LISTINGS,
        )
    return LISTINGS[what]


def load_records(connection: Connection, what: str, limit: int = LIMIT_MOST) -> list[Record]:
    """The first records of one list, newest first where there can be many.

    Raises:
        InputError: ``list_unknown``.
    """
    return load_page(connection, find_listing(what), limit).items


def _tickets() -> Select[Any]:
    return (
        select(
            ticket.c.ticket_id,
            ticket.c.order_id,
            ticket_type.c.name.label("type"),
            customer_order.c.state.label("order"),
            ticket.c.grant_no,
            func.coalesce(access_grant.c.valid_from, ticket.c.activated_at).label("valid_from"),
            func.coalesce(access_grant.c.valid_until, ticket.c.activated_until).label(
                "valid_until"
            ),
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
    )


LISTINGS: dict[str, Listing] = {
    "zones": Listing(select(zone), (Sorted(zone.c.zone_no),)),
    "gates": Listing(
        select(gate.c.gate_no, gate.c.name, zone.c.name.label("zone"), gate.c.direction).join(
            zone, zone.c.zone_no == gate.c.zone_no
        ),
        (Sorted(gate.c.gate_no),),
    ),
    "types": Listing(
        select(
            ticket_type.c.type_no,
            ticket_type.c.name,
            ticket_type.c.validity,
            ticket_type.c.price_minor,
            ticket_type.c.fee_minor,
            rule.c.body.label("rule"),
        ).join(rule, rule.c.rule_no == ticket_type.c.rule_no),
        (Sorted(ticket_type.c.type_no),),
    ),
    "scopes": Listing(select(scope), (Sorted(scope.c.scope_no),)),
    "events": Listing(select(event), (Sorted(event.c.starts_at), Sorted(event.c.event_no))),
    "operators": Listing(select(operator.c.name, operator.c.role), (Sorted(operator.c.name, str),)),
    "settings": Listing(select(setting), (Sorted(setting.c.name, str),)),
    "tickets": Listing(
        _tickets(),
        (
            Sorted(ticket.c.sold_at, descending=True),
            Sorted(ticket.c.ticket_id, str),
            Sorted(func.coalesce(credential.c.credential_no, 0)),
        ),
    ),
    "orders": Listing(
        select(
            customer_order.c.order_id,
            customer_order.c.state,
            customer.c.email,
            customer_order.c.channel,
            customer_order.c.shop,
            customer_order.c.created_at,
            customer_order.c.completed_at,
        ).join(customer, customer.c.customer_id == customer_order.c.customer_id),
        (
            Sorted(customer_order.c.created_at, descending=True),
            Sorted(customer_order.c.order_id, str),
        ),
    ),
    "customers": Listing(
        select(customer),
        (Sorted(customer.c.created_at, descending=True), Sorted(customer.c.customer_id, str)),
    ),
    "tags": Listing(
        select(
            tag_assignment.c.tag,
            customer.c.email,
            tag_assignment.c.source,
            tag_assignment.c.granted_at,
            tag_assignment.c.expires_at,
        ).join(customer, customer.c.customer_id == tag_assignment.c.customer_id),
        (
            Sorted(tag_assignment.c.tag, str),
            Sorted(tag_assignment.c.customer_id, str),
            Sorted(tag_assignment.c.source, str),
        ),
    ),
    "segments": Listing(select(segment), (Sorted(segment.c.name, str),)),
    "entitlements": Listing(select(entitlement), (Sorted(entitlement.c.name, str),)),
    "shops": Listing(
        select(
            shop.c.name,
            shop.c.tags,
            shop.c.segments,
            shop.c.unlock,
            shop.c.opens_at,
            shop.c.closes_at,
        ),
        (Sorted(shop.c.name, str),),
    ),
    "plans": Listing(
        select(
            plan.c.plan_no,
            plan.c.name,
            ticket_type.c.name.label("type"),
            plan.c.period_amount,
            plan.c.period_unit,
            plan.c.price_minor,
            plan.c.currency,
            plan.c.minimum_cycles,
            plan.c.grace_days,
            plan.c.when_unpaid,
            plan.c.admits,
        ).join(ticket_type, ticket_type.c.type_no == plan.c.type_no),
        (Sorted(plan.c.plan_no),),
    ),
    "subscriptions": Listing(
        select(
            subscription.c.subscription_id,
            plan.c.name.label("plan"),
            customer.c.email,
            subscription.c.state,
            subscription.c.provider,
            subscription.c.started_at,
            subscription.c.ends_at,
            subscription.c.grant_no,
            subscription.c.created_at,
        )
        .join(plan, plan.c.plan_no == subscription.c.plan_no)
        .join(customer, customer.c.customer_id == subscription.c.customer_id),
        (
            Sorted(subscription.c.created_at, descending=True),
            Sorted(subscription.c.subscription_id, str),
        ),
    ),
    "notices": Listing(
        select(
            subscription_notice.c.key,
            subscription_notice.c.subscription_id,
            customer.c.email,
            subscription_notice.c.kind,
            subscription_notice.c.amount_minor,
            subscription_notice.c.at,
            subscription_notice.c.sent_at,
        )
        .join(
            subscription,
            subscription.c.subscription_id == subscription_notice.c.subscription_id,
        )
        .join(customer, customer.c.customer_id == subscription.c.customer_id),
        (Sorted(subscription_notice.c.at, descending=True), Sorted(subscription_notice.c.key, str)),
    ),
    "card-payments": Listing(
        select(
            order_charge.c.key,
            order_charge.c.order_id,
            order_charge.c.amount_minor,
            order_charge.c.currency,
            order_charge.c.answer,
            order_charge.c.asked_at,
            order_charge.c.answered_at,
        ),
        (Sorted(order_charge.c.asked_at, descending=True), Sorted(order_charge.c.key, str)),
    ),
    "devices": Listing(_devices(), (Sorted(device.c.added_at), Sorted(device.c.device, str))),
    "alerts": Listing(select(alert), (Sorted(alert.c.alert_no, descending=True),)),
    **SEASON_LISTINGS,
}
