"""The one decision: what is known at the lane in, an answer with its reasons out.

Law: pure, total and deterministic. Online, offline, signed-only, rehearsal and the central all call `decide`. The order
of its steps is a table; the first refusal wins; a refusal beats a question; an exit always opens.

Source: docs/decisions.md, "Decision order".
"""

from __future__ import annotations

from scanner.core.answer import Decision
from scanner.core.clock import ClockReading
from scanner.core.question import Facts, Scan
from scanner.core.rules import SitePolicy


def decide(scan: Scan, facts: Facts, policy: SitePolicy, clock: ClockReading) -> Decision:
    """The answer to one scan.

    Args:
        scan: the attempt.
        facts: everything known of the lane, the credential, its grants and their use.
        policy: the site's settings.
        clock: one reading of the gate's clock; the only time there is.
    """
    raise NotImplementedError
