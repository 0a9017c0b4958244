"""Who speaks for the staff, and how often somebody may guess."""

from __future__ import annotations

import pytest

from scanner.core.errors import InputError
from scanner.core.override import Operator, Role
from scanner.staff_pins import WAIT_MS, WRONG_MAX, StaffPins
from sync.operator_pins import encode_pin

ADA = Operator("Ada", Role.OPERATOR, encode_pin("2468", bytes(16)))
INES = Operator("Ines", Role.SUPERVISOR, encode_pin("4711", bytes(16)))


class Door:
    """The check, with a time that goes by when it is told to."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.pins = StaffPins(lambda: {"Ada": ADA, "Ines": INES}, lambda: self.now_ms)

    def code(self, name: object, pin: object) -> str | None:
        """Of what it says; None = it is the one."""
        try:
            self.pins.identify({"do": "answer", "operator": name, "pin": pin})
        except InputError as error:
            return error.code
        return None


@pytest.fixture
def door() -> Door:
    return Door()


def test_the_right_pin_becomes_the_operator_and_goes_no_further(door: Door) -> None:
    body = {"do": "answer", "operator": "Ada", "pin": "2468", "role": "supervisor"}

    known = door.pins.identify(body)

    assert known["operator"] is ADA
    assert "pin" not in known
    assert body["pin"] == "2468"


@pytest.mark.parametrize(
    ("name", "pin"),
    [
        ("Ada", "4711"),
        ("Ada", 2468),
        ("Ada", None),
        ("Ada", "\ud800"),
        ("Ada", "2" * 10_000),
        ("ada", "2468"),
        (None, "2468"),
        (["Ada"], ""),
    ],
)
def test_whoever_has_not_both_name_and_pin_is_nobody(door: Door, name: object, pin: object) -> None:
    assert door.code(name, pin) == "operator_pin_wrong"


def test_after_too_many_wrong_pins_even_the_right_one_waits_and_others_do_not(door: Door) -> None:
    wrong = [door.code("Ada", "0000") for _ in range(WRONG_MAX)]

    assert wrong == ["operator_pin_wrong"] * WRONG_MAX
    assert door.code("Ada", "2468") == "operator_must_wait"
    assert door.code("Ines", "4711") is None
    door.now_ms = WAIT_MS
    assert door.code("Ada", "1111") == "operator_pin_wrong"
    assert door.code("Ada", "2468") == "operator_must_wait"
    door.now_ms = 2 * WAIT_MS
    assert door.code("Ada", "2468") is None
    assert door.code("Ada", "0000") == "operator_pin_wrong"
    assert door.code("Ada", "2468") is None


def test_made_up_names_share_one_count(door: Door) -> None:
    codes = [door.code(f"stranger {n}", "0000") for n in range(WRONG_MAX + 1)]

    assert codes[-1] == "operator_must_wait"
    assert door.code("Ada", "2468") is None
