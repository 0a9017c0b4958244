"""Integer money: halves are rounded up once, and parts always sum to their whole.

Law: amounts are whole minor units (``*_minor``, cents) of one currency; no float ever. A negative amount is a mistake
of the caller, not a discount.

Source: docs/membership-rules.md, "Prices".
"""

from __future__ import annotations

from collections.abc import Mapping


def half_up(numerator: int, denominator: int) -> int:
    """A non-negative fraction of minor units as a whole number; a half goes up."""
    if numerator < 0 or denominator <= 0:
        raise RuntimeError(f"{numerator}/{denominator} is no amount")
    return (2 * numerator + denominator) // (2 * denominator)


def split(whole_minor: int, weights: Mapping[str, int]) -> dict[str, int]:
    """An amount shared out in proportion, to the last cent.

    Each part is rounded down; the cents left over go to the largest remainders, equal ones by name, so that the order
    of ``weights`` does not matter. No part exceeds its weight while the whole does not exceed their sum.

    Args:
        whole_minor: what is shared out.
        weights: a non-negative weight each; all zero only if there is nothing to share.
    """
    total = sum(weights.values())
    if total == 0:
        if whole_minor:
            raise RuntimeError(f"{whole_minor} minor units among nobody")
        return dict.fromkeys(weights, 0)
    parts = {name: whole_minor * weight // total for name, weight in weights.items()}
    left = whole_minor - sum(parts.values())
    by_remainder = sorted(weights, key=lambda name: (-(whole_minor * weights[name] % total), name))
    for name in by_remainder[:left]:
        parts[name] += 1
    return parts
