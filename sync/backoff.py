"""How long to wait before the next contact after a failed one.

Law: pure; randomness is handed in. Full jitter: anything between nothing and a limit that doubles from `FIRST_S` to
`MOST_S`, so that a hundred gates do not come back in one instant. A central that says Retry-After is never asked
sooner, and the jitter comes on top.

Source: docs/sync.md, "The worker"; AWS Architecture Blog, "Exponential Backoff And Jitter"; RFC 9110, 10.2.3.
"""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

FIRST_S = 0.5
MOST_S = 60.0
RETRY_AFTER_MOST_S = 3_600.0
"""No central may send a gate away for longer: a slip there must not silence a site for a season."""


def limit_s(failures: int) -> float:
    """The longest wait after ``failures`` (from 1) failed contacts in a row."""
    # doubled seven times FIRST_S is past MOST_S; a larger exponent would only make a huge number
    doublings = min(max(failures, 1) - 1, 7)
    return min(MOST_S, FIRST_S * (1 << doublings))


def delay_s(failures: int, roll: float, retry_after_s: float = 0.0) -> float:
    """Seconds to wait.

    Args:
        failures: failed contacts in a row, from 1.
        roll: a random number in [0, 1).
        retry_after_s: what the central asked for, 0 = nothing.
    """
    return min(max(retry_after_s, 0.0), RETRY_AFTER_MOST_S) + roll * limit_s(failures)


def parse_retry_after(value: str | None, date: str | None = None) -> float:
    """Seconds a ``Retry-After`` header asks for; 0 where it is missing or makes no sense.

    A date is measured against the reply's own ``Date``, because the gate's clock may be wrong.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), RETRY_AFTER_MOST_S)
    try:
        until = parsedate_to_datetime(text)
        now = parsedate_to_datetime(date or "")
        seconds = (until.astimezone(UTC) - now.astimezone(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), RETRY_AFTER_MOST_S)
