"""`portillon doctor` beside a gate that runs and without one: every part has its sign, whatever is wrong."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from hardware.machine import Machine
from hardware.pins import unknown_line
from hardware.virtual_clock import VirtualClock
from scanner.commands.doctor_command import doctor
from scanner.config import Config, load_config
from scanner.doctor import examine_gate, examine_machine, guarded, line_states
from scanner.health.sign import Light, Sign
from scanner.sections import GateSection
from support.gates import GateRig

OF_MACHINE = ["clock", "rtc", "disk", "wear", "temperature", "power"]
OF_GATE = ["gate", "relay", "sensors", "lamps", "camera", "scanners", "keys", "chain"]


def nobody(_line: str) -> str:
    return ""


def lights(signs: list[Sign]) -> dict[str, Light]:
    return {sign.name: sign.light for sign in signs}


def test_beside_a_running_gate_it_sees_what_the_gate_sees_and_so_does_systemd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    door.bind(str(tmp_path / "notify"))
    with door, GateRig(tmp_path) as rig:
        door.settimeout(30)
        rig.hold_up()
        rig.start_ready()
        assert door.recv(4_096).startswith(b"READY=1\nSTATUS=SIMULATED, normal, IDLE, camera ")
        assert door.recv(4_096).startswith(b"WATCHDOG=1")
        rig.wait_until(lambda: rig.status()["camera"]["state"] == "streaming", "a first picture")
        config = load_config(rig.config_path)
        found = lights(examine_gate(config, nobody))
        assert list(found) == OF_GATE
        assert (found["gate"], found["camera"], found["chain"]) == (Light.GREEN,) * 3
        assert found["relay"] is Light.AMBER
        rig.ask("mode", mode="closed")
        assert lights(examine_gate(config, nobody))["gate"] is Light.AMBER


def test_without_a_gate_or_an_enrolment_everything_is_told_and_nothing_is_made(
    tmp_path: Path,
) -> None:
    path = tmp_path / "portillon.toml"
    path.write_text(
        f"[gate]\ndata_dir = '{tmp_path}/data'\nruntime_dir = '{tmp_path}/run'\n"
        "[camera]\nsource = 'none'\n[turnstile.way_in]\nrelay = 'GPIO17'\n",
        encoding="utf-8",
    )

    result = CliRunner().invoke(doctor, ["--config", str(path), "--json"])

    told = json.loads(result.stdout)
    assert (result.exit_code, told["light"]) == (2, "red")
    found = {sign["name"]: sign for sign in told["signs"]}
    assert list(found) == [*OF_MACHINE, *OF_GATE, "snapshot", "contact"]
    assert {n for n, s in found.items() if s["light"] == "red"} >= {
        "gate",
        "relay",
        "keys",
        "chain",
    }
    assert all(sign["hint"] for sign in found.values() if sign["light"] != "green")
    assert not (tmp_path / "data").exists()

    spoken = CliRunner().invoke(doctor, ["--config", str(path)])
    assert spoken.exit_code == 2
    assert "✖ bad  keys         this device is not enrolled" in spoken.stdout
    assert "→ portillon enrol CODE" in spoken.stdout


def test_the_machine_is_looked_over(tmp_path: Path) -> None:
    config = Config(gate=GateSection(data_dir=str(tmp_path)))
    signs = examine_machine(config, VirtualClock(), Machine(tmp_path), is_time_proven=False)
    assert [sign.name for sign in signs] == OF_MACHINE


def test_a_line_that_is_not_there_is_named_and_keeps_nobody_from_the_others() -> None:
    def holder_of(line: str) -> str:
        if line == "GPIO40":
            raise unknown_line(line, "pinctrl-rp1", "GPIO0..GPIO27")
        return "portillon"

    lost, held = line_states([("GPIO40", "relay in"), ("GPIO18", "relay out")], holder_of)
    assert "GPIO40" in lost.fault
    assert (held.holder, held.fault) == ("portillon", "")


def test_what_may_not_be_looked_at_is_a_bad_sign() -> None:
    def denied() -> Sign:
        raise PermissionError(13, "Permission denied")

    assert guarded("keys", denied).light is Light.RED
