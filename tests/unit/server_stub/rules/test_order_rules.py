"""What an order gives, and that a refund takes back that and nothing else (S11, S12, S13)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server_stub.rules.machine import next_state
from server_stub.rules.orders import (
    ORDER_TABLE,
    Gift,
    GiftKind,
    Order,
    OrderEvent,
    OrderLine,
    OrderState,
    gifts_of,
    may_become,
    taken_back,
)
from server_stub.rules.refusals import Refusal

PASS = OrderLine(line_id="a", kind=GiftKind.TICKET, name="Pass", tags=frozenset({"Membre 2025"}))
SECOND = replace(PASS, line_id="b")
PAID = Order(state=OrderState.COMPLETED, lines=(PASS, SECOND))


@pytest.mark.parametrize(
    ("state", "event", "answer"),
    [
        (OrderState.DRAFT, OrderEvent.PLACED, OrderState.PENDING),
        (OrderState.DRAFT, OrderEvent.CANCELLED, OrderState.CANCELLED),
        (OrderState.DRAFT, OrderEvent.PAID, Refusal.ORDER_NOT_PLACED),
        (OrderState.PENDING, OrderEvent.PAID, OrderState.COMPLETED),
        (OrderState.PENDING, OrderEvent.CANCELLED, OrderState.CANCELLED),
        (OrderState.PENDING, OrderEvent.REFUNDED, Refusal.ORDER_PLACED),
        (OrderState.COMPLETED, OrderEvent.REFUNDED, OrderState.REFUNDED),
        (OrderState.COMPLETED, OrderEvent.CANCELLED, OrderState.CANCELLED),
        (OrderState.COMPLETED, OrderEvent.PAID, Refusal.ORDER_PAID),
        (OrderState.REFUNDED, OrderEvent.REFUNDED, Refusal.ORDER_CLOSED),
        (OrderState.CANCELLED, OrderEvent.PAID, Refusal.ORDER_CLOSED),
    ],
)
def test_an_order_goes_one_way(
    state: OrderState, event: OrderEvent, answer: OrderState | Refusal
) -> None:
    assert next_state(ORDER_TABLE, state, event) == answer


@pytest.mark.parametrize("state", [s for s in OrderState if s is not OrderState.COMPLETED])
def test_s11_nothing_is_given_but_by_a_completed_order(state: OrderState) -> None:
    assert gifts_of(replace(PAID, state=state)) == frozenset()


def test_s11_once_completed_there_are_the_ticket_and_its_tag() -> None:
    assert gifts_of(replace(PAID, lines=(PASS,))) == {
        Gift("a", GiftKind.TICKET, "Pass"),
        Gift("a", GiftKind.TAG, "Membre 2025"),
    }


@pytest.mark.parametrize("end", [OrderState.REFUNDED, OrderState.CANCELLED])
def test_s12_a_refund_takes_back_exactly_what_was_given(end: OrderState) -> None:
    assert taken_back(PAID, replace(PAID, state=end)) == gifts_of(PAID)


def test_s13_of_two_passes_one_refunded_leaves_the_other_and_its_tag() -> None:
    after = replace(PAID, refunded=frozenset({"b"}))

    assert {gift.line_id for gift in taken_back(PAID, after)} == {"b"}
    assert Gift("a", GiftKind.TAG, "Membre 2025") in gifts_of(after)


def test_what_was_taken_back_once_is_not_taken_back_again() -> None:
    partly = replace(PAID, refunded=frozenset({"b"}))
    after = replace(partly, state=OrderState.REFUNDED)

    assert taken_back(PAID, partly) | taken_back(partly, after) == gifts_of(PAID)
    assert taken_back(PAID, partly) & taken_back(partly, after) == frozenset()


def test_one_event_leads_only_to_the_next_state() -> None:
    assert may_become(OrderState.PENDING, OrderState.COMPLETED)
    assert not may_become(OrderState.DRAFT, OrderState.COMPLETED)
