"""Money for renewals: a request recorded, asked, and its answer made to count, each exactly once.

Law: as `server_stub.subscribing.charging`: a request is recorded as unknown before a provider is asked, asked outside
any transaction, and its answer is kept where none was kept before, together with the renewal that it pays. Whoever is
killed in between leaves an unknown request, which the next one asks again under the same key. A holder without a card
is declined without asking anybody.

Source: docs/membership-rules.md, "Campaigns"; docs/model-c.md, "Payments".
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from scanner.core.units import Instant
from server_stub.api.forms import PaidBy
from server_stub.central import Central
from server_stub.rules.billing import Answer
from server_stub.rules.campaign import Member, renewal_key
from server_stub.seating.campaign_renewal import renew
from server_stub.seating.seat_claims import claim_of
from server_stub.selling.payments import MoneyRequest, ProviderName, Providers
from server_stub.store.campaign_rows import Kept, load_member, load_numbered, load_old_seat
from server_stub.store.season_tables import campaign_charge


def record(connection: Connection, kept: Kept, member: Member, now: Instant) -> str:
    """A request as unknown, before anybody is asked; gives its key."""
    method = load_old_seat(connection, kept, member.seat).method
    provider = ProviderName.MANUAL if method is None else ProviderName.CARD
    return _insert(connection, kept, member, now, provider=provider, method=method)


def settle_by_hand(
    connection: Connection, central: Central, kept: Kept, seat: str, paid_by: PaidBy
) -> str:
    """Staff have the money: the request, its answer and the renewal at once; gives the new card's ticket."""
    member, _row = load_member(connection, kept, seat)
    now = central.clock.now_ms()
    key = _insert(connection, kept, member, now, provider=ProviderName.MANUAL, method=None)
    ticket_id = _settle(connection, central, _load(connection, key), Answer.SUCCEEDED, paid_by)
    if ticket_id is None:
        raise RuntimeError("a renewal that may be paid could not be made")
    return ticket_id


def ask(central: Central, providers: Providers, key: str, *, is_off_session: bool) -> Answer:
    """Asks a provider for a recorded request, for the first time or again, and keeps the answer."""
    with central.database.read() as connection:
        row = _load(connection, key)
    answer = _answer(central, providers, row, is_off_session=is_off_session)
    if answer is not Answer.UNKNOWN:
        with central.database.write() as connection:
            _settle(connection, central, row, answer, ProviderName.CARD)
    return answer


def _answer(
    central: Central, providers: Providers, row: Row[Any], *, is_off_session: bool
) -> Answer:
    if row.method is None:
        return Answer.DECLINED
    request = MoneyRequest(
        key=row.key,
        subscription_id="",
        method=row.method,
        amount_minor=row.amount_minor,
        currency=row.currency,
        is_off_session=is_off_session,
        at=central.clock.now_ms(),
    )
    return providers[ProviderName(row.provider)].charge(request)


def _settle(
    connection: Connection, central: Central, row: Row[Any], answer: Answer, paid_by: str
) -> str | None:
    """Keeps an answer, once, and lets it count; gives the ticket that was made."""
    kept = load_numbered(connection, row.campaign_no)
    here = campaign_charge.c.key == row.key
    changed = connection.execute(
        update(campaign_charge)
        .where(here, campaign_charge.c.answer == Answer.UNKNOWN)
        .values(answer=answer, answered_at=central.clock.now_ms())
    )
    if not changed.rowcount or answer is not Answer.SUCCEEDED:
        return None
    member, asked = load_member(connection, kept, row.seat)
    claim = claim_of(connection, kept.season_no, row.seat, asked.customer_id)
    if claim is None or member.is_released or not member.is_on_map:
        connection.execute(update(campaign_charge).where(here).values(is_refund_due=1))
        return None
    return renew(connection, central, kept, claim, paid_by)


def _load(connection: Connection, key: str) -> Row[Any]:
    return connection.execute(select(campaign_charge).where(campaign_charge.c.key == key)).one()


def _insert(
    connection: Connection,
    kept: Kept,
    member: Member,
    now: Instant,
    *,
    provider: ProviderName,
    method: str | None,
) -> str:
    number = len(member.attempts) + 1
    key = renewal_key(kept.campaign.campaign_id, member.holding_id, number)
    connection.execute(
        insert(campaign_charge).values(
            key=key,
            campaign_no=kept.campaign_no,
            seat=member.seat,
            provider=provider,
            method=method,
            amount_minor=kept.campaign.price_minor,
            currency=kept.currency,
            asked_at=now,
            answer=Answer.UNKNOWN,
            is_refund_due=0,
        )
    )
    return key
