"""What the central would have said to an entry that a gate accepted.

Law: pure. An accepted entry is never refused: it happened. This only names the refusal that the central, knowing what
it knows, would have given, so that a person can look; ``None`` = it agrees. Limits are not judged here: entries beyond
them are overuse, found over the whole history.

Source: docs/decisions.md, "Counting"; docs/sync-protocol.md, "Facts up".
"""

from __future__ import annotations

from scanner.core.events import Fact, FactKind
from scanner.core.grants import AccessGrant, GrantState
from scanner.core.reasons import Reason
from scanner.core.units import Direction, Instant


def conflict_of(
    fact: Fact,
    at: Instant,
    grant: AccessGrant | None,
    revoked_at: Instant | None,
    denied_there: Reason | None = None,
) -> Reason | None:
    """The refusal the central would have given to an accepted entry.

    Args:
        fact: any fact; only entries that the gate itself decided can be in conflict.
        at: its corrected instant.
        grant: the right behind it, as it stands now; None = there is none.
        revoked_at: since when its credential is revoked.
        denied_there: why the right is refused at this very event: it was transferred, or is for sale.
    """
    if fact.kind is not FactKind.SCAN or fact.movement is not Direction.IN:
        return None
    if revoked_at is not None and revoked_at <= at:
        return Reason.REVOKED
    if grant is None:
        return Reason.UNKNOWN
    if grant.state is GrantState.DENY:
        return grant.deny_reason
    if denied_there is not None:
        return denied_there
    if grant.valid_from is not None and at < grant.valid_from:
        return Reason.NOT_YET_VALID
    ends = grant.grace_until or grant.valid_until
    if ends is not None and ends <= at:
        return Reason.EXPIRED
    return None
