"""Tags end by the clock, and with their own source only (S01, S12, S13, S35)."""

from __future__ import annotations

import pytest

from scanner.core.calendar import Unit
from scanner.core.units import Instant
from scanner.core.validity import Offset
from server_stub.rules.tags import (
    Assignment,
    TagExpiry,
    TagRule,
    assign,
    next_change_at,
    present_tags,
)
from support.instants import PARIS, utc, wall

BOUGHT, ENDS = wall("2025-03-10T14:00"), utc("2026-03-10T23:00Z")
MEMBER = Assignment("Membre 2025", "pass-1", BOUGHT, ENDS)
SECOND = Assignment("Membre 2025", "pass-2", BOUGHT, wall("2026-09-01T00:00"))


def test_s01_a_tag_ends_with_the_pass_that_gave_it() -> None:
    assert assign(TagRule("Membre 2025"), "pass-1", BOUGHT, ENDS, PARIS) == MEMBER


@pytest.mark.parametrize(
    ("expiry", "expires_at"),
    [(TagExpiry.NEVER, None), (Offset(1, Unit.MONTHS), wall("2025-04-10T14:00"))],
)
def test_a_tag_may_end_otherwise(expiry: TagExpiry | Offset, expires_at: Instant | None) -> None:
    made = assign(TagRule("Fan", expiry), "pass-1", BOUGHT, ENDS, PARIS)

    assert made == Assignment("Fan", "pass-1", BOUGHT, expires_at)


def test_s35_at_its_expiry_it_is_gone_though_nothing_swept() -> None:
    assert present_tags([MEMBER], Instant(ENDS - 1)) == {"Membre 2025"}
    assert present_tags([MEMBER], ENDS) == frozenset()


def test_before_it_was_given_it_is_not_there() -> None:
    assert present_tags([MEMBER], Instant(BOUGHT - 1)) == frozenset()
    assert present_tags([MEMBER], BOUGHT) == {"Membre 2025"}


def test_s12_without_its_only_source_the_tag_is_gone() -> None:
    assert present_tags([], BOUGHT) == frozenset()


def test_s13_one_of_two_sources_is_enough() -> None:
    assert present_tags([SECOND], BOUGHT) == {"Membre 2025"}
    assert present_tags([MEMBER, SECOND], ENDS) == {"Membre 2025"}


def test_one_without_an_end_stays() -> None:
    assert present_tags([Assignment("Fan", "x", BOUGHT)], Instant(10**15)) == {"Fan"}


def test_the_next_change_by_the_clock_is_known() -> None:
    forever = Assignment("Fan", "x", BOUGHT)

    assert next_change_at([SECOND, MEMBER, forever], BOUGHT) == ENDS
    assert next_change_at([SECOND, MEMBER], ENDS) == SECOND.expires_at
    assert next_change_at([forever], BOUGHT) is None
