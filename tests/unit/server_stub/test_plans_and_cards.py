"""Plans that cannot be, and what a subscriber shows at a gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.core import credential as credentials
from scanner.core import token as tokens
from scanner.core.calendar import Unit
from scanner.core.errors import InputError
from server_stub.api.forms import TypeForm
from server_stub.rules.cycles import Period
from server_stub.selling.catalogue import add_type
from server_stub.selling.codes import CodeKind
from server_stub.selling.till import Means
from server_stub.site import load_site
from server_stub.subscribing.plans import parse_every
from server_stub.subscribing.subscription_codes import card_of, renewal_token
from server_stub.subscribing.subscriptions import (
    SubscribeForm,
    change_card,
    pay,
    subscribe,
    take_payment,
)
from support.instants import wall
from support.subscribers import BAD, BAD_LATER, Club, club


@pytest.fixture
def friends(tmp_path: Path) -> Iterator[Club]:
    with club(tmp_path) as made:
        yield made


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        action()
    return caught.value.code


def claims_of(friends: Club, payload: str) -> tokens.Claims:
    keys = friends.central.secrets.tickets
    key = tokens.TicketKey(kid=bytes.fromhex(keys.kid), public=keys.public, site="")
    parsed = credentials.parse(credentials.clean(payload.encode()))
    assert isinstance(parsed, credentials.Signed)
    found = tokens.verify(parsed.token, tokens.KeyRing("", [key]))
    assert isinstance(found, tokens.Claims)
    return found


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("day", Period(1, Unit.DAYS)),
        ("2 weeks", Period(2, Unit.WEEKS)),
        ("1 month", Period(1, Unit.MONTHS)),
        (" 3 years ", Period(3, Unit.YEARS)),
    ],
)
def test_a_rhythm_is_written_as_people_say_it(text: str, period: Period) -> None:
    assert parse_every(text) == period


@pytest.mark.parametrize(
    "fields",
    [
        {"every": "0 months"},
        {"every": "hour"},
        {"every": "1000 days"},
        {"currency": "euro"},
        {"price_minor": -1},
        {"price_minor": 100_000_001},
        {"minimum_cycles": -1},
        {"grace_days": 366},
    ],
)
def test_a_figure_that_cannot_be_is_refused_by_name(friends: Club, fields: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        friends.plan(**{"name": "Odd"} | fields)

    assert caught.value.code == "plan_wrong"
    assert caught.value.message.startswith(next(iter(fields)))


def test_a_plan_is_never_changed_and_needs_a_type_that_exists(friends: Club) -> None:
    assert code_of(friends.plan) == "plan_exists"
    assert code_of(lambda: friends.plan(name="Odd", type="none")) == "name_unknown"


def test_a_type_with_dated_codes_makes_no_plan(friends: Club) -> None:
    form = TypeForm(name="dated", validity="always", is_renewable=False)
    with friends.central.database.write() as connection:
        add_type(connection, form, load_site(connection).calendar)

    assert code_of(lambda: friends.plan(name="Odd", type="dated")) == "plan_type_dated"


def test_the_card_is_made_once_and_shown_again(friends: Club) -> None:
    who = friends.join()
    made = card_of(friends.central, who)

    assert card_of(friends.central, who) == made
    assert claims_of(friends, made.payload).not_after is None


def test_unpaid_there_is_no_card(friends: Club) -> None:
    assert code_of(lambda: card_of(friends.central, friends.join(BAD))) == (
        "subscription_without_right"
    )


def test_a_renewal_token_names_the_same_card_and_the_end_that_is_paid_now(friends: Club) -> None:
    who = friends.join(BAD_LATER)
    card = claims_of(friends, card_of(friends.central, who).payload)
    friends.at("2026-03-02T10:00")
    friends.bill()
    assert code_of(lambda: renewal_token(friends.central, who)) == "token_without_ticket"
    pay(friends.central, friends.providers, who)
    token = claims_of(friends, renewal_token(friends.central, who))

    assert token.credential_id == card.credential_id
    assert token.not_after == wall("2026-03-31T10:00")
    assert token.issued_seq == 1


def test_a_printed_number_carries_no_token(friends: Club) -> None:
    who = friends.join()
    made = card_of(friends.central, who, code="0012345678")

    assert (made.kind, made.payload) == (CodeKind.OPAQUE, "0012345678")
    assert code_of(lambda: renewal_token(friends.central, who)) == "token_without_ticket"


def test_cash_and_card_are_not_mixed_up(friends: Club) -> None:
    by_card, by_hand = friends.join(BAD), friends.join(None)
    cash = lambda who, **how: take_payment(  # noqa: E731 - the same call, three ways
        friends.central, friends.providers, who, Means.CASH, **how
    )

    assert code_of(lambda: cash(by_card)) == "payment_not_manual"
    assert code_of(lambda: pay(friends.central, friends.providers, by_hand)) == (
        "payment_means_missing"
    )
    assert code_of(lambda: cash(by_hand, reference="x" * 81)) == "payment_reference_long"
    assert code_of(lambda: cash("nobody")) == "subscription_unknown"


def test_a_refused_sale_leaves_nothing(friends: Club) -> None:
    wrong = SubscribeForm(plan="Friends", card="4111111111111111")

    assert code_of(lambda: subscribe(friends.central, friends.providers, wrong)) == (
        "card_not_simulated"
    )
    assert code_of(lambda: change_card(friends.central, "nobody", "1")) == "subscription_unknown"
