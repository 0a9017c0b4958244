"""Which accepted entries a person should look at."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.core.events import FactKind
from scanner.core.grants import AccessGrant, GrantState
from scanner.core.reasons import Reason
from scanner.core.units import Direction, GrantNo, Instant, RuleNo, TypeNo
from server_stub.rules.conflicts import conflict_of
from support.gate_facts import NOON, entry, fact, refusal


def grant(**fields: Any) -> AccessGrant:
    return AccessGrant(grant_no=GrantNo(1), rule_no=RuleNo(1), type_no=TypeNo(1), **fields)


@pytest.mark.parametrize(
    ("right", "revoked_at", "reason"),
    [
        (grant(), None, None),
        (None, None, Reason.UNKNOWN),
        (grant(), NOON - 1, Reason.REVOKED),
        (grant(), NOON, Reason.REVOKED),
        (grant(), NOON + 1, None),
        (grant(state=GrantState.DENY, deny_reason=Reason.UNPAID), None, Reason.UNPAID),
        (grant(valid_until=NOON), None, Reason.EXPIRED),
        (grant(valid_until=NOON + 1), None, None),
        (grant(valid_until=NOON - 9, grace_until=NOON + 1), None, None),
        (grant(valid_until=NOON - 9, grace_until=NOON), None, Reason.EXPIRED),
        (grant(valid_from=NOON + 1), None, Reason.NOT_YET_VALID),
        (grant(valid_from=NOON), None, None),
    ],
)
def test_an_accepted_entry_conflicts_with_what_the_central_knows(
    right: AccessGrant | None, revoked_at: Instant | None, reason: Reason | None
) -> None:
    assert conflict_of(entry(), NOON, right, revoked_at) is reason


@pytest.mark.parametrize(
    "harmless",
    [
        refusal(),
        entry(movement=Direction.OUT),
        fact(FactKind.OVERRIDE, movement=Direction.IN),
        fact(FactKind.PASSED),
    ],
)
def test_refusals_exits_and_overrides_never_conflict(harmless: Any) -> None:
    assert conflict_of(harmless, NOON, None, None) is None
