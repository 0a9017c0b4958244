"""Benefits of subscriptions: there with the next request, gone when the rules say (S33, S34, S41-S43)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from server_stub.api.benefit_forms import (
    ConditionForm,
    EntitlementForm,
    SegmentForm,
    ShopForm,
    VarForm,
)
from server_stub.api.form_reading import parse_form
from server_stub.api.forms import EventForm, SaleForm, TagForm, TypeForm
from server_stub.rules.tags import present_tags
from server_stub.selling import carts, checkout, orders, shops
from server_stub.selling.benefits import save_entitlement, save_segment
from server_stub.selling.catalogue import add_event, add_scope, add_type, cancel_event
from server_stub.selling.customers import find_customer, load_customer
from server_stub.selling.event_attributes import set_event_attribute
from server_stub.site import load_site
from server_stub.subscribing.subscriptions import (
    cancel,
    pause,
    pay,
    resume,
    undo_cancellation,
    upgrade_plan,
)
from support.databases import NewDatabase
from support.subscribers import BAD, BAD_LATER, GOOD, Club, club

ANN = "a@b.org"


@pytest.fixture
def friends(tmp_path: Path, new_database: NewDatabase) -> Iterator[Club]:
    """Friends have a tag, a secret shop and a tenth off; the shop knows them by tag, the price by plan."""
    with club(tmp_path, new_database()) as made:
        made.plan(name="Tagged", tags=[TagForm(tag="Friend")])
        made.plan(name="Patrons", price_minor=3_000, tags=[TagForm(tag="Patron")])
        made.plan(name="Strict", tags=[TagForm(tag="Friend")], benefit_grace=False)
        plans = [ConditionForm(plan=name) for name in ("Tagged", "Patrons", "Strict")]
        with made.central.database.write() as connection:
            calendar = load_site(connection).calendar
            dinner = TypeForm(name="dinner", validity="always", price_minor=1_000)
            add_type(connection, dinner, calendar)
            save_segment(connection, SegmentForm(name="Club", condition=ConditionForm(any_=plans)))
            save_entitlement(
                connection,
                EntitlementForm(
                    name="tenth",
                    condition=ConditionForm(segment="Club"),
                    var_discount=VarForm(share_bp=1_000),
                ),
            )
            shop = ShopForm(name="Cellar", types=["dinner"], tags=["Friend"])
            shops.save_shop(connection, made.central.secrets, shop, calendar)
        yield made


@dataclass(frozen=True)
class Given:
    """What a customer has at an instant."""

    tags: frozenset[str]
    shops: list[str]
    dinner_minor: int


def given(friends: Club, email: str = ANN) -> Given:
    """As the next request of the customer would find it."""
    with friends.central.database.write() as connection:
        now = friends.clock.now_ms()
        customer_id = find_customer(connection, email).customer_id
        customer = load_customer(connection, customer_id, now)
        order = orders.open_order(connection, customer_id, now)
        checkout.add_line(connection, order, SaleForm(type="dinner"), now)
        return Given(
            present_tags(customer.assignments, now),
            [one.name for one in shops.load_open_shops(connection, customer, None, now)],
            carts.show_cart(connection, order, now).total_minor,
        )


NOTHING = Given(frozenset(), [], 1_000)
FRIEND = Given(frozenset({"Friend"}), ["Cellar"], 900)


def test_benefits_are_there_with_the_request_after_the_payment(friends: Club) -> None:
    who = friends.join(BAD, plan="Tagged")
    unpaid = given(friends)
    pay(friends.central, friends.providers, who, GOOD)

    assert (unpaid, given(friends)) == (NOTHING, FRIEND)


@pytest.mark.parametrize(("plan", "in_grace"), [("Tagged", FRIEND), ("Strict", NOTHING)])
def test_in_grace_they_are_as_the_plan_says_and_after_it_gone_whether_or_not_anybody_billed(
    friends: Club, plan: str, in_grace: Given
) -> None:
    friends.join(BAD_LATER, plan=plan)
    friends.at("2026-02-28T09:59")
    assert given(friends) == FRIEND
    friends.at("2026-02-28T10:00")
    assert given(friends) == in_grace
    friends.bill()
    assert given(friends) == in_grace
    friends.at("2026-03-07T10:00")
    assert given(friends) == NOTHING


def test_suspended_there_are_none_and_paying_brings_them_back(friends: Club) -> None:
    who = friends.join(BAD_LATER, plan="Tagged")
    for day in ("2026-02-28T10:00", "2026-03-01T10:00", "2026-03-03T10:00", "2026-03-07T10:00"):
        friends.at(day)
        friends.bill()
    suspended = (friends.state(who).value, given(friends))
    pay(friends.central, friends.providers, who, GOOD)

    assert suspended == ("suspended", NOTHING)
    assert given(friends) == FRIEND


def test_a_pause_takes_them_and_resuming_gives_them_back(friends: Club) -> None:
    who = friends.join(plan="Tagged")
    friends.at("2026-02-14T10:00")
    pause(friends.central, who)
    paused = given(friends)
    resume(friends.central, friends.providers, who)

    assert (paused, given(friends)) == (NOTHING, FRIEND)


def test_cancelled_they_run_to_the_end_of_the_period_and_no_further(friends: Club) -> None:
    who = friends.join(plan="Tagged")
    cancel(friends.central, who)
    friends.at("2026-02-28T09:59")
    assert given(friends) == FRIEND
    undo_cancellation(friends.central, who)
    cancel(friends.central, who)
    friends.at("2026-02-28T10:00")

    assert given(friends) == NOTHING
    friends.bill()
    assert (friends.state(who).value, given(friends)) == ("ended", NOTHING)


def test_a_dearer_plan_brings_its_own_tags(friends: Club) -> None:
    who = friends.join(plan="Tagged")
    friends.at("2026-02-14T10:00")
    upgrade_plan(friends.central, friends.providers, who, "Patrons")

    assert given(friends) == Given(frozenset({"Patron"}), [], 900)


def test_one_of_two_subscriptions_that_ends_leaves_what_the_other_gives(friends: Club) -> None:
    first = friends.join(plan="Tagged")
    friends.join(plan="Tagged")
    pause(friends.central, first)

    assert given(friends) == FRIEND


@pytest.mark.parametrize(("fixed_minor", "total_minor"), [(0, 800), (300, 500), (2_000, 0)])
def test_of_percentages_the_best_one_counts_then_amounts_and_never_below_zero(
    friends: Club, fixed_minor: int, total_minor: int
) -> None:
    """S33, on a dinner of 10.00."""
    friends.join(plan="Tagged")
    club_only = ConditionForm(segment="Club")
    with friends.central.database.write() as connection:
        for form in (
            EntitlementForm(
                name="fifth", condition=club_only, var_discount=VarForm(share_bp=2_000)
            ),
            EntitlementForm(name="off", condition=club_only, fix_discount_minor=fixed_minor),
        ):
            save_entitlement(connection, form)

    assert given(friends).dinner_minor == total_minor


def test_an_attribute_of_an_event_decides_a_price_as_long_as_the_event_is_on(
    friends: Club,
) -> None:
    def write(act: Callable[..., object], *arguments: object) -> object:
        with friends.central.database.write() as connection:
            return act(connection, *arguments)

    def price() -> int:
        with friends.central.database.write() as connection:
            now = friends.clock.now_ms()
            order = orders.create_order(connection, None, now)
            checkout.add_line(connection, order, SaleForm(type="match"), now)
            return carts.show_cart(connection, order, now).total_minor

    calendar = friends.look(friends.join()).moment.site
    write(add_scope, "Season")
    times = {"starts_at": "2026-05-01T20:00", "ends_at": "2026-05-01T22:00"}
    event = write(add_event, EventForm(name="Final", scopes=["Season"], **times), calendar)
    match = TypeForm(name="match", validity="always", scope="Season", price_minor=2_000)
    write(add_type, match, calendar)
    condition = {"event_attribute": {"name": "cup", "value": "yes"}}
    raw = {"name": "cup", "condition": condition, "fix_discount_minor": 500}
    write(save_entitlement, parse_form(EntitlementForm, raw))

    assert price() == 2_000
    write(set_event_attribute, event, "cup", "yes")
    assert price() == 1_500
    write(set_event_attribute, event, "cup", None)
    assert price() == 2_000
    write(set_event_attribute, event, "cup", "yes")
    write(cancel_event, event)
    assert price() == 2_000
