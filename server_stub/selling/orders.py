"""Orders and the rights they give: draft → pending → completed → refunded | cancelled.

Law: each function is part of its caller's transaction. Nothing exists before *completed*; a refund takes back exactly
what the order gave. A grant row is computed by `server_stub.rules.membership`, written only where it changed, with a
higher version.

Source: docs/decisions.md, "Central: state machines".
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, insert, select, update

from scanner.core.calendar import SiteCalendar
from scanner.core.errors import InputError
from scanner.core.grants import AccessGrant, GrantFlag
from scanner.core.reasons import DENY_REASONS, Reason
from scanner.core.units import GrantNo, Instant, RuleNo, TypeNo, ZoneNo
from scanner.core.validity import ValidityRule
from server_stub.api.forms import SaleForm, parse_name
from server_stub.faults import FieldError
from server_stub.rules.membership import SoldTicket, grant_of
from server_stub.rules.orders import OrderState, may_become
from server_stub.seating.seat_ends import end_seats
from server_stub.seating.seat_labels import parse_seat
from server_stub.seating.seat_wishes import wish_of
from server_stub.selling.catalogue import find_no, parse_validity
from server_stub.selling.order_charges import require_answered
from server_stub.store import tables
from server_stub.store.changes import note_rights_changed
from server_stub.store.database import inserted_no
from server_stub.store.season_tables import event_scope, seat_ticket
from server_stub.store.seat_rows import reserve_seat
from server_stub.store.tag_rows import recompute_tags
from sync.base_rows import encode_grant, parse_grant

ID_BYTES = 16
DESK = "desk"
GRANT_COLUMNS = tuple(tables.access_grant.columns.keys())


def create_order(connection: Connection, email: str | None, at: Instant) -> str:
    """A draft at the desk for a customer, who is found by e-mail or made."""
    return open_order(connection, find_or_add_customer(connection, email, at), at)


def open_order(
    connection: Connection,
    customer_id: str,
    at: Instant,
    *,
    channel: str = DESK,
    shop: str | None = None,
    shown_hmac: bytes | None = None,
) -> str:
    """A draft of a customer, at the desk or in a shop."""
    order_id = secrets.token_hex(ID_BYTES)
    connection.execute(
        insert(tables.customer_order).values(
            order_id=order_id,
            customer_id=customer_id,
            state=OrderState.DRAFT,
            created_at=at,
            channel=channel,
            shop=shop,
            shown_hmac=shown_hmac,
        )
    )
    return order_id


def add_ticket(connection: Connection, order_id: str, form: SaleForm, at: Instant) -> str:
    """One more ticket in a draft; its seat is kept while somebody thinks about it.

    Raises:
        InputError: ``name_unknown``, ``seat_missing``, ``seat_not_asked``, ``seat_unknown``, ``seat_refused``,
            ``match_not_in_season``, ``type_not_for_this``, ``seat_label_bad``, ``name_bad``.
    """
    ticket_id = secrets.token_hex(ID_BYTES)
    type_no = find_no(connection, tables.ticket_type, "ticket type", form.type)
    connection.execute(
        insert(tables.ticket).values(
            ticket_id=ticket_id,
            order_id=order_id,
            type_no=type_no,
            sold_at=at,
            starts_on=None if form.starts_on is None else form.starts_on.isoformat(),
            holder=None if form.holder is None else parse_name("holder", form.holder, "holder"),
            seat=None if form.seat is None else parse_seat(form.seat),
            flags=",".join(sorted(form.flags)),
            code_kind=form.kind,
            renews=None if form.renews is None else _find_renewable(connection, form.renews),
        )
    )
    wish = wish_of(connection, ticket_id, type_no, form)
    if wish is not None:
        reserve_seat(connection, wish, at)
    return ticket_id


def _find_renewable(connection: Connection, ticket_id: str) -> str:
    """A ticket whose code may open under another one too.

    Raises:
        InputError: ``ticket_unknown``, ``code_dated``.
    """
    is_renewable = connection.execute(
        select(tables.ticket_type.c.is_renewable)
        .join(tables.ticket, tables.ticket.c.type_no == tables.ticket_type.c.type_no)
        .where(tables.ticket.c.ticket_id == ticket_id, tables.ticket.c.grant_no.is_not(None))
    ).scalar_one_or_none()
    if is_renewable is None:
        raise unknown_ticket(ticket_id, "renews")
    if not is_renewable:
        raise FieldError(
            "code_dated",
            f"the code of ticket {ticket_id!r} states its dates and cannot be kept; nothing was changed",
            "sell a new ticket without `renews`",
            field="renews",
        )
    return ticket_id


def move_order(
    connection: Connection, order_id: str, state: OrderState, at: Instant, calendar: SiteCalendar
) -> None:
    """Changes an order's state and the rights that follow from it.

    Raises:
        InputError: ``order_unknown``, ``order_state``, ``payment_unanswered``.
    """
    order = find_order(connection, order_id)
    require_answered(connection, order_id)
    if not may_become(OrderState(order.state), state):
        raise wrong_state(order, f"and cannot become {state.value}")
    stamp = "completed_at" if state is OrderState.COMPLETED else "closed_at"
    stamps = {} if state is OrderState.PENDING else {stamp: at}
    connection.execute(
        update(tables.customer_order)
        .where(tables.customer_order.c.order_id == order_id)
        .values(state=state, **stamps)
    )
    ended = []
    if state in {OrderState.REFUNDED, OrderState.CANCELLED}:
        ended = end_seats(connection, _ticket_ids(connection, order_id), at)
    which = (tables.ticket.c.order_id == order_id) | tables.ticket.c.ticket_id.in_(ended)
    recompute_grants(connection, which, calendar)


def _ticket_ids(connection: Connection, order_id: str) -> list[str]:
    of_order = tables.ticket.c.order_id == order_id
    return list(connection.execute(select(tables.ticket.c.ticket_id).where(of_order)).scalars())


def find_order(connection: Connection, order_id: str) -> Row[Any]:
    """An order's row, locked to be changed.

    Raises:
        InputError: ``order_unknown``.
    """
    order = connection.execute(
        select(tables.customer_order)
        .where(tables.customer_order.c.order_id == order_id)
        .with_for_update()
    ).first()
    if order is None:
        raise unknown_order(order_id)
    return order


def deny_ticket(
    connection: Connection, ticket_id: str, reason: Reason | None, calendar: SiteCalendar
) -> None:
    """Refuses a right from now on, or (reason None) allows it again.

    Raises:
        InputError: ``ticket_unknown``, ``deny_reason_wrong``.
    """
    if reason is not None and reason not in DENY_REASONS:
        raise FieldError(
            "deny_reason_wrong",
            f"reason {reason.value!r} is not one that a right can be refused with",
            f"valid: {', '.join(DENY_REASONS)}",
            field="reason",
            valid=DENY_REASONS,
        )
    changed = connection.execute(
        update(tables.ticket)
        .where(tables.ticket.c.ticket_id == ticket_id)
        .values(deny_reason=reason)
    )
    if not changed.rowcount:
        raise unknown_ticket(ticket_id)
    recompute_grants(connection, tables.ticket.c.ticket_id == ticket_id, calendar)


def recompute_grants(
    connection: Connection, which: ColumnElement[bool], calendar: SiteCalendar
) -> None:
    """Computes the grants and tags of some tickets anew and writes those that changed."""
    zones = _zones_of_types(connection)
    written = (
        _write_grant(connection, row, zones, calendar)
        for row in connection.execute(_sold(which)).all()
    )
    if changed := [number for number in written if number is not None]:
        note_rights_changed(connection, changed)
    recompute_tags(connection, which, calendar)


def load_grant(connection: Connection, ticket_id: str) -> AccessGrant:
    """The right that a ticket of a completed order gives."""
    row = connection.execute(
        select(tables.access_grant)
        .join(tables.ticket, tables.ticket.c.grant_no == tables.access_grant.c.grant_no)
        .where(tables.ticket.c.ticket_id == ticket_id)
    ).one()
    return parse_grant(tuple(row))


def unknown_order(order_id: str) -> InputError:
    """Nobody made it, or it is somebody else's."""
    return InputError(
        "order_unknown", f"order {order_id[:40]!r} does not exist", "see `order list`"
    )


def wrong_state(order: Row[Any], why: str) -> InputError:
    """An order stands where this cannot happen."""
    return InputError(
        "order_state",
        f"order {order.order_id!r} is {order.state} {why}; nothing changed",
        "an order goes draft → pending → completed → refunded | cancelled",
    )


def unknown_ticket(ticket_id: str, field: str = "") -> FieldError:
    """Nobody bought it, or it was never paid; ``field``: where it stood in what was sent, if not in the path."""
    return FieldError(
        "ticket_unknown",
        f"ticket {ticket_id[:40]!r} does not exist or was never paid; nothing was changed",
        "see `portillon-central ticket list`",
        field=field,
    )


def find_or_add_customer(connection: Connection, email: str | None, at: Instant) -> str:
    """The customer with an e-mail address, or a new one.

    Raises:
        InputError: ``email_bad``.
    """
    if email is not None:
        email = parse_email(email)
        found: str | None = connection.execute(
            select(tables.customer.c.customer_id).where(tables.customer.c.email == email)
        ).scalar_one_or_none()
        if found is not None:
            return found
    customer_id = secrets.token_hex(ID_BYTES)
    connection.execute(
        insert(tables.customer).values(customer_id=customer_id, email=email, created_at=at)
    )
    return customer_id


def parse_email(text: str) -> str:
    """Raises `InputError` ``email_bad``."""
    email = text.strip().lower()
    name, at, domain = email.rpartition("@")
    if not (name and at and "." in domain and email.isprintable() and " " not in email):
        raise FieldError(
            "email_bad",
            f"an e-mail address of {len(text)} characters is none",
            "write it as name@example.org, or leave it out",
            field="email",
        )
    return email


def _sold(which: ColumnElement[bool]) -> Select[Any]:
    """Everything that the grants of some tickets depend on, one row a ticket; of those who were erased, nothing."""
    ticket, order, kind = tables.ticket, tables.customer_order, tables.ticket_type
    return (
        select(
            ticket,
            order.c.state.label("order_state"),
            order.c.completed_at,
            kind.c.rule_no,
            kind.c.scope_no,
            kind.c.validity,
            kind.c.is_personal,
            event_scope.c.scope_no.label("match_scope_no"),
            tables.event.c.doors_from,
            tables.event.c.doors_until,
        )
        .join(order, order.c.order_id == ticket.c.order_id)
        .join(kind, kind.c.type_no == ticket.c.type_no)
        .outerjoin(seat_ticket, seat_ticket.c.ticket_id == ticket.c.ticket_id)
        .outerjoin(event_scope, event_scope.c.event_no == seat_ticket.c.event_no)
        .outerjoin(tables.event, tables.event.c.event_no == seat_ticket.c.event_no)
        .join(tables.customer, tables.customer.c.customer_id == order.c.customer_id)
        .where(which, tables.customer.c.erased_at.is_(None))
    )


def _zones_of_types(connection: Connection) -> dict[int, frozenset[ZoneNo]]:
    zones: dict[int, set[ZoneNo]] = {}
    for type_no, zone_no in connection.execute(select(tables.type_zone)):
        zones.setdefault(type_no, set()).add(zone_no)
    return {type_no: frozenset(numbers) for type_no, numbers in zones.items()}


def _write_grant(
    connection: Connection,
    row: Row[Any],
    zones: dict[int, frozenset[ZoneNo]],
    calendar: SiteCalendar,
) -> int | None:
    """The number of the grant that was added or changed."""
    sold = _sold_ticket(row, zones.get(row.type_no, frozenset()))
    if row.grant_no is None:
        return _add_grant(connection, row.ticket_id, grant_of(sold, GrantNo(0), 1, calendar))
    of_grant = tables.access_grant.c.grant_no == row.grant_no
    before = parse_grant(
        tuple(connection.execute(select(tables.access_grant).where(of_grant)).one())
    )
    if grant_of(sold, before.grant_no, before.version, calendar) == before:
        return None
    after = grant_of(sold, before.grant_no, before.version + 1, calendar)
    if after is None:
        raise RuntimeError(f"grant {before.grant_no} cannot vanish")
    connection.execute(update(tables.access_grant).where(of_grant).values(_columns(after)))
    return before.grant_no


def _add_grant(connection: Connection, ticket_id: str, grant: AccessGrant | None) -> int | None:
    if grant is None:
        return None
    columns = _columns(grant)
    del columns["grant_no"]
    number = inserted_no(connection.execute(insert(tables.access_grant).values(columns)))
    connection.execute(
        update(tables.ticket).where(tables.ticket.c.ticket_id == ticket_id).values(grant_no=number)
    )
    return number


def _columns(grant: AccessGrant) -> dict[str, Any]:
    return dict(zip(GRANT_COLUMNS, encode_grant(grant), strict=True))


def _sold_ticket(row: Row[Any], zones: frozenset[ZoneNo]) -> SoldTicket:
    return SoldTicket(
        order_state=_state_of(row),
        completed_at=row.completed_at,
        type_no=TypeNo(row.type_no),
        rule_no=RuleNo(row.rule_no),
        scope_no=row.match_scope_no or row.scope_no,
        zones=zones,
        term=_term(row),
        is_personal=bool(row.is_personal),
        has_holder=row.holder is not None,
        starts_on=None if row.starts_on is None else date.fromisoformat(row.starts_on),
        seat=row.seat,
        deny_reason=None if row.deny_reason is None else Reason(row.deny_reason),
        flags=_parse_flags(row.flags),
    )


def _term(row: Row[Any]) -> ValidityRule:
    """Of its type; of a ticket for one match while the doors of that match are open."""
    if row.match_scope_no is None:
        return parse_validity(row.validity)
    return ValidityRule(starts_at=row.doors_from, ends_at=row.doors_until)


def _state_of(row: Row[Any]) -> OrderState:
    """A ticket that was given back alone stands as if its order had been."""
    return OrderState(row.order_state) if row.refunded_at is None else OrderState.REFUNDED


def _parse_flags(text: str) -> frozenset[GrantFlag]:
    names: Iterable[str] = filter(None, text.split(","))
    return frozenset(GrantFlag(name) for name in names)
