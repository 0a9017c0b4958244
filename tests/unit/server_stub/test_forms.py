"""What an organiser writes, understood or answered with what would have been right."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from scanner.core.calendar import SiteCalendar, Unit
from scanner.core.errors import InputError
from scanner.core.rules import CounterScope, ReentryMode, ScanRule
from scanner.core.units import Instant, ZoneNo
from scanner.core.validity import Anchor, Offset, Rounding, ValidityRule
from server_stub.api.form_reading import parse_form
from server_stub.api.forms import (
    GateForm,
    RuleForm,
    SaleForm,
    TypeForm,
    parse_name,
    parse_rule,
    parse_term,
    parse_wall,
)
from server_stub.faults import FieldError

PARIS = SiteCalendar("Europe/Paris")
JANUARY_1 = Instant(1_767_222_000_000)
DAY_MS = 86_400_000


def term(validity: str, **fields: Any) -> ValidityRule:
    return parse_term(TypeForm(name="x", validity=validity, **fields), PARIS)


def rule(**fields: Any) -> ScanRule:
    form = parse_form(RuleForm, fields)
    return parse_rule(form, lambda name: ZoneNo({"hall": 1}[name]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("always", ValidityRule()),
        (
            "2026-01-01..2026-01-31",
            ValidityRule(starts_at=JANUARY_1, ends_at=Instant(JANUARY_1 + 31 * DAY_MS)),
        ),
        ("2026-01-01..", ValidityRule(starts_at=JANUARY_1)),
        ("..2025-12-31", ValidityRule(ends_at=JANUARY_1)),
        (
            "365 days after purchase",
            ValidityRule(anchor=Anchor.PURCHASE, offset=Offset(365, Unit.DAYS)),
        ),
        (
            "1 month after first_scan",
            ValidityRule(anchor=Anchor.FIRST_SCAN, offset=Offset(1, Unit.MONTHS)),
        ),
        (
            "1 year after 2026-01-01",
            ValidityRule(anchor=Anchor.FIXED, starts_at=JANUARY_1, offset=Offset(1, Unit.YEARS)),
        ),
    ],
)
def test_a_validity_is_written_as_people_say_it(text: str, expected: ValidityRule) -> None:
    assert term(text) == expected


def test_rounding_and_the_first_day_are_kept() -> None:
    precise = term("30 days after purchase", rounding=Rounding.INSTANT)
    inclusive = term("30 days after purchase", count_first_day=True)

    assert (precise.rounding, inclusive.count_first_day) == (Rounding.INSTANT, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "365 days",
        "days after purchase",
        "365 days after birth",
        "2026-13-01..",
        "1 year after 2026-02-30",
    ],
)
def test_a_validity_that_makes_no_sense_is_answered_with_examples(text: str) -> None:
    with pytest.raises(InputError) as caught:
        term(text)

    assert caught.value.hint


def test_a_rule_has_the_names_and_defaults_of_the_core() -> None:
    assert rule() == ScanRule()
    assert set(RuleForm.__struct_fields__) | {"rule_no"} == set(ScanRule.__dataclass_fields__)


def test_every_part_of_a_rule_can_be_written() -> None:
    written = rule(
        max_total=None,
        max_per_day=2,
        reentry_mode="after_exit",
        counter_scope="zone",
        requires_zone="hall",
        windows=[{"days": ["mon", "tue"], "from": "09:00", "until": "24:00"}],
        blackouts=["2026-12-24"],
    )

    assert (written.max_total, written.max_per_day, written.requires_zone) == (None, 2, 1)
    assert (written.reentry_mode, written.counter_scope) == (
        ReentryMode.AFTER_EXIT,
        CounterScope.ZONE,
    )
    assert (written.windows[0].days, written.windows[0].until) == (frozenset({0, 1}), 1_440)
    assert written.blackouts == {date(2026, 12, 24)}


@pytest.mark.parametrize(
    ("fields", "message", "hint"),
    [
        ({"max_total": 0}, "max_total 0", ""),
        ({"consecutive_only": True}, "consecutive_only needs", ""),
        ({"min_interval_s": -1}, "min_interval_s -1", ""),
        ({"max_totl": 1}, "max_totl", "max_total"),
        ({"reentry_mode": "some"}, "reentry_mode", "after_exit"),
        ({"windows": [{"days": ["mon"], "from": "9", "until": "10:00"}]}, "'9'", ""),
        ({"windows": [{"days": ["mo"], "from": "09:00", "until": "10:00"}]}, "'mo'", ""),
        ({"windows": [{"days": ["mon"], "until": "10:00"}]}, "from", "days, from, until"),
        ({"blackouts": ["2026-02-30"]}, "blackouts[0]", ""),
        ({"max_total": "5"}, "max_total", ""),
    ],
)
def test_a_wrong_rule_is_answered_with_field_value_and_what_is_valid(
    fields: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(InputError) as caught:
        rule(**fields)

    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_wrong_choice_deep_in_a_form_lists_what_is_valid() -> None:
    with pytest.raises(InputError) as caught:
        parse_form(SaleForm, {"type": "x", "flags": ["concession", "vip"]})

    assert "flags[1]" in caught.value.message
    assert "concession, id_check, highlight" in caught.value.hint


def test_a_gate_may_open_both_ways() -> None:
    assert parse_form(GateForm, {"name": "x", "zone": "y", "direction": None}).direction is None


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "line\nbreak", "bell\x07"])
def test_a_name_fits_on_a_screen(name: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_name("zone", name)

    assert caught.value.code == "name_bad"


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-05-01T20:00+02:00", "2026-05-01T25:00"])
def test_a_local_time_is_local_and_exists(text: str) -> None:
    with pytest.raises(FieldError) as caught:
        parse_wall(text, "starts_at")

    assert (caught.value.code, caught.value.field) == ("date_bad", "starts_at")
