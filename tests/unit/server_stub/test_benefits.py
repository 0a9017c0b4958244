"""Shops, segments, entitlements, carts and customers who sign in, in the store (S30–S32, S35, S36)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from scanner.core.errors import InputError
from scanner.core.units import DAY_S, SECOND_MS
from server_stub.api.benefit_forms import (
    ConditionForm,
    EntitlementForm,
    SegmentForm,
    ShopForm,
    VarForm,
)
from server_stub.api.forms import PaidBy, SaleForm, TagForm, TypeForm
from server_stub.central import Central
from server_stub.faults import FieldError
from server_stub.rules.segments import ANONYMOUS, Customer
from server_stub.rules.shops import Unlock
from server_stub.selling import benefits, carts, checkout, customer_login, orders, shops
from server_stub.selling.amounts import format_minor, parse_minor, parse_percent
from server_stub.selling.catalogue import add_type
from server_stub.selling.customers import load_customer
from server_stub.selling.mailer import FileMailer, Letter
from server_stub.selling.sales import sell
from server_stub.site import load_site
from server_stub.store import tables
from support.central_site import CentralClock, museum
from support.databases import NewDatabase

TAG, SEGMENT, SHOP = "Membre 2025", "Members", "Friends of the museum"
ANN = "ann@example.org"
TENTH = EntitlementForm(
    name="Members' tenth",
    condition=ConditionForm(segment=SEGMENT),
    var_discount=VarForm(share_bp=1_000, max_minor=500),
    waive_fees=True,
)


class KeepingMailer:
    """A mailer whose letters stay with it."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def send(self, letter: Letter) -> None:
        self.letters.append(letter)

    @property
    def code(self) -> str:
        """In the newest letter."""
        return self.letters[-1].text.split()[0]


@pytest.fixture
def clock() -> CentralClock:
    return CentralClock()


@pytest.fixture
def central(tmp_path: Path, clock: CentralClock, new_database: NewDatabase) -> Iterator[Central]:
    """A museum with model A's set-up: a pass that pins a tag, a secret shop, a segment, an entitlement."""
    with museum(tmp_path, clock, new_database()) as made:
        with made.database.write() as connection:
            calendar = load_site(connection).calendar
            pass_ = TypeForm(
                name="membre", validity="365 days after purchase", tags=[TagForm(tag=TAG)]
            )
            dinner = TypeForm(name="dinner", validity="always", price_minor=8_000, fee_minor=200)
            for form in (pass_, dinner):
                add_type(connection, form, calendar)
            benefits.save_segment(
                connection, SegmentForm(name=SEGMENT, condition=ConditionForm(tag=TAG))
            )
            benefits.save_entitlement(connection, TENTH)
            shop = ShopForm(name=SHOP, types=["dinner"], tags=[TAG])
            shops.save_shop(connection, made.secrets, shop, calendar)
        yield made


@pytest.fixture
def ann(central: Central) -> str:
    """A member; gives her id."""
    sell(central, SaleForm(type="membre", email=ANN))
    with central.database.read() as connection:
        found: str = connection.execute(
            select(tables.customer.c.customer_id).where(tables.customer.c.email == ANN)
        ).scalar_one()
    return found


def write(central: Central, change: Any, *arguments: Any) -> Any:
    with central.database.write() as connection:
        return change(connection, *arguments)


def open_shops(central: Central, customer: Customer, shown: str | None = None) -> list[str]:
    with central.database.read() as connection:
        hmac = shops.hmac_shown(central.secrets, shown)
        now = central.clock.now_ms()
        return [one.name for one in shops.load_open_shops(connection, customer, hmac, now)]


def known(central: Central, customer_id: str) -> Customer:
    with central.database.read() as connection:
        return load_customer(connection, customer_id, central.clock.now_ms())


def save_shop(central: Central, form: ShopForm) -> shops.SavedShop:
    with central.database.write() as connection:
        calendar = load_site(connection).calendar
        return shops.save_shop(connection, central.secrets, form, calendar)


def refused(central: Central, customer: Customer, shop: str = SHOP) -> str:
    with pytest.raises(InputError) as caught, central.database.read() as connection:
        shops.require_open(connection, shop, customer, None, central.clock.now_ms())
    return caught.value.code


def cart_of(central: Central, customer_id: str) -> str:
    """A cart in the secret shop with a dinner in it."""
    with central.database.write() as connection:
        now = central.clock.now_ms()
        order_id = orders.open_order(connection, customer_id, now, channel="web", shop=SHOP)
        checkout.add_line(connection, order_id, SaleForm(type="dinner"), now)
    return order_id


def place(central: Central, order_id: str) -> carts.Cart:
    placed: carts.Cart = write(central, checkout.place, order_id, central.clock.now_ms())
    return placed


def pay(central: Central, order_id: str) -> checkout.Completed:
    with central.database.write() as connection:
        return checkout.complete(connection, central, order_id, PaidBy.CASH)


def test_a_secret_shop_is_shown_to_the_tagged_and_to_nobody_else(
    central: Central, ann: str
) -> None:
    """S30, at listing and at the direct address."""
    assert open_shops(central, known(central, ann)) == [SHOP]
    assert open_shops(central, ANONYMOUS) == []
    assert refused(central, ANONYMOUS) == refused(central, ANONYMOUS, "no such shop")
    assert refused(central, ANONYMOUS) == "shop_locked"


def test_a_cart_with_the_entitlement_costs_less_and_says_why(central: Central, ann: str) -> None:
    """S32: 80.00 + fee 2.00 is 75.00."""
    cart = place(central, cart_of(central, ann))
    (line,) = cart.lines

    assert (cart.discount_minor, cart.fee_minor, cart.total_minor) == (500, 0, 7_500)
    assert [(o.entitlement, o.kind, o.amount_minor) for o in line.off] == [
        (TENTH.name, "var_discount", 500),
        (TENTH.name, "waived_fees", 200),
    ]


def test_a_benefit_lost_before_the_payment_charges_nothing(
    central: Central, clock: CentralClock, ann: str
) -> None:
    """S30 at payment, S31, S35."""
    order_id = cart_of(central, ann)
    place(central, order_id)
    clock.pass_ms(366 * DAY_S * SECOND_MS)
    with pytest.raises(InputError) as caught:
        pay(central, order_id)
    with pytest.raises(InputError) as nothing_left:
        write(central, carts.agree, order_id, clock.now_ms())

    assert caught.value.code == "price_changed"
    assert TENTH.name in caught.value.message
    assert nothing_left.value.code == "cart_empty"
    with central.database.write() as connection:
        assert carts.show_cart(connection, order_id, clock.now_ms()).state == "pending"


def test_a_new_price_is_charged_once_the_customer_agreed_to_it(central: Central, ann: str) -> None:
    with central.database.write() as connection:
        order_id = orders.create_order(connection, ANN, central.clock.now_ms())
        checkout.add_line(connection, order_id, SaleForm(type="dinner"), central.clock.now_ms())
    place(central, order_id)
    with central.database.write() as connection:
        benefits.set_active(connection, TENTH.name, is_active=False)
    with pytest.raises(InputError):
        pay(central, order_id)
    write(central, carts.agree, order_id, central.clock.now_ms())

    assert pay(central, order_id).total_minor == 8_200


def test_an_entitlement_that_is_switched_off_has_no_effect(central: Central, ann: str) -> None:
    """S36."""
    with central.database.write() as connection:
        benefits.set_active(connection, TENTH.name, is_active=False)

    assert place(central, cart_of(central, ann)).total_minor == 8_200


def test_a_refund_of_the_pass_ends_shop_and_entitlement(central: Central) -> None:
    """S12."""
    sold = sell(central, SaleForm(type="membre", email=ANN))
    with central.database.write() as connection:
        customer_id = orders.find_or_add_customer(connection, ANN, central.clock.now_ms())
        calendar = load_site(connection).calendar
        checkout.refund(connection, sold.order_id, None, central.clock.now_ms(), calendar)

    assert refused(central, known(central, customer_id)) == "shop_locked"


def test_a_segment_that_would_depend_on_itself_is_not_saved(central: Central) -> None:
    """S36."""
    circle = SegmentForm(name=SEGMENT, condition=ConditionForm(not_=ConditionForm(segment=SEGMENT)))
    with pytest.raises(InputError) as caught:
        write(central, benefits.save_segment, circle)

    assert caught.value.code == "condition_refused"
    assert "SEGMENT_CYCLE" in caught.value.message


def test_a_condition_that_names_what_is_not_there_is_not_saved(central: Central) -> None:
    """Misspelt, it would hold for nobody and say nothing."""
    nested = ConditionForm(any_=[ConditionForm(tag=TAG), ConditionForm(plan="none")])
    unseasonal = ConditionForm(not_=ConditionForm(season="none"))
    for condition in (ConditionForm(ticket_type="none"), nested, unseasonal):
        form = SegmentForm(name="S", condition=condition)
        with pytest.raises(FieldError) as caught:
            write(central, benefits.save_segment, form)
        assert (caught.value.code, caught.value.field) == ("name_unknown", "condition")
    for condition in (ConditionForm(ticket_type="membre"), ConditionForm(tag="not yet given")):
        write(central, benefits.save_segment, SegmentForm(name="S", condition=condition))


@pytest.mark.parametrize(
    "condition", [ConditionForm(), ConditionForm(tag="a", segment=SEGMENT), ConditionForm(tag="a")]
)
def test_an_entitlement_asks_for_one_thing_that_it_may_ask(
    central: Central, condition: ConditionForm
) -> None:
    form = EntitlementForm(name="odd", condition=condition, waive_fees=True)
    with pytest.raises(InputError) as caught:
        write(central, benefits.save_entitlement, form)

    assert caught.value.code == "condition_wrong"


def test_an_entitlement_that_grants_nothing_is_not_saved(central: Central) -> None:
    form = EntitlementForm(name="odd", condition=ConditionForm(segment=SEGMENT))
    with pytest.raises(InputError) as caught:
        write(central, benefits.save_entitlement, form)

    assert caught.value.code == "entitlement_grants_nothing"


def test_a_code_or_a_link_opens_a_shop_to_who_shows_it(central: Central) -> None:
    save_shop(
        central, ShopForm(name="code", types=["dinner"], unlock=Unlock.CODE, code="OPEN SESAME")
    )
    saved = save_shop(central, ShopForm(name="link", types=["dinner"], unlock=Unlock.LINK))

    assert saved.link is not None
    assert open_shops(central, ANONYMOUS, "OPEN SESAME ") == ["code"]
    assert open_shops(central, ANONYMOUS, saved.link) == ["link"]
    assert open_shops(central, ANONYMOUS, "guess") == []


def test_a_shop_opens_and_closes_by_the_clock(central: Central, clock: CentralClock) -> None:
    save_shop(
        central,
        ShopForm(
            name="sale",
            types=["dinner"],
            opens_at="2025-03-10T15:00",
            closes_at="2025-03-10T16:00",
        ),
    )
    said = []
    for _hour in range(3):
        said.append(open_shops(central, ANONYMOUS))
        clock.pass_ms(3_600 * SECOND_MS)

    assert said == [[], ["sale"], []]


def test_a_shop_that_would_sell_nothing_is_not_saved(central: Central) -> None:
    with pytest.raises(FieldError) as caught:
        save_shop(central, ShopForm(name="empty"))

    assert (caught.value.code, caught.value.field) == ("shop_types_missing", "types")


def test_a_shop_sells_only_what_is_in_it(central: Central, ann: str) -> None:
    with pytest.raises(InputError) as caught:
        write(
            central,
            checkout.add_line,
            cart_of(central, ann),
            SaleForm(type="annual"),
            central.clock.now_ms(),
        )

    assert caught.value.code == "not_in_shop"


def test_a_customer_signs_in_with_the_code_of_the_letter_once(central: Central, ann: str) -> None:
    """S83, log in."""
    mailer = KeepingMailer()
    customer_login.ask_code(central, mailer, ANN.upper())
    session = customer_login.sign_in(central, ANN, mailer.code)
    with central.database.read() as connection:
        found = customer_login.find_signed_in(connection, session.token, central.clock.now_ms())
    with pytest.raises(InputError) as again:
        customer_login.sign_in(central, ANN, mailer.code)

    assert found == ann
    assert (mailer.letters[-1].to, again.value.code) == (ANN, "code_refused")


def test_a_code_ends_after_ten_minutes(central: Central, clock: CentralClock) -> None:
    mailer = KeepingMailer()
    customer_login.ask_code(central, mailer, ANN)
    clock.pass_ms(customer_login.CODE_MS)
    with pytest.raises(InputError) as caught:
        customer_login.sign_in(central, ANN, mailer.code)

    assert caught.value.code == "code_refused"


def test_a_code_is_not_looked_at_after_five_wrong_tries(central: Central) -> None:
    mailer = KeepingMailer()
    customer_login.ask_code(central, mailer, ANN)
    for _try in range(customer_login.TRIES_MOST):
        with pytest.raises(InputError):
            customer_login.sign_in(central, ANN, "no code")
    with pytest.raises(InputError) as caught:
        customer_login.sign_in(central, ANN, mailer.code)

    assert caught.value.code == "code_refused"


def test_only_so_many_codes_are_sent_to_one_address(central: Central) -> None:
    mailer = KeepingMailer()
    for _time in range(customer_login.ASKED_MOST):
        customer_login.ask_code(central, mailer, ANN)
    with pytest.raises(InputError) as caught:
        customer_login.ask_code(central, mailer, ANN)

    assert caught.value.code == "codes_asked_often"
    assert len(mailer.letters) == customer_login.ASKED_MOST


def test_a_session_ends_by_the_clock_and_by_signing_out(
    central: Central, clock: CentralClock
) -> None:
    mailer = KeepingMailer()
    customer_login.ask_code(central, mailer, ANN)
    token = customer_login.sign_in(central, ANN, mailer.code).token

    with central.database.write() as connection:
        late = clock.now_ms() + customer_login.SESSION_MS
        assert customer_login.find_signed_in(connection, token, clock.now_ms()) is not None
        assert customer_login.find_signed_in(connection, token, late) is None
        customer_login.sign_out(connection, token)
        assert customer_login.find_signed_in(connection, token, clock.now_ms()) is None


def test_a_letter_is_a_file_for_its_owner_only(tmp_path: Path) -> None:
    FileMailer(tmp_path / "mail").send(Letter(ANN, "Your code", "12345678\n"))
    (file,) = (tmp_path / "mail").iterdir()

    assert file.suffix == ".eml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert re.search(r"^To: ann@example.org$", file.read_text(), re.MULTILINE)


def test_amounts_are_exact() -> None:
    assert (parse_minor("80.00", "EUR"), parse_minor("80", "JPY")) == (8_000, 80)
    assert (parse_percent("12.5 %".replace(" ", "")), format_minor(7_500, "EUR")) == (
        1_250,
        "75.00 EUR",
    )
    for text in ("80.001", "-1", "a lot", "NaN"):
        with pytest.raises(InputError) as caught:
            parse_minor(text, "EUR")
        assert caught.value.code == "amount_bad"
