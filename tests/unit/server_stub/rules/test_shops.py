"""Secret shops: the same question at listing, cart and payment (S30)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.core.units import Instant
from server_stub.rules.refusals import Refusal
from server_stub.rules.segments import ANONYMOUS, Customer, HasTag
from server_stub.rules.shops import Shop, Unlock, Visitor, listed, shop_refusal
from server_stub.rules.tags import Assignment

NOW = Instant(1_000)
MEMBER = Visitor(
    Customer(assignments=(Assignment("Membre 2025", "p", Instant(0), Instant(2_000)),))
)
STRANGER, NOBODY = Visitor(Customer()), Visitor(ANONYMOUS)
SEGMENTS = {"members": HasTag("Membre 2025")}
SECRET = Shop(shop_id="s", tags=frozenset({"Membre 2025"}))


@pytest.mark.parametrize(
    ("visitor", "refusal"),
    [(MEMBER, None), (STRANGER, Refusal.SHOP_LOCKED), (NOBODY, Refusal.SHOP_LOCKED)],
)
def test_s30_a_tag_opens_a_shop_and_a_direct_address_does_not(
    visitor: Visitor, refusal: Refusal | None
) -> None:
    assert shop_refusal(SECRET, visitor, SEGMENTS, NOW) is refusal


def test_s30_only_those_with_a_way_in_are_shown_it() -> None:
    public = Shop(shop_id="p")

    assert listed([SECRET, public], MEMBER, SEGMENTS, NOW) == (SECRET, public)
    assert listed([SECRET, public], NOBODY, SEGMENTS, NOW) == (public,)


def test_s31_when_the_tag_ends_the_shop_is_locked_at_payment() -> None:
    assert shop_refusal(SECRET, MEMBER, SEGMENTS, Instant(1_999)) is None
    assert shop_refusal(SECRET, MEMBER, SEGMENTS, Instant(2_000)) is Refusal.SHOP_LOCKED


def test_a_segment_opens_a_shop() -> None:
    shop = Shop(shop_id="s", segments=frozenset({"members", "unknown"}))

    assert shop_refusal(shop, MEMBER, SEGMENTS, NOW) is None
    assert shop_refusal(shop, STRANGER, SEGMENTS, NOW) is Refusal.SHOP_LOCKED


@pytest.mark.parametrize("unlock", [Unlock.CODE, Unlock.LINK])
def test_a_code_or_link_opens_its_own_shop_and_in_its_own_way(unlock: Unlock) -> None:
    shop = Shop(shop_id="s", unlock=unlock)
    other = Unlock.LINK if unlock is Unlock.CODE else Unlock.CODE

    def refusal_to(*shown: tuple[str, Unlock]) -> Refusal | None:
        return shop_refusal(shop, Visitor(ANONYMOUS, frozenset(shown)), {}, NOW)

    assert refusal_to() is Refusal.SHOP_LOCKED
    assert refusal_to(("s", unlock)) is None
    assert refusal_to(("other", unlock)) is Refusal.SHOP_LOCKED
    assert refusal_to(("s", other)) is Refusal.SHOP_LOCKED


def test_any_one_way_in_is_enough() -> None:
    shop = replace(SECRET, unlock=Unlock.CODE)

    assert shop_refusal(shop, MEMBER, {}, NOW) is None
    coded = Visitor(ANONYMOUS, frozenset({("s", Unlock.CODE)}))
    assert shop_refusal(shop, coded, {}, NOW) is None


def test_what_was_unlocked_opens_nothing_that_asks_for_a_tag_alone() -> None:
    coded = Visitor(ANONYMOUS, frozenset({("s", Unlock.NONE), ("s", Unlock.CODE)}))

    assert shop_refusal(SECRET, coded, {}, NOW) is Refusal.SHOP_LOCKED


@pytest.mark.parametrize(
    ("now", "refusal"),
    [
        (999, Refusal.SHOP_NOT_OPEN_YET),
        (1_000, None),
        (1_499, None),
        (1_500, Refusal.SHOP_CLOSED),
    ],
)
def test_a_pre_sale_opens_and_closes_to_the_millisecond(now: int, refusal: Refusal | None) -> None:
    shop = replace(SECRET, opens_at=Instant(1_000), closes_at=Instant(1_500))

    assert shop_refusal(shop, MEMBER, SEGMENTS, Instant(now)) is refusal
    assert shop_refusal(shop, STRANGER, SEGMENTS, Instant(now)) is Refusal.SHOP_LOCKED
