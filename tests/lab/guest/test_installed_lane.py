"""The installed gate at its turnstile: real kernel lines, a real camera device, nothing of it started by hand."""

from __future__ import annotations

import threading

from board import RELAY, wait_until
from installed_gate import InstalledGate, run

SECOND_CONFIG = """\
[gate]
data_dir = "{folder}/data"
runtime_dir = "{folder}/run"

[camera]
source = "none"

[turnstile.way_in]
relay = "GPIO5"
"""


class Meter:
    """Notes each change of a wire while it is watched."""

    def __init__(self, gate: InstalledGate) -> None:
        self.levels: list[bool] = []
        self._wires = gate.wires
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> list[bool]:
        self._thread.start()
        return self.levels

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(0.02):
            level = self._wires.measure(RELAY)
            if self.levels[-1:] != [level]:
                self.levels.append(level)


def test_it_starts_with_the_machine_and_keeps_the_arm_locked(gate: InstalledGate) -> None:
    assert gate.shown("UnitFileState") == "enabled"
    assert gate.shown("User") == "portillon"
    assert gate.wires.measure(RELAY) is False


def test_a_code_before_the_camera_opens_the_arm_for_one_pulse(gate: InstalledGate) -> None:
    with gate.watch() as watcher, Meter(gate) as levels:
        answer = gate.admit(watcher, "1")

    assert (answer["charged"], answer["colour"]) == (1, "green")
    assert levels == [False, True, False]


def test_a_second_gate_on_its_lines_says_who_holds_them_and_ends(
    gate: InstalledGate, tmp_path: object
) -> None:
    folder = str(tmp_path)
    run("cp", "-r", "/opt/lab/run/state", f"{folder}/data")
    with open(f"{folder}/second.toml", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(SECOND_CONFIG.format(folder=folder))

    told = run("portillon", "gate", "--config", f"{folder}/second.toml", may_fail=True)

    assert "line_busy" in told
    assert "another daemon holds the line" in told
    assert gate.answers()


def test_someone_who_does_not_turn_the_arm_keeps_the_entry(gate: InstalledGate) -> None:
    with gate.watch() as watcher:
        answer = gate.scan(watcher, "2")
        given_back = watcher.hear(("not_passed",), 60)

    assert given_back["refers_to"] == answer["seq"]
    wait_until(gate.is_at_rest, "an arm at rest")
