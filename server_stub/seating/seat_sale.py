"""Selling a seat at a desk: one order, one step, from a seat of the map to the code in the holder's hand.

Law: one transaction of the caller's: the seat, the money and the codes, or none of them.

Source: docs/model-c.md, "Sell seats".
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select

from scanner.core.grants import GrantFlag
from server_stub.api.forms import CodeKind, PaidBy, SaleForm, Strict
from server_stub.api.season_forms import EventNumber
from server_stub.central import Central
from server_stub.faults import FieldError
from server_stub.seating.seasons import find_season
from server_stub.selling.checkout import Completed, complete, place
from server_stub.selling.orders import add_ticket, create_order
from server_stub.store.tables import ticket_type


class SeatSaleForm(Strict, frozen=True):
    """A seat for one customer: for the whole season, as one ticket a match (``per_event``), or for one ``event``.

    ``code`` and ``symbology``: of a card that is printed already. ``holder``: a name; it stays here.
    """

    season: str
    seat: str
    email: str | None = None
    event: EventNumber | None = None
    per_event: bool = False
    code: str | None = None
    symbology: str | None = None
    holder: str | None = None
    paid_by: PaidBy = PaidBy.CASH
    flags: list[GrantFlag] = msgspec.field(default_factory=list)


def sell_seat(connection: Connection, central: Central, form: SeatSaleForm) -> Completed:
    """Sells a seat.

    Raises:
        InputError: ``name_unknown``, ``seat_unknown``, ``seat_refused``, ``match_not_in_season``, ``email_bad``,
            ``payment_missing``, ``code_bad``, ``code_taken``, ``seat_code_for_several``.
    """
    if form.code is not None and form.per_event:
        raise FieldError(
            "seat_code_for_several",
            "one printed card cannot be the code of several tickets; nothing was sold",
            "leave the code out, or sell the season as one card",
            field="code",
        )
    row = find_season(connection, form.season)
    number = row.card_type_no if form.event is None else row.match_type_no
    kind = select(ticket_type.c.name).where(ticket_type.c.type_no == number)
    line = SaleForm(
        type=connection.execute(kind).scalar_one(),
        kind=CodeKind.SIGNED if form.code is None else CodeKind.OPAQUE,
        code=form.code,
        symbology=form.symbology,
        holder=form.holder,
        seat=form.seat,
        event=form.event,
        per_event=form.per_event,
        flags=form.flags,
    )
    now = central.clock.now_ms()
    order_id = create_order(connection, form.email, now)
    add_ticket(connection, order_id, line, now)
    place(connection, order_id, now)
    card = None if form.code is None else line
    return complete(connection, central, order_id, form.paid_by, card)
