"""The term of a right: from its row, from its first entry, or from a renewal token that is newer than the snapshot.

Law: a term that starts with the first scan is derived from the earliest counted entry in any zone, or from now if this
would be the first; every gate derives it anew, so the earliest of several entries wins by itself. A renewal token is
believed only when it was issued after our snapshot, and then instead of the row's end and grace.

Source: docs/decisions.md, "Rights" and "Decision order".
"""

from __future__ import annotations

from collections.abc import Mapping

from scanner.core.calendar import SiteCalendar
from scanner.core.clock import ClockReading
from scanner.core.grants import AccessGrant, GrantState
from scanner.core.question import Facts, GrantFacts
from scanner.core.tally import Tally
from scanner.core.units import Instant, Interval, ZoneNo
from scanner.core.validity import validity


def renewed_until(grant: AccessGrant, facts: Facts) -> Instant | None:
    """The end that a renewal token gives this right; None where there is no token, or our snapshot knows better."""
    claims, snapshot = facts.presented.claims, facts.snapshot
    if claims is None or claims.issued_seq is None or grant.state is not GrantState.ALLOW:
        return None
    is_newer = snapshot is None or claims.issued_seq > snapshot.seq
    return claims.not_after if is_newer else None


def term_of(
    right: GrantFacts, renewed: Instant | None, clock: ClockReading, site: SiteCalendar
) -> Interval:
    """The whole validity of a right; a first-scan term begins with its first entry."""
    grant = right.grant
    if renewed is not None:
        return Interval(grant.valid_from, renewed)
    if grant.first_scan is None:
        return Interval(grant.valid_from, grant.valid_until)
    start, until = validity(grant.first_scan, _first_entry_at(right.tallies, clock.now), site)
    return Interval(start, _earlier(until, grant.valid_until))


def _first_entry_at(tallies: Mapping[ZoneNo, Tally], now: Instant) -> Instant:
    """Of the earliest entry; an entry that seems to lie ahead (clocks were corrected) never starts later than now."""
    entries = [tally.first_entry for tally in tallies.values()]
    return min((now, *(entry.at for entry in entries if entry is not None)))


def _earlier(a: Instant | None, b: Instant | None) -> Instant | None:
    ends = [end for end in (a, b) if end is not None]
    return min(ends, default=None)
