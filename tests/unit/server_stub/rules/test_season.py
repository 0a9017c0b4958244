"""A seat has one owner or hold, and nobody else can buy it (S67, S70, S77)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.core.units import EventNo, Instant, ScopeNo
from server_stub.rules.refusals import Refusal
from server_stub.rules.season import (
    OWNED_STATES,
    Holding,
    HoldingEvent,
    HoldingState,
    Season,
    buy,
    change,
    claimed,
    event_seat_is_sellable,
    hold,
    holding_at,
    season_seat_is_sellable,
)

S, E = HoldingState, HoldingEvent
FREE = Holding(seat="A-12")
OWNED = Holding(seat="A-12", state=S.OWNED, customer_id="anna")
NOW, UNTIL = Instant(1_000), Instant(2_000)


def held() -> Holding:
    reserved = hold(FREE, "anna", NOW, UNTIL)
    assert isinstance(reserved, Holding)
    return reserved


def test_a_free_seat_is_held_and_then_bought() -> None:
    assert held() == Holding(seat="A-12", state=S.HELD, customer_id="anna", held_until=UNTIL)
    assert buy(held(), "anna", NOW) == OWNED
    assert buy(FREE, "anna", NOW) == OWNED


def test_s67_nobody_else_buys_or_holds_what_is_held_until_the_hold_runs_out() -> None:
    last = Instant(UNTIL - 1)

    assert buy(held(), "ben", last) is Refusal.SEAT_TAKEN
    assert hold(held(), "ben", last, None) is Refusal.SEAT_TAKEN
    assert buy(held(), "ben", UNTIL) == replace(OWNED, customer_id="ben")
    assert holding_at(held(), UNTIL) == FREE


def test_ones_own_hold_may_be_prolonged() -> None:
    assert hold(held(), "anna", NOW, Instant(9_000)) == replace(held(), held_until=Instant(9_000))


def test_a_hold_without_an_end_stays() -> None:
    kept = hold(FREE, "anna", NOW, None)
    assert isinstance(kept, Holding)

    assert holding_at(kept, Instant(10**15)) == kept


@pytest.mark.parametrize("state", sorted(OWNED_STATES))
@pytest.mark.parametrize("customer", ["anna", "ben"])
def test_s67_what_somebody_owns_is_sold_to_nobody(state: S, customer: str) -> None:
    owned = replace(OWNED, state=state)

    assert buy(owned, customer, NOW) is Refusal.SEAT_TAKEN
    assert hold(owned, customer, NOW, None) is Refusal.SEAT_TAKEN
    assert season_seat_is_sellable(owned, {}) is Refusal.SEAT_TAKEN
    assert event_seat_is_sellable((FREE, owned), NOW) is Refusal.SEAT_TAKEN


def test_s67_a_seat_that_is_free_in_every_season_is_sold_for_one_event() -> None:
    assert event_seat_is_sellable((FREE, held()), UNTIL) is None
    assert event_seat_is_sellable((FREE, held()), NOW) is Refusal.SEAT_TAKEN


def test_a_seat_sold_for_one_event_is_not_sold_for_the_season() -> None:
    assert season_seat_is_sellable(FREE, {EventNo(3): "ben"}) is Refusal.SEAT_TAKEN
    assert season_seat_is_sellable(FREE, {}) is None


@pytest.mark.parametrize("state", sorted(OWNED_STATES))
def test_a_refund_frees_the_seat(state: S) -> None:
    assert change(replace(OWNED, state=state), E.TAKEN_BACK) == FREE


def test_a_hold_that_is_let_go_forgets_whose_it_was() -> None:
    assert change(held(), E.LET_GO) == FREE
    assert change(FREE, E.LET_GO) is Refusal.SEAT_FREE


@pytest.mark.parametrize(
    ("state", "event", "answer"),
    [
        (S.OWNED, E.RENEWAL_OPENED, S.RENEWAL_OPEN),
        (S.RENEWAL_OPEN, E.RENEWED, S.RENEWED),
        (S.RENEWAL_OPEN, E.PRIORITY_ENDED, S.LAPSED),
        (S.LAPSED, E.RELEASED, S.RELEASED),
    ],
)
def test_a_holding_is_renewed_or_lapses_and_stays_its_owners(state: S, event: E, answer: S) -> None:
    assert change(replace(OWNED, state=state), event) == replace(OWNED, state=answer)


@pytest.mark.parametrize(
    ("state", "event", "refusal"),
    [
        (S.OWNED, E.RENEWED, Refusal.CAMPAIGN_NOT_READY),
        (S.OWNED, E.PRIORITY_ENDED, Refusal.CAMPAIGN_NOT_READY),
        (S.OWNED, E.RELEASED, Refusal.CAMPAIGN_NOT_READY),
        (S.RENEWAL_OPEN, E.RELEASED, Refusal.RENEWAL_OPEN),
        (S.RENEWED, E.RELEASED, Refusal.ALREADY_RENEWED),
        (S.RENEWED, E.RENEWED, Refusal.ALREADY_RENEWED),
        (S.LAPSED, E.RENEWED, Refusal.RENEWAL_CLOSED),
        (S.RELEASED, E.RENEWED, Refusal.RENEWAL_CLOSED),
    ],
)
def test_s77_a_seat_is_not_released_before_nor_renewed_after(
    state: S, event: E, refusal: Refusal
) -> None:
    assert change(replace(OWNED, state=state), event) is refusal


@pytest.mark.parametrize(
    ("state", "next_season"),
    [
        (S.OWNED, FREE),
        (S.RENEWAL_OPEN, replace(OWNED, state=S.HELD)),
        (S.RENEWED, OWNED),
        (S.LAPSED, replace(OWNED, state=S.HELD)),
        (S.RELEASED, FREE),
    ],
)
def test_s77_the_renewal_decides_about_the_seat_in_the_next_season(
    state: S, next_season: Holding
) -> None:
    assert claimed(replace(OWNED, state=state), NOW) == next_season


def test_a_mere_hold_is_no_claim_on_the_next_season() -> None:
    assert claimed(held(), NOW) == FREE


@pytest.mark.parametrize("event", [E.HELD, E.BOUGHT])
def test_a_seat_is_chosen_by_somebody(event: E) -> None:
    with pytest.raises(RuntimeError, match="needs a customer"):
        change(FREE, event)


def test_s70_every_event_of_a_season_is_one_row_for_all_holders() -> None:
    season = Season(ScopeNo(2), frozenset({EventNo(9), EventNo(4)}))

    assert season.scope_events() == ((2, 4), (2, 9))
    added = replace(season, events=season.events | {EventNo(11)})
    assert added.scope_events() == ((2, 4), (2, 9), (2, 11))
