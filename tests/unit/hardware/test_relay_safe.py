"""The small program that leaves no relay on, whoever died."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.pins import OutputLine
from hardware.relay_safe import main, make_safe, relays_of
from hardware.simulated import VirtualClock
from hardware.simulated_pins import SimulatedBank, SimulatedChip

BOTH = {"way_in": {"relay": "GPIO17"}, "way_out": {"relay": "GPIO18"}}


@pytest.mark.parametrize(
    ("turnstile", "lines"),
    [
        (BOTH, ["GPIO17", "GPIO18"]),
        ({"way_in": {"relay": "GPIO17"}}, ["GPIO17"]),
        (BOTH | {"backend": "rpi_gpio"}, ["GPIO17", "GPIO18"]),
        (BOTH | {"backend": "simulated"}, []),
        ({}, []),
    ],
)
def test_it_knows_the_relays_of_a_configuration(
    turnstile: dict[str, object], lines: list[str]
) -> None:
    assert [relay.line for relay in relays_of({"turnstile": turnstile})] == lines


def test_a_relay_that_a_killed_gate_left_on_is_off_and_said() -> None:
    chip = SimulatedChip(VirtualClock())
    relays = relays_of({"turnstile": BOTH | {"active_low": True}})
    gate = SimulatedBank(chip)
    gate.request_outputs(relays)
    gate.set("GPIO18", True)
    gate.abandon()
    assert chip.is_closed("GPIO18")

    assert make_safe(relays, SimulatedBank(chip)) == (
        "2 of 2 relays are off; left on: GPIO18",
        [],
    )

    assert not chip.is_closed("GPIO18")
    assert chip.consumer("GPIO18") == ""


def test_a_line_that_fails_does_not_keep_it_from_the_others() -> None:
    chip = SimulatedChip(VirtualClock())
    chip.break_line("GPIO17")
    done, errors = make_safe(
        [OutputLine(line="GPIO17"), OutputLine(line="GPIO18")], SimulatedBank(chip)
    )
    assert done == "1 of 2 relays are off"
    assert [error.code for error in errors] == ["line_failed"]


def test_without_a_configuration_there_is_no_relay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(tmp_path / "portillon.toml")]) == 0
    assert "not configured yet" in capsys.readouterr().err


def test_a_simulated_arm_needs_no_pins(tmp_path: Path) -> None:
    path = tmp_path / "portillon.toml"
    path.write_text("[turnstile]\nbackend = 'simulated'\n", encoding="utf-8")
    assert main(["--config", str(path)]) == 0


def test_a_configuration_that_cannot_be_read_is_a_failure_that_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "portillon.toml"
    path.write_text("[turnstile", encoding="utf-8")
    assert main(["--config", str(path)]) == 1
    assert "portillon.toml cannot be read" in capsys.readouterr().err
