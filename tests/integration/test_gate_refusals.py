"""What keeps `portillon gate` from starting: exit 2, one message that names the thing and the cure, no traceback.

Whatever is found before the gate is built is asked of the command itself, the rest of the daemon behind it: a fresh
process needs a second only to import what sees and decides.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from scanner.config import load_config
from scanner.core.errors import GateError
from scanner.core.events import FactKind
from scanner.daemon import run_gate
from support.gates import CONFIG, GateRig, run_portillon
from sync.device import load_device, save_device


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateRig]:
    with GateRig(tmp_path) as rig:
        yield rig


def refused_by_command(gate: GateRig) -> str:
    """Start the gate as a person does, and be told no."""
    ended = run_portillon("gate", "--config", str(gate.config_path))
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stderr.startswith("✖ ")
    assert "\n  → " in ended.stderr, "no hint"
    return ended.stderr


def refused(gate: GateRig) -> str:
    """Start the daemon in this process, and be told no; should it start after all, it ends at once."""
    ended = threading.Event()
    ended.set()
    with pytest.raises(GateError) as refusal:
        run_gate(load_config(gate.config_path), ended)
    assert refusal.value.hint
    return str(refusal.value)


@pytest.fixture(autouse=True)
def _our_own_pace() -> Iterator[None]:
    """The daemon lets its threads take turns more often than a test wants for the rest of its life."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


# --- the installer's file -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "code", "says"),
    [
        (
            "fps = 50",
            "fsp = 50",
            "config_unknown_key",
            "camera.fsp: no such setting (valid: bar_lengths,",
        ),
        ("fps = 50", "fps = 5000", "config_bad_value", "`$.camera.fps` (valid: number, 1 to 120)"),
        ('"replay"', '"usb"', "config_bad_value", '(valid: "v4l2" | "csi" | "replay" | "none")'),
        (
            '["qr"]',
            '["qr", "qx"]',
            "config_bad_value",
            "camera.formats: code format 'qx' is not known",
        ),
        ('"GPIO17"', '""', "turnstile_without_way", "turnstile.way_in"),
        ('"GPIO17"', '"GPIO99"', "line_unknown", "'GPIO99'"),
        ("[camera]", "[camera", "config_not_toml", "line 5"),
    ],
)
def test_a_broken_configuration_is_named_by_file_place_and_what_is_valid(
    gate: GateRig, before: str, after: str, code: str, says: str
) -> None:
    gate.write_config(CONFIG.replace(before, after))

    said = refused_by_command(gate) if code.startswith("config_") else refused(gate)

    assert f"[{code}]" in said
    assert says in said
    assert not code.startswith("config_") or said.startswith("✖ portillon.toml: ")


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended = run_portillon("gate", "--config", str(tmp_path / "none.toml"))

    assert (ended.returncode, "[config_missing]" in ended.stderr) == (2, True)
    assert "none.toml" in ended.stderr


# --- who this gate is ---------------------------------------------------------------------------


BLIND = CONFIG.replace('"replay"', '"none"')
"""With a camera it waits for a code instead."""


def test_a_gate_that_is_not_enrolled_says_how_to_enrol_it(gate: GateRig) -> None:
    gate.write_config(BLIND)
    (gate.cache / "device.json").unlink()

    said = refused_by_command(gate)

    assert "[gate_not_enrolled]" in said
    assert "portillon enrol" in said


def test_a_revoked_gate_admits_nobody(gate: GateRig) -> None:
    gate.write_config(BLIND)
    device = load_device(gate.cache / "device.json")
    assert device is not None
    save_device(gate.cache / "device.json", msgspec.structs.replace(device, is_revoked=True))

    assert "[gate_revoked]" in refused(gate)


def test_papers_that_cannot_be_read_are_named(gate: GateRig) -> None:
    (gate.cache / "device.json").write_bytes(b"{")

    assert "[device_unreadable]" in refused(gate)


# --- folders ------------------------------------------------------------------------------------


def a_file_in_the_place(folder: Path) -> None:
    folder.write_text("in the way")


def a_link_to_nowhere(folder: Path) -> None:
    folder.symlink_to(folder.parent / "nowhere" / "deep")


@pytest.mark.parametrize("spoil", [a_file_in_the_place, a_link_to_nowhere])
def test_a_runtime_folder_that_cannot_be_used_is_named(
    gate: GateRig, spoil: Callable[[Path], None]
) -> None:
    spoil(gate.runtime)

    said = refused(gate)

    assert "[runtime_dir_unusable]" in said
    assert str(gate.runtime) in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_runtime_folder_of_somebody_else_is_named(gate: GateRig) -> None:
    gate.runtime.mkdir(mode=0o500)

    assert "Permission denied" in refused(gate)


def test_a_runtime_folder_too_deep_for_a_socket_says_so(gate: GateRig) -> None:
    gate.runtime /= "d" * 100
    gate.write_config(CONFIG)

    said = refused(gate)

    assert "[control_socket_failed]" in said
    assert "too long" in said


def test_a_data_folder_that_cannot_be_used_is_named(gate: GateRig) -> None:
    (gate.data / "ledger").write_text("in the way")

    assert "[ledger_io]" in refused(gate)


# --- camera and pins ----------------------------------------------------------------------------


def test_pictures_to_replay_that_are_not_there_are_named_and_the_start_is_no_fact_yet(
    gate: GateRig,
) -> None:
    gate.write_config(CONFIG.replace("{frames}", "{frames}-none"))

    said = refused(gate)

    assert "[replay_missing]" in said
    assert "frames-none" in said
    assert gate.facts(FactKind.LANE_STARTED) == []


def test_a_folder_without_pictures_is_no_film(gate: GateRig) -> None:
    gate.write_config(CONFIG.replace("follow = true", "follow = false"))

    assert "[replay_empty]" in refused(gate)


def test_pins_that_this_machine_does_not_have_are_no_reason_to_simulate(gate: GateRig) -> None:
    wired = CONFIG.replace('"simulated"', '"gpiod"').replace("GPIO", "no-such-chip/")
    gate.write_config(wired)

    said = refused(gate)

    assert "[no_gpio_chip]" in said
    assert gate.facts(FactKind.LANE_STARTED) == []
