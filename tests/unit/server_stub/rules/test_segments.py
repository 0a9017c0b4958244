"""Segments are judged live, and never depend on themselves (S32, S34, S35, S36)."""

from __future__ import annotations

import pytest

from scanner.core.units import Instant
from server_stub.rules.conditions import DEPTH_MAX, AllOf, AnyOf, Leaf, Not, Tree, holds, leaves
from server_stub.rules.entitlements import ProductInCart
from server_stub.rules.refusals import Refusal
from server_stub.rules.segments import (
    ANONYMOUS,
    JUDGES,
    Customer,
    HasAttribute,
    HasMembership,
    HasRight,
    HasTag,
    HeldRight,
    InSegment,
    MembershipState,
    RightKind,
    customer_matches,
    find_cycle,
    in_segment,
    refuse_segment,
)
from server_stub.rules.tags import Assignment

NOW = Instant(1_000)
TAGGED = HasTag("Membre 2025")
PLAN = HeldRight(
    kind=RightKind.PLAN,
    name="Club",
    valid_from=Instant(500),
    valid_until=Instant(1_500),
    benefit_until=Instant(2_000),
)
ANNA = Customer(
    assignments=(Assignment("Membre 2025", "pass", Instant(0), Instant(2_000)),),
    rights=(PLAN,),
    attributes={"town": "Lyon"},
)
YES, NO = HasTag("Membre 2025"), HasTag("Other")


@pytest.mark.parametrize(
    ("tree", "answer"),
    [
        (TAGGED, True),
        (HasTag("Other"), False),
        (HasMembership(), True),
        (HasMembership(frozenset({MembershipState.LAPSED})), False),
        (HasRight(RightKind.PLAN, "Club"), True),
        (HasRight(RightKind.PLAN, "Other"), False),
        (HasRight(RightKind.SEASON, "Club"), False),
        (HasAttribute("town", "Lyon"), True),
        (HasAttribute("town", "Paris"), False),
        (HasAttribute("age", "7"), False),
        (InSegment("members"), True),
        (InSegment("nobody knows it"), False),
        (AllOf((YES, NO)), False),
        (AllOf((YES, YES)), True),
        (AnyOf((NO, YES)), True),
        (AnyOf((NO, NO)), False),
        (Not(NO), True),
        (AllOf((YES, AnyOf((NO, Not(NO))))), True),
    ],
)
def test_a_condition_is_judged(tree: Tree, answer: bool) -> None:  # noqa: FBT001 - a column
    assert customer_matches(tree, ANNA, {"members": TAGGED}, NOW) is answer


def test_every_condition_has_a_judge() -> None:
    of_customers = {HasTag, HasMembership, HasRight, HasAttribute, InSegment}

    assert set(JUDGES) == of_customers


def test_s35_the_answer_is_as_of_now() -> None:
    segments = {"members": TAGGED}

    assert in_segment("members", ANNA, segments, Instant(1_999))
    assert not in_segment("members", ANNA, segments, Instant(2_000))
    assert not in_segment("members", ANONYMOUS, segments, NOW)


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (499, MembershipState.TO_COME),
        (500, MembershipState.ACTIVE),
        (1_499, MembershipState.ACTIVE),
        (1_500, MembershipState.GRACE),
        (1_999, MembershipState.GRACE),
        (2_000, MembershipState.LAPSED),
    ],
)
def test_s34_a_right_stands_by_the_clock(now: int, state: MembershipState) -> None:
    assert PLAN.state_at(Instant(now)) is state


def test_a_right_without_an_end_is_active_and_one_without_grace_lapses() -> None:
    forever = HeldRight(kind=RightKind.TICKET_TYPE, name="Pass")
    short = HeldRight(kind=RightKind.TICKET_TYPE, name="Pass", valid_until=NOW)

    assert forever.state_at(NOW) is MembershipState.ACTIVE
    assert short.state_at(NOW) is MembershipState.LAPSED


def test_s34_in_grace_with_benefits_it_is_still_current() -> None:
    club = HasRight(RightKind.PLAN, "Club")

    assert customer_matches(club, ANNA, {}, Instant(1_999))
    assert not customer_matches(club, ANNA, {}, Instant(2_000))


def nested(depth: int) -> Tree:
    tree: Tree = YES
    for _ in range(depth):
        tree = Not(tree)
    return tree


CHAIN = {f"s{n:02}": InSegment(f"s{n + 1:02}") for n in range(DEPTH_MAX - 1)} | {"s15": YES}


@pytest.mark.parametrize(
    ("name", "tree", "others", "refusal"),
    [
        ("a", YES, {}, None),
        ("a", InSegment("b"), {"b": YES}, None),
        ("a", AnyOf((InSegment("b"), InSegment("c"))), {"b": InSegment("c"), "c": YES}, None),
        ("a", InSegment("a"), {}, Refusal.SEGMENT_CYCLE),
        ("a", Not(InSegment("b")), {"b": AllOf((YES, InSegment("a")))}, Refusal.SEGMENT_CYCLE),
        ("a", InSegment("b"), {"b": InSegment("b")}, Refusal.SEGMENT_CYCLE),
        ("a", InSegment("b"), {}, Refusal.SEGMENT_UNKNOWN),
        ("a", AllOf(()), {}, Refusal.TREE_EMPTY),
        ("a", Not(AnyOf(())), {}, Refusal.TREE_EMPTY),
        ("a", nested(DEPTH_MAX), {}, None),
        ("a", nested(DEPTH_MAX + 1), {}, Refusal.TREE_TOO_DEEP),
        ("a", InSegment("s01"), CHAIN, None),
        ("a", InSegment("s00"), CHAIN, Refusal.TREE_TOO_DEEP),
        ("a", ProductInCart("Pass"), {}, Refusal.CONDITION_NOT_HERE),
    ],
)
def test_s36_what_may_be_saved(
    name: str, tree: Tree, others: dict[str, Tree], refusal: Refusal | None
) -> None:
    assert refuse_segment(name, tree, others) is refusal


def test_s36_a_cycle_is_named() -> None:
    segments = {"a": InSegment("b"), "b": AnyOf((YES, InSegment("c"))), "c": InSegment("b")}

    assert find_cycle("a", segments) == ("a", "b", "c", "b")


def test_s36_a_cycle_that_got_in_all_the_same_holds_for_nobody() -> None:
    segments: dict[str, Tree] = {"a": Not(InSegment("b")), "b": Not(InSegment("a"))}

    assert not in_segment("a", ANNA, segments, NOW)
    assert not customer_matches(Not(InSegment("a")), ANNA, segments, NOW)


def test_every_leaf_of_a_tree_is_found() -> None:
    assert list(leaves(AllOf((YES, Not(AnyOf((NO, TAGGED))))))) == [YES, NO, TAGGED]


def test_a_tree_asks_no_further_than_needed() -> None:
    asked: list[Leaf] = []

    def answer(leaf: Leaf) -> bool:
        asked.append(leaf)
        return leaf == YES

    assert holds(AnyOf((YES, NO)), answer)
    assert asked == [YES]
