"""The bench of the set-up wizard: what it writes, holds and refuses. Simulated arm, no network, no screen."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from hardware.interfaces import interfaces
from hardware.system_clock import SystemClock
from scanner.cli import main
from scanner.commands.fit_command import answer, serve
from scanner.config import load_config
from scanner.core.errors import ConfigError
from scanner.daemon import only_gate
from scanner.installing.bench import Bench
from scanner.installing.errands import UNITS_CONFIG, Errand, outcome_of, run, starts_units
from scanner.installing.progress import NOTHING, load_progress, progress_path, save_progress
from scanner.installing.waiting import await_set_up, is_set_up_under_way
from support.eventually import eventually
from support.setup_stage import CONFIG, Errands

LANE = {
    "site": "North",
    "direction": "in",
    "relay_in": "GPIO17",
    "sensor_in": "GPIO22",
}


class Box:
    """A bench over folders of its own."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "portillon.toml"
        self.runtime = folder / "run"
        self.errands = Errands(folder / "data" / "cache")
        places = {"data": folder / "data", "runtime": self.runtime, "frames": folder / "frames"}
        (folder / "frames").mkdir()
        self.config.write_text(
            CONFIG.format(**{name: str(place) for name, place in places.items()}), encoding="utf-8"
        )
        self.bench = Bench(self.config, SystemClock(), self.errands.run)

    def ask(self, do: str, **fields: object) -> dict[str, Any]:
        line = json.dumps({"do": do, "n": 1, **fields}).encode()
        return answer(self.bench.commands(), line)

    def look(self) -> dict[str, Any]:
        return self.ask("look")

    def at_relay(self) -> None:
        self.ask("answer", answers=LANE)
        self.ask("visit", step="relay")


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    made.bench.begin()
    yield made
    made.bench.close()


def states(box: Box) -> dict[str, str]:
    return {step: told["state"] for step, told in box.look()["steps"].items()}


def test_while_it_is_at_work_no_gate_can_have_the_lane_and_a_gate_waits(box: Box) -> None:
    with pytest.raises(ConfigError, match="gate_already_running"), only_gate(box.runtime):
        pass
    assert is_set_up_under_way(box.config)

    stop = threading.Event()
    stop.set()
    assert not await_set_up(box.config, stop)


def test_beside_a_gate_that_has_the_lane_nothing_moves(tmp_path: Path) -> None:
    box = Box(tmp_path)
    with only_gate(box.runtime):
        box.bench.begin()
        box.at_relay()
        assert box.look()["is_ours"] is False
        assert box.ask("pulse", direction="in")["code"] == "setup_in_service"
        assert box.ask("other_level")["code"] == "setup_in_service"
    box.bench.close()


def test_the_arm_moves_only_at_its_step_for_a_way_it_has_and_not_twice_at_once(box: Box) -> None:
    box.ask("answer", answers=LANE)
    box.ask("visit", step="sensor")
    assert box.ask("pulse", direction="in")["code"] == "pulse_not_here"

    box.ask("visit", step="relay")
    assert box.look()["arm"]["ways"][0]["relay_on"] is False
    assert box.ask("pulse")["code"] == "pulse_way_unknown"
    assert box.ask("pulse", direction="in")["ok"] is True
    assert box.look()["arm"]["ways"][0]["relay_on"] is True
    assert box.ask("pulse", direction="in")["code"] == "pulse_too_soon"

    box.ask("visit", step="camera")
    assert box.look()["arm"] is None


def test_the_end_of_the_other_side_locks_the_arm_and_gives_the_lane_back(box: Box) -> None:
    box.at_relay()
    box.ask("pulse", direction="in")
    arm = box.bench._arm
    assert arm is not None
    here, there = os.pipe()
    os.close(there)

    serve(box.bench, here)
    box.bench.close()

    assert arm._turnstile.is_pulsing("in") is False
    os.close(here)
    with only_gate(box.runtime):
        assert is_set_up_under_way(box.config)


def test_an_arm_that_cannot_be_opened_is_told_and_does_not_move(box: Box) -> None:
    text = box.config.read_text(encoding="utf-8")
    box.config.write_text(text.replace('"simulated"', '"rpi_gpio"'), encoding="utf-8")
    box.at_relay()

    assert box.look()["arm"] is None
    assert box.look()["fault"]["code"] == "rpi_gpio_missing"
    assert box.ask("pulse", direction="in")["code"] == "pulse_not_here"


def test_a_word_holds_for_the_wires_it_was_given_about(box: Box) -> None:
    box.at_relay()
    assert box.ask("word", step="relay", is_good=True)["code"] == "word_without_pulse"
    box.ask("pulse", direction="in")
    box.ask("word", step="relay", is_good=True)
    assert states(box)["relay"] == "done"

    again = Bench(box.config, SystemClock(), box.errands.run)
    assert answer(again.commands(), b'{"do": "look"}')["steps"]["relay"]["state"] == "done"

    box.ask("other_level")
    assert load_config(box.config).turnstile.active_low
    assert box.look()["steps"]["relay"] == {"state": "doubt", "why": "changed"}


def test_a_sensor_is_good_once_it_reported_and_rests(box: Box) -> None:
    box.ask("answer", answers=LANE)
    box.ask("visit", step="sensor")
    assert states(box)["sensor"] == "open"
    box.ask("turn", direction="in")

    def is_counted() -> bool:
        box.bench.tick()
        return states(box)["sensor"] == "done"

    assert eventually(is_counted)
    box.ask("other_contact", direction="in")
    assert load_config(box.config).turnstile.way_in.sensor_contact == "nc"


def test_answers_are_judged_before_anything_is_written_and_what_was_there_is_kept(box: Box) -> None:
    before = box.config.read_bytes()

    told = box.ask("answer", answers={**LANE, "sensor_in": "GPIO17"})
    assert told["problems"] == [{"key": "sensor_in", "value": "GPIO17", "why": "line_twice"}]
    assert box.config.read_bytes() == before

    for way in ("in", "both"):
        wired = {"relay_out": "GPIO18", "sensor_out": ""} if way == "both" else {}
        assert box.ask("answer", answers={**LANE, **wired, "direction": way})["problems"] == []
    assert box.config.with_name("portillon.toml.before").read_bytes() == before
    config = load_config(box.config)
    assert (config.is_simulated, config.turnstile.passage_wait_s) == (True, 1)
    assert (config.turnstile.way_out.relay, config.camera.source) == ("GPIO18", "replay")


def test_it_goes_into_service_only_as_a_whole_gate(box: Box) -> None:
    box.ask("answer", answers=LANE)
    assert box.ask("go")["code"] == "setup_incomplete"
    assert box.look()["missing"] == ["enrolment"]

    box.ask("enrol", code="a1b2c3d4e5f6")
    assert eventually(lambda: states(box)["enrolment"] == "done")
    assert box.ask("go")["ok"] is True
    assert not is_set_up_under_way(box.config)
    with only_gate(box.runtime):
        pass


def test_a_question_that_is_none_is_refused_and_the_bench_goes_on(box: Box) -> None:
    for line in (b"", b"[]", b'{"do": "dance"}', b'{"do": "visit", "step": "moon"}', b"\xff"):
        assert answer(box.bench.commands(), line)["code"] == "fit_not_understood"
    assert box.look()["ok"] is True


# --- what it keeps -----------------------------------------------------------------------------------


def test_progress_is_whole_or_none_and_garbage_keeps_no_lane_shut(tmp_path: Path) -> None:
    path = progress_path(tmp_path / "portillon.toml")
    assert load_progress(path) == NOTHING
    save_progress(path, msgspec.structs.replace(NOTHING, began_at_ms=5, step="relay"))
    assert load_progress(path).is_under_way

    path.write_text("{", encoding="utf-8")
    assert not is_set_up_under_way(tmp_path / "portillon.toml")


# --- errands -----------------------------------------------------------------------------------------


def test_a_command_that_fails_is_told_by_its_code(tmp_path: Path) -> None:
    config = tmp_path / "portillon.toml"
    config.write_text(f'[gate]\ndata_dir = "{tmp_path}"\n', encoding="utf-8")
    code = {"v": 1, "url": "http://127.0.0.1:9", "token": "a1b2c3d4e5f6a7b8", "root_version": 1}
    code["root_sha256"] = "0" * 64

    for typed, wrong in ((json.dumps(code), "central_refused"), ("?", "enrolment_text_bad")):
        result = CliRunner().invoke(main, ["enrol", "--config", str(config), "-"], input=typed)
        found = outcome_of(result.exit_code, result.stdout, result.stderr)
        assert (found["ok"], found["code"]) == (False, wrong)
        assert found["hint"]
        assert str(code["token"]) not in result.output


def test_the_network_is_told_with_and_without_a_central(tmp_path: Path) -> None:
    config = tmp_path / "portillon.toml"

    without = CliRunner().invoke(main, ["network", "--config", str(config), "--json"])
    assert json.loads(without.stdout)["code"] == "no_central"
    away = ["network", "--config", str(config), "--url", "http://127.0.0.1:9"]
    assert "✖ central" in CliRunner().invoke(main, away).stdout
    told = CliRunner().invoke(main, [*away, "--json"])
    found = outcome_of(told.exit_code, told.stdout, told.stderr)
    assert (found["ok"], found["code"]) == (False, "central_refused")


def test_an_errand_that_says_nothing_usable_has_failed_and_a_slow_one_is_given_up(
    tmp_path: Path,
) -> None:
    assert outcome_of(1, "", "Traceback")["code"] == "errand_failed"
    assert run(Errand(("--version",)), tmp_path, within_s=0.001)["code"] == "errand_slow"
    assert "secret" not in repr(Errand(("enrol", "-"), stdin="secret"))


def test_units_are_started_for_their_own_configuration_and_by_root_alone() -> None:
    assert starts_units(UNITS_CONFIG, is_root=True, is_booted=True)
    assert not starts_units(UNITS_CONFIG, is_root=False, is_booted=True)
    assert not starts_units(UNITS_CONFIG, is_root=True, is_booted=False)
    assert not starts_units(Path("portillon.toml"), is_root=True, is_booted=True)


def test_interfaces_are_those_of_the_kernel_without_the_loopback(tmp_path: Path) -> None:
    for name, carrier in (("lo", "1"), ("eth0", "1"), ("wlan9", "0")):
        folder = tmp_path / "sys/class/net" / name
        folder.mkdir(parents=True)
        (folder / "operstate").write_text("up\n", encoding="ascii")
        (folder / "carrier").write_text(carrier, encoding="ascii")
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/if_inet6").write_text(
        "20010db8000000000000000000000017 03 40 00 80 wlan9\n"
        "fe800000000000000000000000000017 03 40 20 80 wlan9\n",
        encoding="ascii",
    )

    found = {one.name: one for one in interfaces(tmp_path)}

    assert set(found) == {"eth0", "wlan9"}
    assert (found["eth0"].is_up, found["wlan9"].is_up) == (True, False)
    assert found["wlan9"].addresses == ("2001:db8::17",)
