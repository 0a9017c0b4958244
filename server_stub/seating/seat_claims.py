"""A holder's claim on the same seat in the next season, and what becomes of it.

Law: each function is part of its caller's transaction. A claim is a hold without a cart and without an end: nobody can
buy the seat under it. It begins when a campaign opens, and ends by a payment, by its release, or with the old card.

Source: docs/membership-rules.md, "Campaigns"; `server_stub.rules.season`, ``CLAIMS``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select, update

from scanner.core.units import Instant
from server_stub.rules.refusals import Refusal
from server_stub.rules.season import (
    Holding,
    HoldingEvent,
    HoldingState,
    buy,
    change,
    claimed,
    holding_at,
)
from server_stub.store.season_tables import campaign, campaign_member, season_seat
from server_stub.store.seat_rows import (
    holding_of,
    own_season_seat,
    refused,
    save_holding,
    seat_is_sold_singly,
)


def open_claim(connection: Connection, old: Row[Any], season_no: int, now: Instant) -> None:
    """The holder of a seat may renew it: nobody else can have it in the next season.

    Raises:
        InputError: ``seat_refused``: somebody else has it there already.
    """
    holding = changed(holding_of(old), HoldingEvent.RENEWAL_OPENED)
    fresh = claimed(holding, now)
    save_holding(connection, old.season_no, holding, old.ticket_id)
    here = _seat(connection, season_no, old.seat)
    if here is None:
        return
    is_free = holding_at(holding_of(here), now).state is HoldingState.AVAILABLE
    if not is_free or seat_is_sold_singly(connection, season_no, old.seat, now):
        raise refused(Refusal.SEAT_TAKEN)
    save_holding(connection, season_no, fresh)


def is_on_map(connection: Connection, season_no: int, seat: str) -> bool:
    """True where the next season has the seat."""
    return _seat(connection, season_no, seat) is not None


def claim_of(connection: Connection, season_no: int, seat: str, customer_id: str) -> Holding | None:
    """A customer's claim as it stands; None = it is gone."""
    row = _seat(connection, season_no, seat)
    if row is None or row.ticket_id is not None or row.customer_id != customer_id:
        return None
    return holding_of(row) if row.state == HoldingState.HELD else None


def is_free(connection: Connection, season_no: int, seat: str, now: Instant) -> bool:
    """True where anybody could buy the seat for the season."""
    row = _seat(connection, season_no, seat)
    if row is None or seat_is_sold_singly(connection, season_no, seat, now):
        return False
    return holding_at(holding_of(row), now).state is HoldingState.AVAILABLE


def renew_claim(
    connection: Connection,
    old: Row[Any],
    season_no: int,
    claim: Holding,
    ticket_id: str,
    now: Instant,
) -> None:
    """The renewal is paid: the seat is the holder's for the next season too."""
    owned = buy(claim, claim.customer_id or "", now)
    if isinstance(owned, Refusal):
        raise refused(owned)
    own_season_seat(connection, season_no, owned, ticket_id, now)
    connection.execute(
        update(season_seat)
        .where(season_seat.c.season_no == season_no, season_seat.c.seat == claim.seat)
        .values(method=old.method)
    )
    save_holding(
        connection,
        old.season_no,
        changed(holding_of(old), HoldingEvent.RENEWED),
        old.ticket_id,
    )


def release_claim(connection: Connection, old: Row[Any], season_no: int) -> None:
    """The window is over: the seat goes to public sale; the old season stays the holder's."""
    lapsed = changed(holding_of(old), HoldingEvent.PRIORITY_ENDED)
    released = changed(lapsed, HoldingEvent.RELEASED)
    save_holding(connection, old.season_no, released, old.ticket_id)
    _drop(connection, season_no, old.seat)


def forget_claims(connection: Connection, ticket_ids: list[str]) -> None:
    """Cards were taken back: what they had a claim on in the next season is free, unless it was renewed."""
    members = connection.execute(
        select(campaign.c.season_no, campaign_member.c.seat)
        .join(campaign, campaign.c.campaign_no == campaign_member.c.campaign_no)
        .where(campaign_member.c.ticket_id.in_(ticket_ids))
    ).all()
    for season_no, seat in members:
        _drop(connection, season_no, seat)


def changed(holding: Holding, what: HoldingEvent) -> Holding:
    """Raises `InputError` ``seat_refused``."""
    after = change(holding, what)
    if isinstance(after, Refusal):
        raise refused(after)
    return after if after.customer_id is None else replace(after, held_until=None)


def _seat(connection: Connection, season_no: int, seat: str) -> Row[Any] | None:
    return connection.execute(
        select(season_seat).where(
            season_seat.c.season_no == season_no,
            season_seat.c.seat == seat,
            season_seat.c.is_on_map == 1,
        )
    ).first()


def _drop(connection: Connection, season_no: int, seat: str) -> None:
    connection.execute(
        update(season_seat)
        .where(
            season_seat.c.season_no == season_no,
            season_seat.c.seat == seat,
            season_seat.c.state == HoldingState.HELD,
            season_seat.c.ticket_id.is_(None),
        )
        .values(state=HoldingState.AVAILABLE, customer_id=None, held_until=None)
    )
