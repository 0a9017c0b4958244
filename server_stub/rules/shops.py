"""Secret shops: who sees one, who may put something of it in a cart, and who may pay.

Law: the same question is asked at listing, at the cart and at payment, with the customer as of that instant; a direct
address opens nothing. A shop with tags, segments or an unlock is secret, and any one of them opens it; one with none is
public. To somebody without a way in, a secret shop is locked whether it is open, closed or still to come, so that
nothing is told.

Source: docs/decisions.md, "Central: state machines"; docs/membership-rules.md, "Secret shops".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from scanner.core.units import Instant, Interval
from server_stub.rules.refusals import Refusal
from server_stub.rules.segments import Customer, Segments, in_segment
from server_stub.rules.tags import present_tags


class Unlock(StrEnum):
    """What opens a shop beside tags and segments: nothing, a code one types, or a link one was sent."""

    NONE = "none"
    CODE = "code"
    LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A place to buy. ``opens_at`` and ``closes_at``: None = open on that side."""

    shop_id: str
    tags: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    unlock: Unlock = Unlock.NONE
    opens_at: Instant | None = None
    closes_at: Instant | None = None

    @property
    def is_secret(self) -> bool:
        """True when one needs a way in."""
        return bool(self.tags or self.segments) or self.unlock is not Unlock.NONE


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks. ``unlocked``: the shops whose code or link this session has shown, the way each was shown."""

    customer: Customer
    unlocked: frozenset[tuple[str, Unlock]] = frozenset()


def shop_refusal(shop: Shop, visitor: Visitor, segments: Segments, now: Instant) -> Refusal | None:
    """Why the visitor may not use the shop now, at listing, cart or payment; None = may."""
    if shop.is_secret and not _has_a_way_in(shop, visitor, segments, now):
        return Refusal.SHOP_LOCKED
    if Interval(shop.opens_at, shop.closes_at).contains(now):
        return None
    is_early = shop.opens_at is not None and now < shop.opens_at
    return Refusal.SHOP_NOT_OPEN_YET if is_early else Refusal.SHOP_CLOSED


def listed(
    shops: Iterable[Shop], visitor: Visitor, segments: Segments, now: Instant
) -> tuple[Shop, ...]:
    """The shops a visitor is shown."""
    return tuple(shop for shop in shops if shop_refusal(shop, visitor, segments, now) is None)


def _has_a_way_in(shop: Shop, visitor: Visitor, segments: Segments, now: Instant) -> bool:
    if shop.tags & present_tags(visitor.customer.assignments, now):
        return True
    if any(in_segment(name, visitor.customer, segments, now) for name in shop.segments):
        return True
    return shop.unlock is not Unlock.NONE and (shop.shop_id, shop.unlock) in visitor.unlocked
