"""What a renewal does to the codes in a holder's hand.

Law: the old right keeps its code to the end of its season. Kept, the code points to the new right too, which has counts
of its own: they start at 0. Not kept, a new code is issued with the renewal, and the old one is revoked when the new
season starts, not when it was paid. What was revoked never comes back.

Source: docs/decisions.md, "Rights" (`credential`); docs/membership-rules.md, "Campaigns".
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner.core.units import GrantNo, Instant


@dataclass(frozen=True, slots=True)
class CodePlan:
    """What to do with codes.

    Attributes:
        linked: (credential, right) pairs to add: the old codes also open under the new right.
        issues_new: make a new code for the new right.
        revoked: credentials to revoke at ``revoked_at``.
        revoked_at: the start of the new season.
    """

    linked: tuple[tuple[int, GrantNo], ...] = ()
    issues_new: bool = False
    revoked: tuple[int, ...] = ()
    revoked_at: Instant | None = None


def plan_codes(
    active: tuple[int, ...], new_grant: GrantNo, season_starts_at: Instant, *, keep_codes: bool
) -> CodePlan:
    """What a renewal that is paid does to the codes.

    Args:
        active: the credentials of the old right that are not revoked.
        new_grant: the right of the new season.
        season_starts_at: when the new season begins.
        keep_codes: of the campaign.
    """
    if keep_codes and active:
        return CodePlan(linked=tuple((credential_no, new_grant) for credential_no in active))
    return CodePlan(
        issues_new=True, revoked=active, revoked_at=season_starts_at if active else None
    )
