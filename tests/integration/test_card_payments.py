"""An order paid by card in the store: charged once, rights only for money, a silent card resolved (S11, S30, S31)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Connection, select

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.api.benefit_forms import ShopForm
from server_stub.api.forms import PaidBy, RuleForm, SaleForm, TypeForm
from server_stub.central import Central
from server_stub.rules.billing import Answer
from server_stub.rules.orders import OrderState
from server_stub.selling import carts, checkout, orders
from server_stub.selling.card_checkout import CardPaid, pay_by_card, settle_order
from server_stub.selling.catalogue import add_type
from server_stub.selling.customers import find_customer
from server_stub.selling.payments import MoneyRequest, ProviderName, Providers
from server_stub.selling.shops import save_shop
from server_stub.site import load_site
from server_stub.store import tables, tag_rows
from server_stub.store.subscription_tables import order_charge, simulated_charge
from server_stub.subscribing.billing_run import build_providers, run_billing
from support.central_site import CentralClock, museum, rows
from support.databases import NewDatabase
from support.subscribers import BAD, GOOD, SILENT, SILENT_BAD

ANN, TAG, SHOP = "ann@example.org", "Membre 2025", "Friends"


@dataclass
class Till:
    """A museum whose friends, known by a tag, buy dinners of 80.00 in a secret shop."""

    central: Central
    clock: CentralClock
    providers: Providers

    def write(self, act: Callable[[Connection, Instant], object]) -> None:
        with self.central.database.write() as connection:
            act(connection, self.clock.now_ms())

    def placed(self) -> str:
        """An order of Ann's that waits for its payment."""
        with self.central.database.write() as connection:
            now = self.clock.now_ms()
            customer_id = orders.find_or_add_customer(connection, ANN, now)
            tag_rows.pin_tag(connection, customer_id, TAG, now, None)
            order_id = orders.open_order(connection, customer_id, now, channel="web", shop=SHOP)
            checkout.add_line(connection, order_id, SaleForm(type="dinner"), now)
            checkout.place(connection, order_id, now)
        return order_id

    def pay(self, order_id: str, card: str = GOOD) -> CardPaid:
        return pay_by_card(self.central, self.providers, order_id, card)

    def state(self, order_id: str) -> str:
        with self.central.database.write() as connection:
            return str(orders.find_order(connection, order_id).state)

    def charges(self, order_id: str) -> list[str]:
        """What really became of each request at the card company, in order."""
        with self.central.database.read() as connection:
            of_order = simulated_charge.c.key.startswith(f"order:{order_id}:")
            return list(
                connection.execute(
                    select(simulated_charge.c.answer)
                    .where(of_order)
                    .order_by(simulated_charge.c.key)
                ).scalars()
            )

    def tickets(self, order_id: str) -> int:
        with self.central.database.read() as connection:
            of_order = tables.ticket.c.order_id == order_id
            has_right = tables.ticket.c.grant_no.is_not(None)
            return len(connection.execute(select(tables.ticket).where(of_order, has_right)).all())


@pytest.fixture(scope="module")
def till(tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> Iterator[Till]:
    clock = CentralClock()
    with museum(tmp_path_factory.mktemp("site"), clock, new_database()) as central:
        dinner = TypeForm(
            name="dinner", validity="always", price_minor=8_000, rule=RuleForm(max_total=1)
        )
        free = TypeForm(name="free", validity="always", rule=RuleForm(max_total=1))
        with central.database.write() as connection:
            calendar = load_site(connection).calendar
            for form in (dinner, free):
                add_type(connection, form, calendar)
            shop = ShopForm(name=SHOP, types=["dinner", "free"], tags=[TAG])
            save_shop(connection, central.secrets, shop, calendar)
        yield Till(central, clock, build_providers(central))


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        action()
    return caught.value.code


def test_a_card_pays_once_and_the_codes_are_in_the_answer(till: Till) -> None:
    order = till.placed()
    paid = till.pay(order)
    again = till.pay(order)

    assert (paid.state, paid.answer, paid.total_minor) == (
        OrderState.COMPLETED,
        Answer.SUCCEEDED,
        8_000,
    )
    assert paid.tickets[0].code.payload.startswith("TK1:")
    assert (again.answer, again.tickets, again.total_minor) == (None, paid.tickets, 8_000)
    assert till.charges(order) == ["succeeded"]


def test_a_declined_card_gives_nothing_and_another_one_may_pay(till: Till) -> None:
    order = till.placed()
    declined = till.pay(order, BAD)
    rights = till.tickets(order)
    paid = till.pay(order)

    assert (declined.state, declined.answer, declined.tickets) == (
        OrderState.PENDING,
        Answer.DECLINED,
        (),
    )
    assert rights == 0
    assert (paid.state, till.charges(order)) == (
        OrderState.COMPLETED,
        ["declined", "succeeded"],
    )


def test_a_silent_card_leaves_an_order_that_nothing_else_happens_to(till: Till) -> None:
    order = till.placed()
    silent = till.pay(order, SILENT)
    calendar = load_calendar(till)

    assert (silent.state, silent.answer, till.tickets(order)) == (
        OrderState.PENDING,
        Answer.UNKNOWN,
        0,
    )
    cancelled = OrderState.CANCELLED
    for act in (
        lambda c, now: orders.move_order(c, order, cancelled, now, calendar),
        lambda c, now: carts.agree(c, order, now),
        lambda c, _now: checkout.complete(c, till.central, order, PaidBy.CASH),
    ):
        assert code_of(lambda act=act: till.write(act)) == "payment_unanswered"  # type: ignore[misc]
    assert till.pay(order, GOOD).answer is Answer.SUCCEEDED
    assert (till.state(order), till.charges(order)) == ("completed", ["succeeded"])


def load_calendar(till: Till) -> object:
    with till.central.database.read() as connection:
        return load_site(connection).calendar


@pytest.mark.parametrize("resolve", ["staff", "billing run"])
def test_a_silent_card_is_resolved_by_staff_or_by_the_next_billing_run(
    till: Till, resolve: str
) -> None:
    order = till.placed()
    till.pay(order, SILENT)
    if resolve == "staff":
        settled = settle_order(till.central, till.providers, order)
        assert (settled.answer, len(settled.tickets)) == (Answer.SUCCEEDED, 1)
    else:
        assert run_billing(till.central, till.providers).orders == 1

    assert (till.state(order), till.charges(order)) == ("completed", ["succeeded"])
    assert settle_order(till.central, till.providers, order).answer is None


def test_a_silent_card_that_declined_leaves_the_order_to_be_paid(till: Till) -> None:
    order = till.placed()
    till.pay(order, SILENT_BAD)
    settled = settle_order(till.central, till.providers, order)

    assert (settled.state, settled.answer) == (OrderState.PENDING, Answer.DECLINED)
    assert till.pay(order).state is OrderState.COMPLETED
    assert till.charges(order) == ["declined", "succeeded"]


def test_what_a_lost_benefit_made_dearer_or_closed_is_told_and_nothing_is_charged(
    till: Till,
) -> None:
    order = till.placed()
    till.write(lambda c, _now: tag_rows.unpin_tag(c, find_customer(c, ANN).customer_id, TAG))

    assert code_of(lambda: till.pay(order)) == "price_changed"
    assert (till.state(order), till.charges(order), till.tickets(order)) == ("pending", [], 0)


def test_a_tag_that_ends_at_six_gives_no_price_at_five_past(till: Till) -> None:
    """S31: placed 17:55, paid 18:05."""
    order = till.placed()
    at_six = Instant(till.clock.now_ms() + 5 * 60_000)
    till.write(
        lambda c, now: tag_rows.pin_tag(c, find_customer(c, ANN).customer_id, TAG, now, at_six)
    )
    till.clock.pass_ms(10 * 60_000)
    with pytest.raises(InputError) as told:
        till.pay(order)

    assert told.value.code == "price_changed"
    assert "nothing was charged" in told.value.message
    assert (till.state(order), till.charges(order)) == ("pending", [])


def test_money_is_honoured_though_the_shop_closed_before_its_answer_was_heard(till: Till) -> None:
    order = till.placed()
    till.pay(order, SILENT)
    till.write(lambda c, _now: tag_rows.unpin_tag(c, find_customer(c, ANN).customer_id, TAG))

    assert settle_order(till.central, till.providers, order).state is OrderState.COMPLETED


def test_who_pays_at_once_pays_once(till: Till) -> None:
    order = till.placed()
    barrier = threading.Barrier(4)
    heard: list[OrderState] = []

    def pay() -> None:
        barrier.wait(30)
        heard.append(till.pay(order).state)

    threads = [threading.Thread(target=pay) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert heard == [OrderState.COMPLETED] * 4
    assert (till.charges(order), till.tickets(order)) == (["succeeded"], 1)


class Dying:
    """A card company whose caller dies once it has been charged."""

    def __init__(self, providers: Providers) -> None:
        self._real = providers[ProviderName.CARD]

    def charge(self, request: MoneyRequest) -> Answer:
        self._real.charge(request)
        raise InterruptedError


def test_a_central_that_dies_with_the_money_taken_gives_the_rights_when_it_is_back(
    till: Till,
) -> None:
    order = till.placed()
    dying = {ProviderName.CARD: Dying(till.providers)}
    with pytest.raises(InterruptedError):
        pay_by_card(till.central, dying, order, GOOD)
    assert (till.state(order), till.tickets(order)) == ("pending", 0)

    assert till.pay(order).state is OrderState.COMPLETED
    assert till.charges(order) == ["succeeded"]


def test_no_card_is_asked_for_nothing(till: Till) -> None:
    with till.central.database.write() as connection:
        now = till.clock.now_ms()
        order = orders.create_order(connection, ANN, now)
        checkout.add_line(connection, order, SaleForm(type="free"), now)
        checkout.place(connection, order, now)
    before = rows(till.central, order_charge)
    paid = till.pay(order)

    assert (paid.state, paid.answer, paid.total_minor) == (OrderState.COMPLETED, None, 0)
    assert rows(till.central, order_charge) == before


def test_a_draft_is_not_paid_and_a_real_card_is_not_taken(till: Till) -> None:
    with till.central.database.write() as connection:
        draft = orders.create_order(connection, ANN, till.clock.now_ms())
    placed = till.placed()

    assert code_of(lambda: till.pay(draft)) == "order_state"
    assert code_of(lambda: till.pay("nobody's")) == "order_unknown"
    assert code_of(lambda: till.pay(placed, "4111111111111111")) == "card_not_simulated"
    assert (till.state(placed), till.charges(placed)) == ("pending", [])
