"""The state tables of the central: total, no state that cannot be reached, no end that can be left."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import pytest

from server_stub.rules.campaign import CAMPAIGN_TABLE, CampaignEvent, CampaignState
from server_stub.rules.event_seat import SEAT_TABLE, SeatEvent, SeatState
from server_stub.rules.machine import Table, next_state, successors
from server_stub.rules.orders import ORDER_TABLE, OrderEvent, OrderState
from server_stub.rules.refusals import MEANINGS, Refusal
from server_stub.rules.season import HOLDING_TABLE, HoldingEvent, HoldingState
from server_stub.rules.subscription import (
    SUBSCRIPTION_TABLE,
    SubscriptionEvent,
    SubscriptionState,
)


class Machine(NamedTuple):
    """A table with its vocabulary."""

    table: Table[StrEnum, StrEnum]
    states: type[StrEnum]
    events: type[StrEnum]
    start: StrEnum
    ends: frozenset[StrEnum]


MACHINES = {
    "order": Machine(
        ORDER_TABLE,
        OrderState,
        OrderEvent,
        OrderState.DRAFT,
        frozenset({OrderState.REFUNDED, OrderState.CANCELLED}),
    ),
    "subscription": Machine(
        SUBSCRIPTION_TABLE,
        SubscriptionState,
        SubscriptionEvent,
        SubscriptionState.DRAFT,
        frozenset({SubscriptionState.EXPIRED, SubscriptionState.ENDED}),
    ),
    "holding": Machine(
        HOLDING_TABLE, HoldingState, HoldingEvent, HoldingState.AVAILABLE, frozenset()
    ),
    "event seat": Machine(SEAT_TABLE, SeatState, SeatEvent, SeatState.OWN, frozenset()),
    "campaign": Machine(
        CAMPAIGN_TABLE,
        CampaignState,
        CampaignEvent,
        CampaignState.DRAFT,
        frozenset({CampaignState.COMPLETED}),
    ),
}
every_machine = pytest.mark.parametrize("machine", MACHINES.values(), ids=list(MACHINES))


@every_machine
def test_every_event_has_an_answer_in_every_state(machine: Machine) -> None:
    answers = {
        next_state(machine.table, state, event)
        for state in machine.states
        for event in machine.events
    }

    assert set(machine.table) == set(machine.states)
    assert all(isinstance(answer, Refusal | machine.states) for answer in answers)


@every_machine
def test_every_state_can_be_reached(machine: Machine) -> None:
    reached, fresh = {machine.start}, {machine.start}
    while fresh:
        fresh = {after for state in fresh for after in successors(machine.table, state)} - reached
        reached |= fresh

    assert reached == set(machine.states)


@every_machine
def test_only_an_end_has_no_way_out(machine: Machine) -> None:
    stuck = {state for state in machine.states if successors(machine.table, state) <= {state}}

    assert stuck == machine.ends


@every_machine
def test_every_event_moves_something(machine: Machine) -> None:
    moving = {event for row in machine.table.values() for event in row.moves}

    assert moving == set(machine.events)


def test_every_refusal_is_explained() -> None:
    assert set(MEANINGS) == set(Refusal)
    assert all(len(meaning) > 10 for meaning in MEANINGS.values())
