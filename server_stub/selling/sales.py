"""Selling at a desk: one ticket, one step, from an order to the code in the holder's hand.

Law: one transaction. The payload is returned to the caller once; what is kept of it is `server_stub.selling.issuer`'s
matter.

Source: docs/central.md, "Selling".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection

from scanner.core.units import GrantNo, Instant
from server_stub.api.forms import CodeKind, SaleForm
from server_stub.central import Central
from server_stub.faults import FieldError
from server_stub.selling.checkout import complete, place
from server_stub.selling.orders import add_ticket, create_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """What a sale made."""

    ticket_id: str
    order_id: str
    grant_no: GrantNo
    credential_no: int
    kind: CodeKind
    payload: str = field(repr=False)
    valid_from: Instant | None
    valid_until: Instant | None
    total_minor: int


def sell(central: Central, form: SaleForm) -> Sold:
    """Sells one ticket.

    Raises:
        InputError: ``name_unknown``, ``email_bad``, ``code_bad``, ``code_taken``, ``code_not_asked``,
            ``sale_of_several``, or what a seat is refused with.
    """
    with central.database.write() as connection:
        return apply_sale(connection, central, form)


def apply_sale(connection: Connection, central: Central, form: SaleForm) -> Sold:
    """Sells one ticket, in the caller's transaction.

    Raises:
        InputError: as `sell`.
    """
    if form.per_event:
        raise FieldError(
            "sale_of_several",
            "one ticket a match is more than one ticket; nothing was sold",
            "use an order: `portillon-central seat sell --per-event`, or POST /v1/admin/orders",
            field="per_event",
        )
    now = central.clock.now_ms()
    order_id = create_order(connection, form.email, now)
    add_ticket(connection, order_id, form, now)
    place(connection, order_id, now)
    done = complete(connection, central, order_id, form.paid_by, form)
    (issued,) = done.tickets
    return Sold(
        ticket_id=issued.ticket_id,
        order_id=order_id,
        grant_no=issued.grant_no,
        credential_no=issued.code.credential_no,
        kind=issued.code.kind,
        payload=issued.code.payload,
        valid_from=issued.valid_from,
        valid_until=issued.valid_until,
        total_minor=done.total_minor,
    )
