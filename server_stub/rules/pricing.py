"""What a cart costs, each line explained, and whether it still costs that when it is paid.

Law: in this order: the best single percentage (the one that takes off most; of equals the first by name), then every
fixed amount, never below zero, then fees. A percentage is rounded half up on each line; what is capped or fixed is
shared out over the lines in proportion, and the parts sum to the whole to the last cent. The order of lines and
entitlements changes nothing. At payment the cart is priced anew; if a benefit was lost or it costs more, nothing is
charged and the customer is told.

Source: docs/decisions.md, "Central: state machines"; docs/membership-rules.md, "Prices".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from scanner.core.errors import InputError
from server_stub.rules.entitlements import (
    WHOLE_BP,
    Entitlement,
    FixDiscount,
    VarDiscount,
    WaiveFees,
)
from server_stub.rules.money import half_up, split
from server_stub.rules.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class CartLine:
    """Some of one product. ``unit_minor`` and ``fee_minor`` are of each.

    Raises:
        InputError: less than one, or a negative amount.
    """

    line_id: str
    product: str
    unit_minor: int
    quantity: int = 1
    fee_minor: int = 0

    def __post_init__(self) -> None:
        if self.quantity < 1 or self.unit_minor < 0 or self.fee_minor < 0:
            raise InputError(
                "cart_line_wrong",
                f"{self.quantity} of {self.product!r} at {self.unit_minor} + {self.fee_minor} is no line of a cart",
                "order 1 or more, at amounts of 0 or more minor units",
            )


class DeductionKind(StrEnum):
    """How an amount came off a line."""

    VAR_DISCOUNT = "var_discount"
    FIX_DISCOUNT = "fix_discount"
    WAIVED_FEES = "waived_fees"


@dataclass(frozen=True, slots=True)
class Deduction:
    """An amount off a line, and the entitlement it comes from."""

    entitlement_id: str
    kind: DeductionKind
    amount_minor: int


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """A line explained: gross + fee − deductions = total."""

    line_id: str
    gross_minor: int
    fee_minor: int
    deductions: tuple[Deduction, ...]

    @property
    def total_minor(self) -> int:
        """What is to be paid for this line."""
        taken_minor = sum(deduction.amount_minor for deduction in self.deductions)
        return self.gross_minor + self.fee_minor - taken_minor


@dataclass(frozen=True, slots=True)
class Quote:
    """A priced cart. ``benefits``: the entitlements that took something off."""

    lines: tuple[QuoteLine, ...]

    @property
    def total_minor(self) -> int:
        """What is to be paid."""
        return sum(line.total_minor for line in self.lines)

    @property
    def discount_minor(self) -> int:
        """What percentages and fixed amounts take off; waived fees are not counted."""
        return sum(
            deduction.amount_minor
            for line in self.lines
            for deduction in line.deductions
            if deduction.kind is not DeductionKind.WAIVED_FEES
        )

    @property
    def fee_minor(self) -> int:
        """The fees that are left to be paid."""
        return sum(line.fee_minor for line in self.lines) - sum(
            deduction.amount_minor
            for line in self.lines
            for deduction in line.deductions
            if deduction.kind is DeductionKind.WAIVED_FEES
        )

    @property
    def benefits(self) -> frozenset[str]:
        """The entitlements that took something off."""
        return frozenset(d.entitlement_id for line in self.lines for d in line.deductions)


@dataclass(frozen=True, slots=True)
class Repriced:
    """What became of a cart between agreeing and paying.

    Attributes:
        fresh: the price now, without the lines that can be bought no more.
        refusal: why nothing may be charged; None = charge the fresh total.
        lost_benefits: entitlements of the agreed price that no longer apply.
        lost_lines: lines whose shop is closed to the customer now, and why.
    """

    fresh: Quote
    refusal: Refusal | None
    lost_benefits: frozenset[str]
    lost_lines: Mapping[str, Refusal]


def quote(lines: Iterable[CartLine], applying: Iterable[Entitlement]) -> Quote:
    """Prices a cart.

    Args:
        lines: each with its own ``line_id``; the quote keeps their order.
        applying: the entitlements that apply (`entitlements.applying`), in any order.
    """
    cart = tuple(lines)
    entitlements = sorted(applying, key=lambda one: one.entitlement_id)
    left = {line.line_id: line.unit_minor * line.quantity for line in cart}
    if len(left) != len(cart):
        raise RuntimeError("two lines of a cart have one line_id")
    off: dict[str, list[Deduction]] = {line.line_id: [] for line in cart}
    _take_off(left, off, _best_percentage(entitlements, left))
    for one in entitlements:
        for modifier in one.modifiers:
            if isinstance(modifier, FixDiscount):
                _take_off(left, off, _fixed(one, modifier, left))
    waiver = _waiver(entitlements)
    return Quote(tuple(_quote_line(line, off[line.line_id], waiver) for line in cart))


def reprice(
    agreed: Quote,
    lines: Iterable[CartLine],
    applying: Iterable[Entitlement],
    refused: Mapping[str, Refusal],
) -> Repriced:
    """Prices a cart again at payment.

    Args:
        agreed: what the customer was shown.
        lines: the cart.
        applying: the entitlements that apply now.
        refused: lines whose shop refuses the customer now (`shops.shop_refusal`), by ``line_id``.
    """
    cart = tuple(lines)
    lost = {line.line_id: refused[line.line_id] for line in cart if line.line_id in refused}
    entitlements = tuple(applying)
    fresh = quote((line for line in cart if line.line_id not in lost), entitlements)
    benefits = agreed.benefits - {one.entitlement_id for one in entitlements}
    is_agreed = not lost and not benefits and fresh.total_minor <= agreed.total_minor
    return Repriced(fresh, None if is_agreed else Refusal.PRICE_CHANGED, benefits, lost)


Parts = tuple[str, DeductionKind, dict[str, int]]
"""An entitlement, how it takes off, and how much of each line."""


def _best_percentage(entitlements: Iterable[Entitlement], left: Mapping[str, int]) -> Parts | None:
    offers = [
        (one.entitlement_id, DeductionKind.VAR_DISCOUNT, _percentage(modifier, left))
        for one in entitlements
        for modifier in one.modifiers
        if isinstance(modifier, VarDiscount)
    ]
    return max(offers, key=lambda offer: sum(offer[2].values()), default=None)


def _percentage(modifier: VarDiscount, left: Mapping[str, int]) -> dict[str, int]:
    parts = {name: half_up(minor * modifier.share_bp, WHOLE_BP) for name, minor in left.items()}
    if modifier.max_minor is None or sum(parts.values()) <= modifier.max_minor:
        return parts
    return split(modifier.max_minor, parts)


def _fixed(one: Entitlement, modifier: FixDiscount, left: Mapping[str, int]) -> Parts:
    amount_minor = min(modifier.amount_minor, sum(left.values()))
    return one.entitlement_id, DeductionKind.FIX_DISCOUNT, split(amount_minor, left)


def _take_off(left: dict[str, int], off: dict[str, list[Deduction]], parts: Parts | None) -> None:
    if parts is None:
        return
    entitlement_id, kind, amounts = parts
    for line_id, amount_minor in amounts.items():
        if amount_minor:
            left[line_id] -= amount_minor
            off[line_id].append(Deduction(entitlement_id, kind, amount_minor))


def _waiver(entitlements: Iterable[Entitlement]) -> str | None:
    """The first by name of those that waive fees."""
    return next(
        (
            one.entitlement_id
            for one in entitlements
            if any(isinstance(modifier, WaiveFees) for modifier in one.modifiers)
        ),
        None,
    )


def _quote_line(line: CartLine, off: list[Deduction], waiver: str | None) -> QuoteLine:
    fee_minor = line.fee_minor * line.quantity
    if waiver is not None and fee_minor:
        off = [*off, Deduction(waiver, DeductionKind.WAIVED_FEES, fee_minor)]
    return QuoteLine(line.line_id, line.unit_minor * line.quantity, fee_minor, tuple(off))
