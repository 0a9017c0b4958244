"""What one row of the decision order found.

Law: a row returns a finding with the raw values it looked at, or None where its right does not ask for it. It never
formats text: that is for whoever shows a trace. A scan makes a dozen of them, so they are plain tuples.

Source: docs/decisions.md, "Decision order".
"""

from __future__ import annotations

from typing import TypeAlias

from scanner.core.answer import Verdict
from scanner.core.reasons import Reason

Value = tuple[str, object]
"""A name and the raw value."""

Finding: TypeAlias = tuple[Verdict, tuple[Value, ...], Reason | None]
"""A verdict, the values it rests on, and the reason it gives (None for a pass)."""

_PASS, _NOTE, _ASK, _REFUSE = Verdict.PASS, Verdict.NOTE, Verdict.ASK, Verdict.REFUSE
# Python 3.11 looks a member up anew each time, in 0.2 us: here it would be a tenth of a decision.


def passed(*values: Value) -> Finding:
    """Nothing against it."""
    return _PASS, values, None


def noted(reason: Reason, *values: Value) -> Finding:
    """Nothing against it, and something to show."""
    return _NOTE, values, reason


def asked(reason: Reason, *values: Value) -> Finding:
    """Staff decide, unless a later row refuses."""
    return _ASK, values, reason


def refused(reason: Reason, *values: Value) -> Finding:
    """No."""
    return _REFUSE, values, reason
