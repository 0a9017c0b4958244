"""What one row of the decision order found.

Law: a row returns a finding with the raw values it looked at, or None where its right does not ask for it. It never
formats text: that is for whoever shows a trace.

Source: docs/decisions.md, "Decision order".
"""

from __future__ import annotations

from typing import NamedTuple

from scanner.core.answer import Verdict
from scanner.core.reasons import Reason

Value = tuple[str, object]
"""A name and the raw value."""


class Finding(NamedTuple):
    """A verdict, the values it rests on, and the reason it gives (None for a pass)."""

    verdict: Verdict
    values: tuple[Value, ...] = ()
    reason: Reason | None = None


def passed(*values: Value) -> Finding:
    """Nothing against it."""
    return Finding(Verdict.PASS, values)


def noted(reason: Reason, *values: Value) -> Finding:
    """Nothing against it, and something to show."""
    return Finding(Verdict.NOTE, values, reason)


def asked(reason: Reason, *values: Value) -> Finding:
    """Staff decide, unless a later row refuses."""
    return Finding(Verdict.ASK, values, reason)


def refused(reason: Reason, *values: Value) -> Finding:
    """No."""
    return Finding(Verdict.REFUSE, values, reason)
