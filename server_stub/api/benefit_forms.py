"""What an organiser sends to set benefits up: conditions, segments, entitlements, shops.

Law: pure types and parsers, as `server_stub.api.forms`. A condition says one thing; a tree of them becomes the tree
that the rules judge, and what is kept is what was sent.

Source: docs/membership-rules.md, "Segments", "Entitlements", "Secret shops"; docs/central.md, "Benefits".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from server_stub.api.forms import Minor, Strict
from server_stub.faults import FieldError
from server_stub.rules.conditions import AllOf, AnyOf, Leaf, Not, Tree
from server_stub.rules.entitlements import (
    WHOLE_BP,
    Entitlement,
    EventHasAttribute,
    FixDiscount,
    Modifier,
    ProductInCart,
    SalesChannel,
    VarDiscount,
    WaiveFees,
)
from server_stub.rules.segments import (
    HasAttribute,
    HasMembership,
    HasRight,
    HasTag,
    InSegment,
    MembershipState,
    RightKind,
)
from server_stub.rules.shops import Unlock

Share = Annotated[int, msgspec.Meta(ge=0, le=WHOLE_BP)]
"""Basis points: 10 % is 1000."""


class NamedValue(Strict, frozen=True):
    """An attribute and the value it must have."""

    name: str
    value: str


class ProductForm(Strict, frozen=True):
    """So many of a ticket type in the cart."""

    product: str
    at_least: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1


class ConditionForm(Strict, frozen=True, omit_defaults=True):
    """One condition, or a group of them; exactly one field.

    Over customers: ``tag``, ``segment``, ``membership`` (``to_come``, ``active``, ``grace``, ``lapsed``),
    ``ticket_type``, ``plan``, ``season``, ``attribute``. Over a purchase (entitlements only): ``product_in_cart``,
    ``sales_channel`` (``web``, ``desk``), ``event_attribute``. Groups: ``all``, ``any``, ``not``.
    """

    all_: list[ConditionForm] | None = msgspec.field(default=None, name="all")
    any_: list[ConditionForm] | None = msgspec.field(default=None, name="any")
    not_: ConditionForm | None = msgspec.field(default=None, name="not")
    tag: str | None = None
    segment: str | None = None
    membership: list[MembershipState] | None = None
    ticket_type: str | None = None
    plan: str | None = None
    season: str | None = None
    attribute: NamedValue | None = None
    product_in_cart: ProductForm | None = None
    sales_channel: str | None = None
    event_attribute: NamedValue | None = None


class SegmentForm(Strict, frozen=True):
    """A named condition over customers."""

    name: str
    condition: ConditionForm


class VarForm(Strict, frozen=True, omit_defaults=True):
    """A share off every line; ``max_minor``: together at most this."""

    share_bp: Share
    max_minor: Minor | None = None


class EntitlementForm(Strict, frozen=True):
    """A benefit: a condition, and what it grants."""

    name: str
    condition: ConditionForm
    var_discount: VarForm | None = None
    fix_discount_minor: Minor | None = None
    waive_fees: bool = False
    is_active: bool = True


class ActiveForm(Strict, frozen=True):
    """Whether it has any effect."""

    is_active: bool


class ShopForm(Strict, frozen=True):
    """A place to buy. With tags, segments or an unlock it is secret, and any of them opens it.

    ``code``: what one types where ``unlock`` is ``code``; a link is made by the central. ``opens_at`` and
    ``closes_at``: local times, ``2026-05-01T20:00``.
    """

    name: str
    types: list[str] = msgspec.field(default_factory=list)
    tags: list[str] = msgspec.field(default_factory=list)
    segments: list[str] = msgspec.field(default_factory=list)
    unlock: Unlock = Unlock.NONE
    code: str | None = None
    opens_at: str | None = None
    closes_at: str | None = None


def parse_customer_condition(form: ConditionForm) -> Tree:
    """A condition of a segment.

    Raises:
        InputError: ``condition_wrong``.
    """
    return _parse(form, OVER_CUSTOMERS)


def parse_entitlement(form: EntitlementForm, *, is_active: bool) -> Entitlement:
    """An entitlement.

    Raises:
        InputError: ``condition_wrong``, ``entitlement_grants_nothing``, ``discount_wrong``.
    """
    modifiers: list[Modifier] = []
    if form.var_discount is not None:
        modifiers.append(VarDiscount(form.var_discount.share_bp, form.var_discount.max_minor))
    if form.fix_discount_minor is not None:
        modifiers.append(FixDiscount(form.fix_discount_minor))
    if form.waive_fees:
        modifiers.append(WaiveFees())
    if not modifiers:
        raise FieldError(
            "entitlement_grants_nothing",
            f"entitlement {form.name!r} grants nothing; nothing was changed",
            "give var_discount, fix_discount_minor or waive_fees",
            field="var_discount",
        )
    return Entitlement(
        entitlement_id=form.name,
        condition=_parse(form.condition, OVER_PURCHASES),
        modifiers=tuple(modifiers),
        is_active=is_active,
    )


Leaves = dict[str, Callable[[Any], Leaf]]

OVER_CUSTOMERS: Leaves = {
    "tag": HasTag,
    "segment": InSegment,
    "membership": lambda states: HasMembership(frozenset(states)),
    "ticket_type": lambda name: HasRight(RightKind.TICKET_TYPE, name),
    "plan": lambda name: HasRight(RightKind.PLAN, name),
    "season": lambda name: HasRight(RightKind.SEASON, name),
    "attribute": lambda form: HasAttribute(form.name, form.value),
}
OVER_PURCHASES: Leaves = {
    "segment": InSegment,
    "membership": lambda states: HasMembership(frozenset(states)),
    "product_in_cart": lambda form: ProductInCart(form.product, form.at_least),
    "sales_channel": SalesChannel,
    "event_attribute": lambda form: EventHasAttribute(form.name, form.value),
}


def _parse(form: ConditionForm, leaves: Leaves) -> Tree:
    given = {
        name: value
        for name in ConditionForm.__struct_fields__
        if (value := getattr(form, name)) is not None
    }
    name = next(iter(given), "")
    if len(given) != 1 or (name not in leaves and name not in {"all_", "any_", "not_"}):
        raise _condition_wrong(given, leaves)
    if form.all_ is not None:
        return AllOf(tuple(_parse(part, leaves) for part in form.all_))
    if form.any_ is not None:
        return AnyOf(tuple(_parse(part, leaves) for part in form.any_))
    if form.not_ is not None:
        return Not(_parse(form.not_, leaves))
    return leaves[name](given[name])


def _condition_wrong(given: dict[str, Any], leaves: Leaves) -> FieldError:
    names = ", ".join(name.rstrip("_") for name in given) or "nothing"
    valid = ("all", "any", "not", *leaves)
    return FieldError(
        "condition_wrong",
        f"a condition says {names}, which is not one thing that can be asked here; nothing was changed",
        f"exactly one of: {', '.join(valid)}",
        field="condition",
        valid=valid,
    )
