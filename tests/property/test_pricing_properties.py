"""Prices are never negative, sum exactly, and do not depend on the order of lines and entitlements (S32, S33)."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from server_stub.rules.conditions import Tree
from server_stub.rules.entitlements import (
    Entitlement,
    FixDiscount,
    Modifier,
    SalesChannel,
    VarDiscount,
    WaiveFees,
)
from server_stub.rules.money import split
from server_stub.rules.pricing import CartLine, DeductionKind, quote, reprice

ALWAYS: Tree = SalesChannel("web")
modifiers: st.SearchStrategy[Modifier] = st.one_of(
    st.builds(VarDiscount, st.integers(0, 10_000), st.none() | st.integers(0, 5_000)),
    st.builds(FixDiscount, st.integers(0, 20_000)),
    st.just(WaiveFees()),
)
carts = st.lists(
    st.tuples(st.integers(0, 9_999), st.integers(1, 4), st.integers(0, 300)), max_size=6
).map(
    lambda rows: [
        CartLine(line_id=f"l{n}", product="p", unit_minor=unit, quantity=quantity, fee_minor=fee)
        for n, (unit, quantity, fee) in enumerate(rows)
    ]
)
benefits = st.lists(st.lists(modifiers, max_size=3), max_size=4).map(
    lambda rows: [
        Entitlement(entitlement_id=f"e{n}", condition=ALWAYS, modifiers=tuple(row))
        for n, row in enumerate(rows)
    ]
)


@given(carts, benefits)
@settings(deadline=None)
def test_no_line_is_negative_and_the_parts_sum_to_the_whole(
    cart: list[CartLine], entitlements: list[Entitlement]
) -> None:
    price = quote(cart, entitlements)
    full_minor = sum((line.unit_minor + line.fee_minor) * line.quantity for line in cart)
    off_minor = sum(d.amount_minor for line in price.lines for d in line.deductions)

    assert all(line.total_minor >= 0 for line in price.lines)
    assert all(d.amount_minor > 0 for line in price.lines for d in line.deductions)
    assert price.total_minor == sum(line.total_minor for line in price.lines)
    assert price.total_minor + off_minor == full_minor
    assert price.discount_minor <= full_minor


@given(carts, benefits, st.randoms())
@settings(deadline=None)
def test_the_order_of_lines_and_entitlements_changes_nothing(
    cart: list[CartLine], entitlements: list[Entitlement], random: Random
) -> None:
    shuffled, others = list(cart), list(entitlements)
    random.shuffle(shuffled)
    random.shuffle(others)
    before = {line.line_id: line for line in quote(cart, entitlements).lines}

    assert {line.line_id: line for line in quote(shuffled, others).lines} == before


@given(carts, benefits)
@settings(deadline=None)
def test_one_percentage_applies_and_fixed_amounts_come_off_in_full_or_down_to_zero(
    cart: list[CartLine], entitlements: list[Entitlement]
) -> None:
    price = quote(cart, entitlements)
    taken = [d for line in price.lines for d in line.deductions]
    shares = {d.entitlement_id for d in taken if d.kind is DeductionKind.VAR_DISCOUNT}
    fixed_minor = sum(d.amount_minor for d in taken if d.kind is DeductionKind.FIX_DISCOUNT)
    offered_minor = sum(
        m.amount_minor for one in entitlements for m in one.modifiers if isinstance(m, FixDiscount)
    )

    assert len(shares) <= 1
    assert fixed_minor == offered_minor or price.total_minor == price.fee_minor


@given(carts, benefits)
@settings(deadline=None)
def test_a_cart_that_did_not_change_is_charged_as_agreed(
    cart: list[CartLine], entitlements: list[Entitlement]
) -> None:
    agreed = quote(cart, entitlements)
    now = reprice(agreed, cart, entitlements, {})

    assert (now.refusal, now.fresh) == (None, agreed)


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 10**6), max_size=8), st.data())
@settings(deadline=None)
def test_what_is_split_sums_to_the_whole_and_no_part_exceeds_its_weight(
    weights: dict[str, int], data: st.DataObject
) -> None:
    whole_minor = data.draw(st.integers(0, sum(weights.values())))
    parts = split(whole_minor, weights)

    assert sum(parts.values()) == whole_minor
    assert all(0 <= parts[name] <= weight for name, weight in weights.items())
