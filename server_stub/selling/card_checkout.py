"""A placed order paid by card: priced again, charged once, completed with the money.

Law: an order is priced anew before its card is asked; what changed is told and nothing is charged. The request is
recorded before the card company is asked, which happens outside any transaction; its answer and the rights it pays for
are one transaction. So there are never rights without money; an answer that was not heard leaves an order that is still
pending, that nothing else can happen to, and that is asked for again under the same key: by the customer who pays once
more, by staff, by the next billing run.

Source: docs/central.md, "Paying by card".
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from server_stub.central import Central
from server_stub.rules.billing import Answer
from server_stub.rules.orders import OrderState
from server_stub.selling.carts import settle
from server_stub.selling.checkout import Issued, finish, load_issued
from server_stub.selling.order_charges import (
    answer_order_charge,
    find_unanswered,
    load_order_charge,
    load_paid_minor,
    load_unanswered_orders,
    record_order_charge,
)
from server_stub.selling.orders import find_order, wrong_state
from server_stub.selling.payments import MoneyRequest, ProviderName, Providers
from server_stub.selling.simulated_card import save_card
from server_stub.site import load_currency
from server_stub.store.seat_rows import ASKED_HOLD_MS, prolong_holds

BY_CARD = "card"
FOR_NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class CardPaid:
    """What became of a payment. ``answer`` None: nobody had to be asked. The codes are with the tickets."""

    order_id: str
    state: OrderState
    answer: Answer | None
    total_minor: int
    tickets: tuple[Issued, ...]


def pay_by_card(central: Central, providers: Providers, order_id: str, number: str) -> CardPaid:
    """Charges the price of now and completes the order; one that a card has paid already is shown.

    Raises:
        InputError: ``order_unknown``, ``order_state``, ``price_changed``, ``card_not_simulated``, ``seat_refused``.
    """
    heard = ask_unanswered(central, providers, order_id, is_off_session=False)
    if heard is Answer.SUCCEEDED:
        return _shown(central, order_id, heard)
    with central.database.write() as connection:
        order = find_order(connection, order_id)
        if order.state == OrderState.COMPLETED and order.paid_by == BY_CARD:
            key = None
        elif order.state != OrderState.PENDING:
            raise wrong_state(order, "and not waiting for its payment")
        else:
            waiting = find_unanswered(connection, order_id)
            key = waiting or _record(connection, central, order_id, number)
    answer = None if key is None else _ask(central, providers, key, is_off_session=False)
    return _shown(central, order_id, answer)


def settle_order(central: Central, providers: Providers, order_id: str) -> CardPaid:
    """Asks for an answer that was not heard; where none is missing the order is only shown.

    Raises:
        InputError: ``order_unknown``.
    """
    with central.database.write() as connection:
        find_order(connection, order_id)
    return _shown(central, order_id, ask_unanswered(central, providers, order_id))


def ask_unanswered(
    central: Central, providers: Providers, order_id: str, *, is_off_session: bool = True
) -> Answer | None:
    """Asks again for the request of an order that has no answer; None = there is none."""
    with central.database.read() as connection:
        key = find_unanswered(connection, order_id)
    return None if key is None else _ask(central, providers, key, is_off_session=is_off_session)


def ask_all_unanswered(central: Central, providers: Providers) -> int:
    """Asks for every answer that is missing; how many were heard."""
    with central.database.read() as connection:
        orders = load_unanswered_orders(connection)
    heard = [ask_unanswered(central, providers, order_id) for order_id in orders]
    return sum(1 for answer in heard if answer not in {None, Answer.UNKNOWN})


def _record(connection: Connection, central: Central, order_id: str, number: str) -> str | None:
    """The request for the price of now; None = it costs nothing and is completed."""
    now = central.clock.now_ms()
    price = settle(connection, order_id, now)
    if price.total_minor == 0:
        finish(connection, central, order_id, (0, FOR_NOTHING))
        return None
    prolong_holds(connection, order_id, now, ASKED_HOLD_MS)
    due = (price.total_minor, load_currency(connection))
    return record_order_charge(connection, order_id, save_card(connection, number), due, now)


def _ask(central: Central, providers: Providers, key: str, *, is_off_session: bool) -> Answer:
    with central.database.read() as connection:
        row = load_order_charge(connection, key)
    request = MoneyRequest(
        key=key,
        subscription_id=None,
        method=row.method,
        amount_minor=row.amount_minor,
        currency=row.currency,
        is_off_session=is_off_session,
        at=central.clock.now_ms(),
    )
    answer = providers[ProviderName.CARD].charge(request)
    with central.database.write() as connection:
        now = central.clock.now_ms()
        is_first = answer_order_charge(connection, key, answer, now)
        if is_first and answer is Answer.SUCCEEDED:
            finish(connection, central, row.order_id, (row.amount_minor, BY_CARD))
        elif is_first:
            prolong_holds(connection, row.order_id, now)
    return answer


def _shown(central: Central, order_id: str, answer: Answer | None) -> CardPaid:
    with central.database.write() as connection:
        state = OrderState(find_order(connection, order_id).state)
        is_done = state is OrderState.COMPLETED
        return CardPaid(
            order_id=order_id,
            state=state,
            answer=answer,
            total_minor=load_paid_minor(connection, order_id),
            tickets=load_issued(connection, central, order_id) if is_done else (),
        )
