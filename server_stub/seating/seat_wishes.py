"""Which seat a sale asks for: only where the ticket type is one of a season, and then always.

Law: read-only. A type of a season is sold with a seat of its map or not at all, so no second right can reach a seat by
another way; a seat of any other type is a word on the ticket.

Source: docs/model-c.md; docs/membership-rules.md, "Seasons and seats".
"""

from __future__ import annotations

from sqlalchemy import Connection

from server_stub.api.forms import SaleForm
from server_stub.faults import FieldError
from server_stub.selling.catalogue import find_no
from server_stub.store.seat_rows import Wish, season_of_type
from server_stub.store.tables import ticket_type


def require_map(connection: Connection, type_name: str) -> None:
    """Where visitors choose for themselves, a seat is one of a map: no text of theirs is printed or shown at a gate.

    Raises:
        InputError: ``name_unknown``, ``seat_not_asked``.
    """
    if (
        season_of_type(connection, find_no(connection, ticket_type, "ticket type", type_name))
        is None
    ):
        raise FieldError(
            "seat_not_asked",
            f"ticket type {type_name!r} has no seats to choose from; nothing was added",
            "leave `seat` out, or name a type of a season",
            field="seat",
        )


def wish_of(connection: Connection, ticket_id: str, type_no: int, form: SaleForm) -> Wish | None:
    """The seat that a ticket is for; None = its type is none of a season.

    Raises:
        InputError: ``seat_missing``, ``seat_not_asked``, ``type_not_for_this``.
    """
    season = season_of_type(connection, type_no)
    if season is None:
        if form.event is not None or form.per_event:
            raise FieldError(
                "seat_not_asked",
                f"ticket type {form.type!r} has no seats, so no `event` and no `per_event`; nothing was sold",
                "leave them out, or name a type of a season",
                field="event" if form.event is not None else "per_event",
            )
        return None
    if form.seat is None:
        raise FieldError(
            "seat_missing",
            f"ticket type {form.type!r} is sold with a seat; nothing was sold",
            "see `portillon-central season show` for those that are free",
            field="seat",
        )
    wanted = season.card_type_no if form.event is None else season.match_type_no
    if type_no != wanted or (form.event is not None and form.per_event):
        raise FieldError(
            "type_not_for_this",
            f"ticket type {form.type!r} is not for {'the season' if form.event is None else 'one match'};"
            " nothing was sold",
            f"season {season.name!r} has one type for its card and one for a match",
            field="type",
        )
    return Wish(
        ticket_id=ticket_id,
        season_no=season.season_no,
        seat=form.seat,
        event_no=form.event,
        is_per_event=form.per_event,
    )
