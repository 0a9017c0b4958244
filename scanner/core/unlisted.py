"""The right that a signed ticket itself states, for when the snapshot has no row for it.

Law: a row is believed before a token; this is only asked where there is no row. Zones, scope and rule are those of the
ticket's type; dates, seat and a scan limit are the token's own.

Source: docs/decisions.md, "Decision order" (unlisted).
"""

from __future__ import annotations

from dataclasses import replace

from scanner.core.grants import AccessGrant
from scanner.core.question import Facts, GrantFacts
from scanner.core.rules import ScanRule
from scanner.core.token import Claims
from scanner.core.units import GrantNo

NO_GRANT = GrantNo(0)
"""Filler: a right without a row has no number, and `Case.grant_no` tells none."""


def rights_behind(facts: Facts) -> tuple[GrantFacts, ...]:
    """The rows behind the code, else what its ticket states; at least one where step 6 found the right known."""
    if facts.grants:
        return facts.grants
    right = stated_right(facts)
    return () if right is None else (right,)


def stated_right(facts: Facts) -> GrantFacts | None:
    """What the ticket states; None without a ticket, or of a type that the snapshot does not know."""
    claims, unlisted = facts.presented.claims, facts.unlisted
    ticket_type = unlisted.ticket_type if unlisted else None
    if claims is None or unlisted is None or unlisted.rule is None or ticket_type is None:
        return None
    grant = AccessGrant(
        grant_no=NO_GRANT,
        rule_no=ticket_type.rule_no,
        type_no=ticket_type.type_no,
        scope_no=ticket_type.scope_no,
        zones=ticket_type.zones,
        valid_from=claims.not_before,
        valid_until=claims.not_after,
        seat=claims.seat,
    )
    return GrantFacts(
        grant=grant,
        rule=_limited(unlisted.rule, claims),
        tallies=unlisted.tallies,
        boot_tallies=unlisted.boot_tallies,
        scope=unlisted.scope,
    )


def _limited(rule: ScanRule, claims: Claims) -> ScanRule:
    return rule if claims.max_total is None else replace(rule, max_total=claims.max_total)
