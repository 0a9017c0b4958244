"""What a cart costs, and that it is priced again at payment (S31–S33, S36)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.rules.conditions import AllOf, Leaf, Not, Tree
from server_stub.rules.entitlements import (
    JUDGES,
    Entitlement,
    EventHasAttribute,
    FixDiscount,
    Modifier,
    ProductInCart,
    Purchase,
    SalesChannel,
    VarDiscount,
    WaiveFees,
    applying,
    refuse_entitlement,
)
from server_stub.rules.pricing import (
    CartLine,
    Deduction,
    DeductionKind,
    Quote,
    QuoteLine,
    quote,
    reprice,
)
from server_stub.rules.refusals import Refusal
from server_stub.rules.segments import (
    Customer,
    HasMembership,
    HasTag,
    HeldRight,
    InSegment,
    RightKind,
)
from server_stub.rules.tags import Assignment

SIX_O_CLOCK = Instant(18_00)
MEMBER = Customer(
    assignments=(Assignment("Membre 2025", "pass", Instant(0), SIX_O_CLOCK),),
    rights=(HeldRight(kind=RightKind.PLAN, name="Club"),),
)
SEGMENTS: dict[str, Tree] = {"members": HasTag("Membre 2025")}
IN_MEMBERS = InSegment("members")
PURCHASE = Purchase(
    customer=MEMBER,
    now=Instant(17_55),
    segments=SEGMENTS,
    products={"Concert": 2},
    channel="desk",
    event_attributes=frozenset({("genre", "opera")}),
)


def entitled(name: str, *modifiers: Modifier, condition: Tree = IN_MEMBERS) -> Entitlement:
    return Entitlement(entitlement_id=name, condition=condition, modifiers=modifiers)


def line(name: str, unit_minor: int, quantity: int = 1, fee_minor: int = 0) -> CartLine:
    return CartLine(
        line_id=name,
        product="Concert",
        unit_minor=unit_minor,
        quantity=quantity,
        fee_minor=fee_minor,
    )


MEMBERS = entitled("m", VarDiscount(1_000, max_minor=500), WaiveFees())


def test_s32_ten_per_cent_at_most_five_and_no_fees() -> None:
    price = quote([line("a", 8_000, fee_minor=200)], applying([MEMBERS], PURCHASE))

    assert (price.discount_minor, price.fee_minor, price.total_minor) == (500, 0, 7_500)
    assert price.lines == (
        QuoteLine(
            "a",
            8_000,
            200,
            (
                Deduction("m", DeductionKind.VAR_DISCOUNT, 500),
                Deduction("m", DeductionKind.WAIVED_FEES, 200),
            ),
        ),
    )
    assert price.benefits == {"m"}


@pytest.mark.parametrize(
    ("entitlements", "total_minor"),
    [
        ([entitled("a", VarDiscount(1_000)), entitled("b", VarDiscount(2_000))], 800),
        ([entitled("a", VarDiscount(2_000)), entitled("b", FixDiscount(300))], 500),
        (
            [
                entitled("a", VarDiscount(1_000)),
                entitled("b", VarDiscount(2_000)),
                entitled("c", FixDiscount(300)),
            ],
            500,
        ),
        ([entitled("a", FixDiscount(2_000))], 0),
        ([entitled("a", FixDiscount(300)), entitled("b", FixDiscount(300))], 400),
        ([entitled("a", VarDiscount(10_000)), entitled("b", FixDiscount(300))], 0),
        (
            [entitled("a", VarDiscount(5_000, max_minor=100)), entitled("b", VarDiscount(2_000))],
            800,
        ),
        ([entitled("a", VarDiscount(0))], 1_000),
        ([], 1_000),
    ],
)
def test_s33_the_best_percentage_then_fixed_amounts_never_below_zero(
    entitlements: list[Entitlement], total_minor: int
) -> None:
    assert quote([line("a", 1_000)], entitlements).total_minor == total_minor


def test_fees_come_last_and_are_not_discounted() -> None:
    price = quote([line("a", 1_000, 2, fee_minor=150)], [entitled("a", FixDiscount(9_000))])

    assert (price.total_minor, price.fee_minor, price.discount_minor) == (300, 300, 2_000)


def test_a_half_cent_goes_up_on_each_line() -> None:
    price = quote([line("a", 5), line("b", 5)], [entitled("a", VarDiscount(1_000))])

    assert [one.total_minor for one in price.lines] == [4, 4]


def test_a_maximum_and_a_fixed_amount_are_shared_out_to_the_last_cent() -> None:
    cart = [line("a", 1_000), line("b", 1_000), line("c", 1_000)]
    capped = quote(cart, [entitled("a", VarDiscount(5_000, max_minor=100))])
    fixed = quote(cart, [entitled("a", FixDiscount(100))])

    for price in (capped, fixed):
        assert [one.total_minor for one in price.lines] == [966, 967, 967]


def test_of_equal_percentages_the_first_by_name_is_told() -> None:
    equal = [entitled("b", VarDiscount(1_000)), entitled("a", VarDiscount(1_000))]

    assert quote([line("x", 1_000)], equal).benefits == {"a"}


def test_who_waives_fees_is_told_once() -> None:
    waivers = [entitled("b", WaiveFees()), entitled("a", WaiveFees())]

    assert quote([line("x", 1_000, fee_minor=10)], waivers).benefits == {"a"}
    assert quote([line("x", 1_000)], waivers).benefits == frozenset()


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        (ProductInCart("Concert"), True),
        (ProductInCart("Concert", at_least=3), False),
        (ProductInCart("Pass"), False),
        (HasMembership(), True),
        (IN_MEMBERS, True),
        (InSegment("unknown"), False),
        (SalesChannel("desk"), True),
        (SalesChannel("web"), False),
        (EventHasAttribute("genre", "opera"), True),
        (EventHasAttribute("genre", "rock"), False),
        (AllOf((IN_MEMBERS, Not(SalesChannel("web")))), True),
    ],
)
def test_a_condition_over_a_purchase_is_judged(condition: Tree, *, answer: bool) -> None:
    assert bool(applying([entitled("a", WaiveFees(), condition=condition)], PURCHASE)) is answer


def test_every_condition_of_an_entitlement_has_a_judge() -> None:
    asked: set[type[Leaf]] = {
        ProductInCart,
        HasMembership,
        InSegment,
        SalesChannel,
        EventHasAttribute,
    }

    assert set(JUDGES) == asked


def test_s36_an_inactive_entitlement_has_no_effect() -> None:
    assert applying([replace(MEMBERS, is_active=False)], PURCHASE) == ()


@pytest.mark.parametrize("condition", [InSegment("a"), Not(InSegment("a"))])
def test_s36_nor_has_one_over_a_segment_that_depends_on_itself(condition: Tree) -> None:
    cyclic = replace(PURCHASE, segments={"a": InSegment("b"), "b": InSegment("a")})

    assert applying([entitled("x", WaiveFees(), condition=condition)], cyclic) == ()


@pytest.mark.parametrize(
    ("condition", "refusal"),
    [
        (IN_MEMBERS, None),
        (InSegment("unknown"), Refusal.SEGMENT_UNKNOWN),
        (AllOf(()), Refusal.TREE_EMPTY),
        (HasTag("Membre 2025"), Refusal.CONDITION_NOT_HERE),
    ],
)
def test_which_entitlements_may_be_saved(condition: Tree, refusal: Refusal | None) -> None:
    entitlement = entitled("x", WaiveFees(), condition=condition)

    assert refuse_entitlement(entitlement, SEGMENTS) is refusal


CART = [line("a", 8_000, fee_minor=200)]


def agreed() -> Quote:
    return quote(CART, applying([MEMBERS], PURCHASE))


def test_s31_a_benefit_that_was_lost_until_payment_charges_nothing() -> None:
    later = replace(PURCHASE, now=Instant(18_05))
    now = reprice(agreed(), CART, applying([MEMBERS], later), {})

    assert now.refusal is Refusal.PRICE_CHANGED
    assert now.lost_benefits == {"m"}
    assert now.fresh.total_minor == 8_200


def test_s31_an_offer_whose_shop_is_locked_now_is_removed_and_nothing_charged() -> None:
    now = reprice(agreed(), CART, [MEMBERS], {"a": Refusal.SHOP_LOCKED, "b": Refusal.SHOP_CLOSED})

    assert now.refusal is Refusal.PRICE_CHANGED
    assert now.lost_lines == {"a": Refusal.SHOP_LOCKED}
    assert now.fresh.lines == ()


def test_what_still_costs_the_same_is_charged() -> None:
    now = reprice(agreed(), CART, [MEMBERS], {})

    assert (now.refusal, now.fresh) == (None, agreed())


def test_what_became_dearer_charges_nothing() -> None:
    dearer = [line("a", 9_000, fee_minor=200)]

    assert reprice(agreed(), dearer, [MEMBERS], {}).refusal is Refusal.PRICE_CHANGED


def test_what_became_cheaper_is_charged_at_the_lower_price() -> None:
    now = reprice(agreed(), CART, [MEMBERS, entitled("b", VarDiscount(2_000))], {})

    assert (now.refusal, now.fresh.total_minor, now.lost_benefits) == (None, 6_400, frozenset())


@pytest.mark.parametrize(("share_bp", "max_minor"), [(-1, None), (10_001, None), (100, -1)])
def test_a_share_is_between_nothing_and_everything(share_bp: int, max_minor: int | None) -> None:
    with pytest.raises(InputError) as refused:
        VarDiscount(share_bp, max_minor)

    assert refused.value.code == "discount_wrong"


def test_a_discount_is_not_negative() -> None:
    with pytest.raises(InputError) as refused:
        FixDiscount(-1)

    assert refused.value.code == "discount_wrong"


@pytest.mark.parametrize(("unit", "quantity", "fee"), [(-1, 1, 0), (1, 0, 0), (1, 1, -1)])
def test_a_line_is_of_something_and_costs_nothing_negative(
    unit: int, quantity: int, fee: int
) -> None:
    with pytest.raises(InputError) as refused:
        line("a", unit, quantity, fee)

    assert refused.value.code == "cart_line_wrong"


def test_two_lines_of_one_name_are_our_mistake() -> None:
    with pytest.raises(RuntimeError, match="one line_id"):
        quote([line("a", 1), line("a", 2)], [])
