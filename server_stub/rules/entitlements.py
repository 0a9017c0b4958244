"""Entitlements (*droits*): a condition over a purchase, and what it grants: waived fees or a discount.

Law: an entitlement applies while it is active and its condition holds, judged with the customer and cart as they are
now; one whose condition meets a segment that depends on itself does not apply. A share is whole basis points
(10 % = 1,000), so no float decides a price.

Source: docs/decisions.md, "Central: state machines"; docs/membership-rules.md, "Entitlements".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.rules.conditions import Leaf, Tree, holds, leaves, tree_problem
from server_stub.rules.refusals import Refusal
from server_stub.rules.segments import (
    Customer,
    HasMembership,
    InSegment,
    Segments,
    customer_matches,
    find_cycle,
)

WHOLE_BP = 10_000
"""Basis points of the whole."""


@dataclass(frozen=True, slots=True)
class VarDiscount:
    """A share off every line, together at most ``max_minor``."""

    share_bp: int
    max_minor: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.share_bp <= WHOLE_BP or (
            self.max_minor is not None and self.max_minor < 0
        ):
            raise InputError(
                "discount_wrong",
                f"discount of {self.share_bp} basis points, at most {self.max_minor}, is not within 0..{WHOLE_BP}",
                "write 10 % as 1000; leave the maximum out where there is none",
            )


@dataclass(frozen=True, slots=True)
class FixDiscount:
    """An amount off the cart."""

    amount_minor: int

    def __post_init__(self) -> None:
        if self.amount_minor < 0:
            raise InputError(
                "discount_wrong",
                f"discount of {self.amount_minor} minor units is negative",
                "write 3.00 as 300",
            )


@dataclass(frozen=True, slots=True)
class WaiveFees:
    """No fees."""


Modifier: TypeAlias = VarDiscount | FixDiscount | WaiveFees


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """A named benefit."""

    entitlement_id: str
    condition: Tree
    modifiers: tuple[Modifier, ...]
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class ProductInCart(Leaf):
    """The cart holds at least so many of a product."""

    product: str
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class SalesChannel(Leaf):
    """It is sold through this channel, such as ``web`` or ``desk``."""

    channel: str


@dataclass(frozen=True, slots=True)
class EventHasAttribute(Leaf):
    """Some event in the cart has this attribute."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """Everything that a condition may ask for.

    Attributes:
        products: how many of each product are in the cart.
        event_attributes: (name, value) of the events in the cart.
    """

    customer: Customer
    now: Instant
    segments: Segments = field(default_factory=dict)
    products: Mapping[str, int] = field(default_factory=dict)
    channel: str = "web"
    event_attributes: frozenset[tuple[str, str]] = frozenset()


def applying(entitlements: Iterable[Entitlement], purchase: Purchase) -> tuple[Entitlement, ...]:
    """The entitlements that apply to a purchase now, by name."""
    found = (one for one in entitlements if one.is_active and _applies(one.condition, purchase))
    return tuple(sorted(found, key=lambda one: one.entitlement_id))


def refuse_entitlement(entitlement: Entitlement, segments: Segments) -> Refusal | None:
    """Why an entitlement may not be saved; None = it may."""
    problem = tree_problem(entitlement.condition, JUDGES)
    if problem is not None:
        return problem
    named = {leaf.segment for leaf in leaves(entitlement.condition) if isinstance(leaf, InSegment)}
    return None if named <= set(segments) else Refusal.SEGMENT_UNKNOWN


def _applies(condition: Tree, purchase: Purchase) -> bool:
    named = {leaf.segment for leaf in leaves(condition) if isinstance(leaf, InSegment)}
    if any(find_cycle(name, purchase.segments) for name in named):
        return False
    return holds(condition, lambda leaf: JUDGES[type(leaf)](leaf, purchase))


def _product_in_cart(leaf: ProductInCart, purchase: Purchase) -> bool:
    return purchase.products.get(leaf.product, 0) >= leaf.at_least


def _sales_channel(leaf: SalesChannel, purchase: Purchase) -> bool:
    return leaf.channel == purchase.channel


def _event_has_attribute(leaf: EventHasAttribute, purchase: Purchase) -> bool:
    return (leaf.name, leaf.value) in purchase.event_attributes


def _customer(leaf: Leaf, purchase: Purchase) -> bool:
    return customer_matches(leaf, purchase.customer, purchase.segments, purchase.now)


JUDGES: dict[type[Leaf], Callable[[Any, Purchase], bool]] = {
    ProductInCart: _product_in_cart,
    HasMembership: _customer,
    InSegment: _customer,
    SalesChannel: _sales_channel,
    EventHasAttribute: _event_has_attribute,
}
"""Who judges each condition over a purchase."""
