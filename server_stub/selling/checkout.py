"""From a placed order to the codes in the holder's hand, and back.

Law: each function is part of its caller's transaction: payment, rights, tags and codes exist together or not at all. A
refund takes back exactly what it names. A renewal that keeps the code points the old code to the new right; the new
term begins where the old one ends, or now if it is over.

Source: docs/decisions.md, "Central: state machines"; docs/central.md, "Selling".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from scanner.core.calendar import SiteCalendar
from scanner.core.units import GrantNo, Instant
from server_stub.api.forms import CodeKind, PaidBy, SaleForm, parse_name
from server_stub.central import Central
from server_stub.faults import FieldError
from server_stub.rules.keeping_codes import plan_codes
from server_stub.rules.orders import OrderState
from server_stub.rules.pricing import DeductionKind, Quote
from server_stub.seating.given_tickets import hand_out
from server_stub.seating.seat_ends import end_seats, settle_sold
from server_stub.selling.carts import (
    Cart,
    agree,
    load_agreed,
    require_draft,
    require_sold_in,
    settle,
)
from server_stub.selling.catalogue import find_no
from server_stub.selling.codes import Code, find_by_ticket, issue_code, keep_codes, show_code
from server_stub.selling.orders import (
    add_ticket,
    find_order,
    load_grant,
    move_order,
    recompute_grants,
    unknown_ticket,
    wrong_state,
)
from server_stub.site import load_site
from server_stub.store import tables
from server_stub.store.seat_rows import keep_seats, prolong_holds


@dataclass(frozen=True, slots=True)
class Issued:
    """A ticket of a completed order, and the code that opens for it."""

    ticket_id: str
    grant_no: GrantNo
    valid_from: Instant | None
    valid_until: Instant | None
    code: Code


@dataclass(frozen=True, slots=True)
class Completed:
    """What a payment made. The codes are in this answer; `code show` prints them again."""

    order_id: str
    total_minor: int
    tickets: tuple[Issued, ...]


def add_line(connection: Connection, order_id: str, form: SaleForm, now: Instant) -> str:
    """Puts a ticket into a draft.

    Raises:
        InputError: ``order_unknown``, ``order_state``, ``not_in_shop``, ``name_unknown``, ``ticket_unknown``,
            ``code_dated``.
    """
    order = require_draft(connection, order_id)
    for field in ("code", "symbology", "email"):
        if getattr(form, field) is not None:
            raise FieldError(
                "line_wrong",
                f"a line of an order takes no `{field}`; nothing was changed",
                "the order has its customer; sell a printed card with `sell --code`",
                field=field,
            )
    type_no = find_no(connection, tables.ticket_type, "ticket type", form.type)
    require_sold_in(connection, order, type_no)
    return add_ticket(connection, order_id, form, now)


def place(connection: Connection, order_id: str, now: Instant) -> Cart:
    """Draft → pending, at the price of now.

    Raises:
        InputError: ``order_unknown``, ``order_state``, ``cart_empty``, ``seat_refused``.
    """
    require_draft(connection, order_id)
    cart = agree(connection, order_id, now)
    prolong_holds(connection, order_id, now)
    move_order(connection, order_id, OrderState.PENDING, now, load_site(connection).calendar)
    return Cart(
        cart.order_id,
        OrderState.PENDING,
        cart.currency,
        cart.lines,
        cart.discount_minor,
        cart.fee_minor,
        cart.total_minor,
    )


def complete(
    connection: Connection,
    central: Central,
    order_id: str,
    paid_by: PaidBy,
    card: SaleForm | None = None,
) -> Completed:
    """Pending → completed: charges the agreed price, makes rights, tags and codes.

    Args:
        connection: the caller's transaction.
        central: whose clock and keys are used.
        order_id: a placed order.
        paid_by: how the money came.
        card: at the desk, the card that the code is already printed on.

    Raises:
        InputError: ``order_unknown``, ``order_state``, ``price_changed``, ``payment_missing``, ``payment_unanswered``,
            ``seat_refused``.
    """
    price = settle(connection, order_id, central.clock.now_ms())
    require_paid(f"order {order_id!r}", price.total_minor, paid_by)
    return finish(connection, central, order_id, (price.total_minor, paid_by), card)


def require_paid(what: str, total_minor: int, paid_by: PaidBy) -> None:
    """Raises `InputError` ``payment_missing`` where something costs money and nobody took any."""
    if total_minor and paid_by is PaidBy.NOTHING:
        raise FieldError(
            "payment_missing",
            f"{what} costs {total_minor} minor units; nothing was done",
            "take the money and say how: cash or transfer",
            field="paid_by",
        )


def finish(
    connection: Connection,
    central: Central,
    order_id: str,
    paid: tuple[int, str],
    card: SaleForm | None = None,
) -> Completed:
    """Pending → completed for money that is there: makes rights, tags and codes.

    Args:
        connection: the caller's transaction.
        central: whose clock and keys are used.
        order_id: a placed order.
        paid: how much, and how it came.
        card: as in `complete`.

    Raises:
        InputError: ``order_unknown``, ``order_state``, ``seat_refused``.
    """
    now, calendar = central.clock.now_ms(), load_site(connection).calendar
    keep_seats(connection, order_id, now)
    _start_renewals(connection, order_id, now, calendar)
    connection.execute(
        update(tables.customer_order)
        .where(tables.customer_order.c.order_id == order_id)
        .values(paid_by=paid[1])
    )
    move_order(connection, order_id, OrderState.COMPLETED, now, calendar)
    settle_sold(connection, order_id, _without_fees(load_agreed(connection, order_id)), now)
    without_card = hand_out(connection, order_id, now, calendar)
    issued = tuple(
        _issue(connection, central, row, card, now)
        for row in _tickets(connection, order_id)
        if row.ticket_id not in without_card
    )
    return Completed(order_id, paid[0], issued)


def load_issued(connection: Connection, central: Central, order_id: str) -> tuple[Issued, ...]:
    """The tickets of a completed order with the codes that open for them now.

    Raises:
        InputError: ``order_unknown``, ``order_state``.
    """
    order = find_order(connection, order_id)
    if order.state != OrderState.COMPLETED:
        raise wrong_state(order, "and not completed")
    return tuple(
        _issued(connection, row.ticket_id, show_code(connection, central.secrets, number))
        for row in _tickets(connection, order_id)
        if row.refunded_at is None
        for number in find_by_ticket(connection, row.ticket_id)
    )


def refund(
    connection: Connection,
    order_id: str,
    ticket_id: str | None,
    at: Instant,
    calendar: SiteCalendar,
) -> None:
    """Gives back one ticket of an order, or all of it. The last ticket closes the order.

    Raises:
        InputError: ``order_unknown``, ``order_state``, ``ticket_unknown``.
    """
    order = find_order(connection, order_id)
    if ticket_id is None:
        move_order(connection, order_id, OrderState.REFUNDED, at, calendar)
        return
    if order.state != OrderState.COMPLETED:
        raise wrong_state(order, "and not completed")
    left = [row.ticket_id for row in _tickets(connection, order_id) if row.refunded_at is None]
    if ticket_id not in left:
        raise unknown_ticket(ticket_id)
    connection.execute(
        update(tables.ticket).where(tables.ticket.c.ticket_id == ticket_id).values(refunded_at=at)
    )
    ended = [ticket_id, *end_seats(connection, [ticket_id], at)]
    if set(left) <= set(ended):
        move_order(connection, order_id, OrderState.REFUNDED, at, calendar)
    recompute_grants(connection, tables.ticket.c.ticket_id.in_(ended), calendar)


def issue_ticket(connection: Connection, central: Central, ticket_id: str, at: Instant) -> Issued:
    """The code of a ticket that was given to somebody."""
    of_ticket = tables.ticket.c.ticket_id == ticket_id
    row = connection.execute(select(tables.ticket).where(of_ticket)).one()
    return _issue(connection, central, row, None, at)


def name_holder(
    connection: Connection, ticket_id: str, holder: str, calendar: SiteCalendar
) -> None:
    """Writes a ticket's holder down; a type that asks for one asks no more.

    Raises:
        InputError: ``ticket_unknown``, ``name_bad``.
    """
    changed = connection.execute(
        update(tables.ticket)
        .where(tables.ticket.c.ticket_id == ticket_id)
        .values(holder=parse_name("holder", holder, "holder"))
    )
    if not changed.rowcount:
        raise unknown_ticket(ticket_id)
    recompute_grants(connection, tables.ticket.c.ticket_id == ticket_id, calendar)


def _without_fees(price: Quote) -> dict[str, int]:
    """What was paid for each line itself."""
    return {
        line.line_id: line.gross_minor
        - sum(d.amount_minor for d in line.deductions if d.kind is not DeductionKind.WAIVED_FEES)
        for line in price.lines
    }


def _start_renewal(
    connection: Connection, row: Row[Any], now: Instant, calendar: SiteCalendar
) -> None:
    """A renewal bought early begins when the old term is over."""
    ends_at = load_grant(connection, row.renews).valid_until
    if row.starts_on is None and ends_at is not None and ends_at > now:
        connection.execute(
            update(tables.ticket)
            .where(tables.ticket.c.ticket_id == row.ticket_id)
            .values(starts_on=calendar.business_date(ends_at).isoformat())
        )


def _start_renewals(
    connection: Connection, order_id: str, now: Instant, calendar: SiteCalendar
) -> None:
    for row in _tickets(connection, order_id):
        if row.renews is not None:
            _start_renewal(connection, row, now, calendar)


def _tickets(connection: Connection, order_id: str) -> list[Row[Any]]:
    return list(
        connection.execute(
            select(tables.ticket)
            .where(tables.ticket.c.order_id == order_id)
            .order_by(tables.ticket.c.sold_at, tables.ticket.c.ticket_id)
        )
    )


def _issue(
    connection: Connection, central: Central, row: Row[Any], card: SaleForm | None, at: Instant
) -> Issued:
    grant = load_grant(connection, row.ticket_id)
    code = _kept_code(connection, central, row.renews, grant.grant_no, at)
    if code is None:
        form = card or SaleForm(type="", kind=CodeKind(row.code_kind))
        code = issue_code(connection, central.secrets, form, grant, at)
    return _issued(connection, row.ticket_id, code)


def _issued(connection: Connection, ticket_id: str, code: Code) -> Issued:
    grant = load_grant(connection, ticket_id)
    return Issued(ticket_id, grant.grant_no, grant.valid_from, grant.valid_until, code)


def _kept_code(
    connection: Connection, central: Central, renews: str | None, grant_no: GrantNo, at: Instant
) -> Code | None:
    """The code of a renewed ticket, which from now on opens under the new right too; None = there is none."""
    active = () if renews is None else tuple(find_by_ticket(connection, renews))
    plan = plan_codes(active, grant_no, at, keep_codes=True)
    if plan.issues_new:
        return None
    keep_codes(connection, plan.linked)
    return show_code(connection, central.secrets, plan.linked[0][0])
