"""What an order is, what it gives once it is completed, and what a refund takes back.

Law: nothing exists before the order is completed. What stands at any moment is a function of the order's state and its
refunded lines, so a refund removes exactly what its lines gave, and what another order gave stays.

    draft ──placed──▶ pending ──paid──▶ completed ──refunded──▶ refunded
      └──cancelled──────┴──▶ cancelled ◀──cancelled──┘

Source: docs/decisions.md, "Central: state machines"; docs/membership-rules.md, "Orders".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from server_stub.rules.machine import Row, Table, successors
from server_stub.rules.refusals import Refusal


class OrderState(StrEnum):
    """draft → pending → completed → refunded | cancelled."""

    DRAFT = "draft"
    PENDING = "pending"
    COMPLETED = "completed"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


class OrderEvent(StrEnum):
    """What can happen to an order."""

    PLACED = "placed"
    PAID = "paid"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


ORDER_TABLE: Table[OrderState, OrderEvent] = {
    OrderState.DRAFT: Row(
        {OrderEvent.PLACED: OrderState.PENDING, OrderEvent.CANCELLED: OrderState.CANCELLED},
        Refusal.ORDER_NOT_PLACED,
    ),
    OrderState.PENDING: Row(
        {OrderEvent.PAID: OrderState.COMPLETED, OrderEvent.CANCELLED: OrderState.CANCELLED},
        Refusal.ORDER_PLACED,
    ),
    OrderState.COMPLETED: Row(
        {OrderEvent.REFUNDED: OrderState.REFUNDED, OrderEvent.CANCELLED: OrderState.CANCELLED},
        Refusal.ORDER_PAID,
    ),
    OrderState.REFUNDED: Row({}, Refusal.ORDER_CLOSED),
    OrderState.CANCELLED: Row({}, Refusal.ORDER_CLOSED),
}


class GiftKind(StrEnum):
    """What a line of an order can give."""

    TICKET = "ticket"
    SUBSCRIPTION = "subscription"
    SEAT = "seat"
    TAG = "tag"


@dataclass(frozen=True, slots=True, order=True)
class Gift:
    """One thing given. ``line_id`` is its source: the same tag from two lines is two gifts."""

    line_id: str
    kind: GiftKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One thing bought: a ticket of a type, a plan or a seat of a season, and the tags that come with it."""

    line_id: str
    kind: GiftKind
    name: str
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as far as it gives something. ``refunded``: lines given back one by one."""

    state: OrderState
    lines: tuple[OrderLine, ...]
    refunded: frozenset[str] = frozenset()


def may_become(state: OrderState, target: OrderState) -> bool:
    """True where one event leads from ``state`` to ``target``."""
    return target in successors(ORDER_TABLE, state)


def gifts_of(order: Order) -> frozenset[Gift]:
    """What the order gives as it stands."""
    if order.state is not OrderState.COMPLETED:
        return frozenset()
    return frozenset(
        gift
        for line in order.lines
        if line.line_id not in order.refunded
        for gift in _gifts_of_line(line)
    )


def taken_back(before: Order, after: Order) -> frozenset[Gift]:
    """What is to be removed when an order becomes another: exactly what it gave and gives no more."""
    return gifts_of(before) - gifts_of(after)


def _gifts_of_line(line: OrderLine) -> frozenset[Gift]:
    tags = {Gift(line.line_id, GiftKind.TAG, tag) for tag in line.tags}
    return frozenset({Gift(line.line_id, line.kind, line.name), *tags})
