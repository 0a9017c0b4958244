"""Selling at a desk: one ticket, one step, from an order to the code in the holder's hand.

Law: one transaction. The payload is returned to the caller once; what is kept of it is `server_stub.issuer`'s matter.

Source: docs/central.md, "Selling".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection

from scanner.core.units import GrantNo, Instant
from server_stub.central import Central
from server_stub.codes import issue_code
from server_stub.forms import CodeKind, SaleForm
from server_stub.orders import add_ticket, create_order, load_grant, move_order
from server_stub.rules.orders import OrderState
from server_stub.site import load_site


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


def sell(central: Central, form: SaleForm) -> Sold:
    """Sells one ticket.

    Raises:
        InputError: ``name_unknown``, ``email_bad``, ``code_bad``, ``code_taken``, ``code_not_asked``.
    """
    with central.database.write() as connection:
        return apply_sale(connection, central, form)


def apply_sale(connection: Connection, central: Central, form: SaleForm) -> Sold:
    """Sells one ticket, in the caller's transaction.

    Raises:
        InputError: as `sell`.
    """
    now = central.clock.now_ms()
    calendar = load_site(connection).calendar
    order_id = create_order(connection, form.email, now)
    ticket_id = add_ticket(connection, order_id, form, now)
    for state in (OrderState.PENDING, OrderState.COMPLETED):
        move_order(connection, order_id, state, now, calendar)
    grant = load_grant(connection, ticket_id)
    code = issue_code(connection, central.secrets, form, grant, now)
    return Sold(
        ticket_id=ticket_id,
        order_id=order_id,
        grant_no=grant.grant_no,
        credential_no=code.credential_no,
        kind=code.kind,
        payload=code.payload,
        valid_from=grant.valid_from,
        valid_until=grant.valid_until,
    )
