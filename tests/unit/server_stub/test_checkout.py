"""Orders, tags, refunds and renewals in the store (S01, S11–S14, S29, S59)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from scanner.core.errors import InputError
from scanner.core.grants import AccessGrant, GrantFlag, GrantState
from scanner.core.reasons import Reason
from scanner.core.units import DAY_S, SECOND_MS
from server_stub.api.forms import PaidBy, SaleForm, TagForm, TypeForm
from server_stub.central import Central
from server_stub.rules.orders import OrderState
from server_stub.rules.tags import TagExpiry, present_tags
from server_stub.selling import checkout, orders
from server_stub.selling.catalogue import add_type
from server_stub.selling.codes import replace_code
from server_stub.selling.sales import Sold, sell
from server_stub.site import load_site
from server_stub.store import tables, tag_rows
from server_stub.store.changes import load_rights_count
from support.central_site import CentralClock, museum
from support.databases import NewDatabase

TAG = "Membre 2025"
DAY_MS = DAY_S * SECOND_MS
YEAR_MS = 366 * DAY_MS
END_OF_MARCH_10_2026 = 1_773_183_600_000
"""2026-03-10T23:00Z."""


@pytest.fixture
def clock() -> CentralClock:
    return CentralClock()


@pytest.fixture
def central(tmp_path: Path, clock: CentralClock, new_database: NewDatabase) -> Iterator[Central]:
    with museum(tmp_path, clock, new_database()) as made:
        with made.database.write() as connection:
            form = TypeForm(
                name="membre",
                validity="365 days after purchase",
                price_minor=8_000,
                tags=[TagForm(tag=TAG)],
                is_personal=True,
            )
            add_type(connection, form, load_site(connection).calendar)
        yield made


def write(central: Central, change: Any, *arguments: Any) -> Any:
    with central.database.write() as connection:
        return change(connection, *arguments)


def calendar_of(central: Central) -> Any:
    with central.database.read() as connection:
        return load_site(connection).calendar


def grant_of(central: Central, ticket_id: str) -> AccessGrant:
    with central.database.read() as connection:
        return orders.load_grant(connection, ticket_id)


def assignments(central: Central) -> list[Any]:
    with central.database.read() as connection:
        people = connection.execute(select(tables.customer.c.customer_id)).scalars().all()
        return [one for person in people for one in tag_rows.load_assignments(connection, person)]


def tags_now(central: Central) -> frozenset[str]:
    return present_tags(assignments(central), central.clock.now_ms())


def grants(central: Central) -> int:
    with central.database.read() as connection:
        return len(connection.execute(select(tables.access_grant.c.grant_no)).all())


def order_of(central: Central, *types: str) -> str:
    """A draft of ann's."""
    with central.database.write() as connection:
        now = central.clock.now_ms()
        order_id = orders.create_order(connection, "ann@example.org", now)
        for name in types:
            checkout.add_line(connection, order_id, SaleForm(type=name), now)
    return order_id


def placed(central: Central, *types: str) -> str:
    order_id = order_of(central, *types)
    write(central, checkout.place, order_id, central.clock.now_ms())
    return order_id


def bought(central: Central, *types: str) -> checkout.Completed:
    order_id = placed(central, *types)
    with central.database.write() as connection:
        return checkout.complete(connection, central, order_id, PaidBy.CASH)


def refund(central: Central, order_id: str, ticket_id: str | None = None) -> None:
    now = central.clock.now_ms()
    write(central, checkout.refund, order_id, ticket_id, now, calendar_of(central))


def sell_membre(central: Central, **fields: Any) -> Sold:
    return sell(central, SaleForm(type="membre", email="ann@example.org", **fields))


def test_a_pass_and_its_tag_end_together_at_the_end_of_the_last_day(central: Central) -> None:
    """S01."""
    sold = sell_membre(central)
    (one,) = assignments(central)

    assert sold.valid_until == END_OF_MARCH_10_2026
    assert (one.tag, one.expires_at) == (TAG, END_OF_MARCH_10_2026)
    assert sold.total_minor == 8_000


def test_a_pending_order_gives_nothing_and_a_completed_one_all(central: Central) -> None:
    """S11."""
    order_id = placed(central, "membre")
    before = (grants(central), assignments(central))
    with central.database.write() as connection:
        count = load_rights_count(connection)
        checkout.complete(connection, central, order_id, PaidBy.TRANSFER)
        changed = load_rights_count(connection)

    assert before == (0, [])
    assert (grants(central), set(tags_now(central))) == (1, {TAG})
    assert changed > count, "the next publication has it"


def test_a_cancelled_pending_order_gave_nothing_and_is_closed(central: Central) -> None:
    order_id = placed(central, "membre")
    now = central.clock.now_ms()
    write(central, orders.move_order, order_id, OrderState.CANCELLED, now, calendar_of(central))

    assert (grants(central), assignments(central)) == (0, [])
    with pytest.raises(InputError) as caught, central.database.write() as connection:
        checkout.complete(connection, central, order_id, PaidBy.CASH)
    assert caught.value.code == "order_state"


def test_a_refund_of_the_only_pass_takes_its_right_and_its_tag(central: Central) -> None:
    """S12."""
    done = bought(central, "membre")
    refund(central, done.order_id)
    grant = grant_of(central, done.tickets[0].ticket_id)

    assert (grant.state, grant.deny_reason) == (GrantState.DENY, Reason.CANCELLED)
    assert assignments(central) == []


def test_a_refund_of_one_of_two_passes_leaves_the_tag(central: Central) -> None:
    """S13."""
    first, second = sell_membre(central), sell_membre(central)
    refund(central, first.order_id)

    assert tags_now(central) == {TAG}
    assert grant_of(central, second.ticket_id).state is GrantState.ALLOW


def test_one_ticket_of_an_order_is_given_back_alone(central: Central) -> None:
    done = bought(central, "membre", "annual")
    pass_, annual = sorted(done.tickets, key=lambda one: one.grant_no)
    names = {pass_.ticket_id, annual.ticket_id}
    given_back = pass_.ticket_id
    refund(central, done.order_id, given_back)
    (other,) = names - {given_back}

    assert grant_of(central, given_back).deny_reason is Reason.CANCELLED
    assert grant_of(central, other).state is GrantState.ALLOW
    refund(central, done.order_id, other)
    with pytest.raises(InputError):
        refund(central, done.order_id)


def test_a_ticket_is_not_given_back_twice(central: Central) -> None:
    done = bought(central, "membre", "membre")
    refund(central, done.order_id, done.tickets[0].ticket_id)

    with pytest.raises(InputError) as caught:
        refund(central, done.order_id, done.tickets[0].ticket_id)
    assert caught.value.code == "ticket_unknown"


def test_a_tag_ends_by_the_clock_though_nothing_swept(
    central: Central, clock: CentralClock
) -> None:
    """S35."""
    sell_membre(central)
    clock.now = END_OF_MARCH_10_2026 - 1
    last = tags_now(central)
    clock.now = END_OF_MARCH_10_2026

    assert (last, tags_now(central)) == (frozenset({TAG}), frozenset())


def test_a_tag_may_end_a_while_after_the_purchase_or_never(
    central: Central, clock: CentralClock
) -> None:
    form = TypeForm(
        name="trial",
        validity="always",
        tags=[
            TagForm(tag="newcomer", after="30 days"),
            TagForm(tag="known", expiry=TagExpiry.NEVER),
        ],
    )
    write(central, add_type, form, calendar_of(central))
    sell(central, SaleForm(type="trial"))
    first = tags_now(central)
    clock.pass_ms(31 * DAY_MS)

    assert (set(first), set(tags_now(central))) == ({"newcomer", "known"}, {"known"})


def test_a_tag_ends_in_one_way_only(central: Central) -> None:
    form = TypeForm(
        name="x", validity="always", tags=[TagForm(tag="t", expiry=TagExpiry.NEVER, after="1 day")]
    )
    with pytest.raises(InputError) as caught:
        write(central, add_type, form, calendar_of(central))

    assert caught.value.code == "tag_expiry_wrong"


def test_the_code_of_an_expired_pass_opens_under_the_new_term(
    central: Central, clock: CentralClock
) -> None:
    """S14."""
    old = sell_membre(central)
    clock.pass_ms(YEAR_MS)
    new = sell_membre(central, renews=old.ticket_id)
    plain = sell_membre(central)

    assert new.payload == old.payload
    assert new.grant_no != old.grant_no
    assert plain.payload != old.payload
    with central.database.read() as connection:
        points_to = connection.execute(
            select(tables.credential_grant.c.grant_no).where(
                tables.credential_grant.c.credential_no == new.credential_no
            )
        ).scalars()
        assert set(points_to) == {old.grant_no, new.grant_no}


def test_a_renewal_bought_early_begins_when_the_old_term_is_over(central: Central) -> None:
    old = sell_membre(central)
    new = sell_membre(central, renews=old.ticket_id)

    assert new.valid_from == old.valid_until


def test_a_code_that_states_its_dates_cannot_be_kept(central: Central) -> None:
    dated = TypeForm(name="day", validity="0 days after purchase", is_renewable=False)
    write(central, add_type, dated, calendar_of(central))
    old = sell(central, SaleForm(type="day"))
    with pytest.raises(InputError) as caught:
        sell(central, SaleForm(type="day", renews=old.ticket_id))

    assert caught.value.code == "code_dated"


def test_naming_the_holder_clears_the_question_at_the_gate(central: Central) -> None:
    """S29."""
    sold = sell_membre(central)
    before = grant_of(central, sold.ticket_id)
    write(central, checkout.name_holder, sold.ticket_id, "Ann Example", calendar_of(central))
    after = grant_of(central, sold.ticket_id)

    assert GrantFlag.DETAILS_REQUIRED in before.flags
    assert GrantFlag.DETAILS_REQUIRED not in after.flags
    assert after.version == before.version + 1


def test_a_lost_card_is_replaced_for_the_same_right(central: Central) -> None:
    """S59: the counts hang on the right, so the new card goes on where the old one was."""
    sold = sell_membre(central)
    now = central.clock.now_ms()
    new = write(central, replace_code, central.secrets, sold.credential_no, now)
    with central.database.read() as connection:
        state = dict(
            connection.execute(
                select(tables.credential.c.credential_no, tables.credential.c.state)
            ).all()
        )
        same = (
            connection.execute(select(tables.credential_grant.c.grant_no).distinct())
            .scalars()
            .all()
        )

    assert state == {sold.credential_no: "revoked", new.credential_no: "active"}
    assert same == [sold.grant_no]


def test_an_order_that_costs_something_is_not_completed_for_nothing(central: Central) -> None:
    order_id = placed(central, "membre")
    with pytest.raises(InputError) as caught, central.database.write() as connection:
        checkout.complete(connection, central, order_id, PaidBy.NOTHING)

    assert caught.value.code == "payment_missing"
    assert grants(central) == 0


def test_an_empty_order_cannot_be_placed(central: Central) -> None:
    with pytest.raises(InputError) as caught:
        placed(central)

    assert caught.value.code == "cart_empty"


def test_staff_give_and_take_a_tag_beside_those_that_were_bought(central: Central) -> None:
    sell_membre(central)
    with central.database.write() as connection:
        person = connection.execute(select(tables.customer.c.customer_id)).scalar_one()
        tag_rows.pin_tag(connection, person, TAG, central.clock.now_ms(), None)
        tag_rows.pin_tag(connection, person, "press", central.clock.now_ms(), None)
    pinned = tags_now(central)
    for tag in (TAG, "press"):
        write(central, tag_rows.unpin_tag, person, tag)

    assert (set(pinned), set(tags_now(central))) == ({TAG, "press"}, {TAG})
