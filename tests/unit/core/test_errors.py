"""A fault, as people and programs get it."""

from __future__ import annotations

from scanner.core.errors import ConfigError


def test_a_fault_is_told_by_its_code_what_is_wrong_and_what_to_do() -> None:
    fault = ConfigError("config_missing", "there is no file 'x'", "name one")

    assert fault.told() == {
        "code": "config_missing",
        "message": "there is no file 'x'",
        "hint": "name one",
    }
    assert str(fault) == "there is no file 'x' [config_missing]\n  → name one"
    assert str(ConfigError("config_missing", "none")) == "none [config_missing]"
