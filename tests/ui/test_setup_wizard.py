"""The set-up wizard as an installer uses it: real bench, simulated arm, replayed camera, and at its end a real gate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.config import Config, load_config
from scanner.enrolling import is_enrolment
from scanner.installing import steps
from scanner.installing.errands import UNITS_CONFIG
from scanner.installing.progress import Progress, load_progress, progress_path, save_progress
from server_stub.demo.scenes import Scene, Shown, render
from support.gates import GateRig, card
from support.setup_stage import CONFIG, Errands, NearBench, SetupStage, lead
from ui.board import Board
from ui.settingup import first_start, steps_view
from ui.settingup.first_start import is_first_start
from ui.settingup.steps_view import page, step_rows, told
from ui.tongue import Tongue

CODE = {
    "v": 1,
    "url": "https://central.example",
    "token": "a1b2c3d4e5f6a7b8",
    "root_version": 1,
    "root_sha256": "0" * 64,
}
FRAME = (1280, 720)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[GateRig]:
    """A box that is no gate yet."""
    with GateRig(tmp_path, site=None, config=CONFIG) as made:
        made.hold_up()
        yield made


@pytest.fixture
def errands(rig: GateRig) -> Errands:
    return Errands(rig.cache)


def stage_of(rig: GateRig, errands: Errands) -> SetupStage:
    return SetupStage(rig.config_path, NearBench(rig.config_path, errands))


def hold_up_code(rig: GateRig) -> None:
    payload = json.dumps(CODE).encode()
    assert is_enrolment(payload)
    shown = Shown(payload=payload, medium="paper", px_per_module=6)
    rig.screen.show(render(Scene(shown=(shown,)), *FRAME))


async def type_a_used_code(stage: SetupStage, errands: Errands) -> None:
    errands.wrong["enrol"] = {"code": "enrolment_token"}
    await stage.press("e")
    await stage.press(*"a1b2c3d4e5f6", "enter")
    await stage.shows("The code was used already", "[enrolment_token]", "· Enrolment")
    assert "a1b2c3d4e5f6" not in stage.text()
    del errands.wrong["enrol"]


async def first_visit(stage: SetupStage, rig: GateRig, errands: Errands) -> None:
    await stage.until(lambda: stage.wizard.board.at("look", "is_ours") is True)
    await stage.shows("✔ eth0", "192.0.2.17", "✔ Network", "SIMULATION")
    await stage.press("enter")
    await stage.at("enrolment")
    await stage.shows("not enrolled yet", "Camera", "sees")
    await type_a_used_code(stage, errands)
    hold_up_code(rig)
    await stage.shows("✔ Site", "museum", "✔ Enrolment", "✔ Snapshot")
    rig.hold_up()
    await stage.press("enter")
    await stage.at("direction")
    await stage.press("enter")
    await stage.press(*"North", "enter", "i", "n", "enter", "enter", "enter")
    await stage.shows("✔ Direction", "GPIO17")
    await stage.press("enter")
    await stage.at("relay")
    await stage.press("y")
    await stage.shows("[word_without_pulse]")
    await stage.press("p")
    await stage.shows("Open the arm once, in?")
    await stage.press("p")
    await stage.shows("Pulses in")
    assert stage.wizard.board.at("look", "arm", "pulses") == {"in": 0}
    await stage.press("p")
    await stage.press("enter")
    await stage.shows("✔ Pulses in")
    await stage.press("y")
    await stage.shows("✔ Relay test", "you said that it opens and locks")
    await stage.press("q")
    await stage.shows("The arm stays locked and the lane out of service")
    await stage.press("enter")


async def second_visit(stage: SetupStage, rig: GateRig) -> None:
    await stage.at("relay")
    await stage.shows("✔ Relay")
    await stage.press("enter")
    await stage.at("sensor")
    await stage.press("t")
    await stage.shows("✔ Turns in", "✔ Sensor test")
    await stage.press("enter")
    await stage.at("camera")
    await stage.press("s")
    await stage.at("scan")
    await stage.shows("– Camera aim", "The lane is not in service")
    await stage.press("g")
    await stage.press("enter")
    await stage.shows("The lane is in service. Show a valid ticket")
    rig.hold_up(card(1))
    await stage.shows("✔ WELCOME", "The first scan was answered", "✔ First scan")


def test_a_box_is_led_from_its_network_to_its_first_scan_left_and_gone_on_with(
    rig: GateRig, errands: Errands
) -> None:
    rig.start()
    rig.wait_until(lambda: bool(rig.logged("gate_not_enrolled")), "a gate that waits for a code")
    bench = NearBench(rig.config_path, errands)

    lead(lambda stage: first_visit(stage, rig, errands), SetupStage(rig.config_path, bench))
    bench.close()
    assert rig.logged("gate_being_set_up"), "it has given way"

    stage = stage_of(rig, errands)
    lead(lambda stage: second_visit(stage, rig), stage)

    progress = load_progress(progress_path(rig.config_path))
    assert progress.finished_at_ms is not None
    assert CODE["token"] not in progress_path(rig.config_path).read_text(encoding="utf-8")
    assert CODE["token"] not in rig.config_path.read_text(encoding="utf-8")
    assert "North." in rig.config_path.read_text(encoding="utf-8")
    assert errands.sent[:4] == ["network", "enrol", "enrol", "sync"]
    assert rig.stop() == 0


def test_it_is_spoken_in_french_at_80_columns_and_a_bench_that_is_gone_is_said(
    rig: GateRig, errands: Errands
) -> None:
    bench = NearBench(rig.config_path, errands)

    async def story(stage: SetupStage) -> None:
        await stage.press("l")
        await stage.shows("▶ ✔ Réseau", "Installation de ce portillon", "sans câble")
        await stage.press("f1")
        await stage.shows("Les interfaces de ce boîtier")
        await stage.press("escape")
        bench.is_gone = True
        await stage.shows("le bras a été")
        await stage.press("ctrl+c", "enter")

    lead(story, SetupStage(rig.config_path, bench), width=80, height=24)
    bench.close()


# --- values ------------------------------------------------------------------------------------------

TONGUE = Tongue()


def board_of(**look: object) -> Board:
    return Board({"look": {"ok": True, "steps": {}, "errands": {}, **look}})


def seen(board: Board, step: str) -> str:
    return "\n".join(f"{line.mark} {line.label} {line.text}" for line in page(board, step, TONGUE))


def test_the_steps_are_those_of_the_bench() -> None:
    assert tuple(step.value for step in steps.STEPS) == steps_view.STEPS


def test_each_state_of_a_step_has_a_mark_and_a_word_of_its_own() -> None:
    states = {
        step.value: {"state": state.value}
        for step, state in zip(steps.STEPS[:4], steps.State, strict=True)
    }

    rows = step_rows(board_of(steps=states), "network", TONGUE)[:4]

    assert len({row.text[2] for row in rows}) == len({row.text.split()[-1] for row in rows}) == 4


@pytest.mark.parametrize("step", steps_view.STEPS)
def test_a_page_is_drawn_whatever_is_missing(step: str) -> None:
    assert told(Board(), step, TONGUE) == TONGUE.say("loading")
    assert isinstance(seen(board_of(), step), str)
    assert TONGUE.say(f"help_setup_{step}")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("root_not_pinned", "Another central answered"),
        ("central_refused", "Nobody listens"),
        ("enrolment_text_bad", "This is no enrolment code"),
        ("a_new_one", "their words"),
    ],
)
def test_what_is_wrong_with_a_code_is_said_in_plain_words(code: str, words: str) -> None:
    wrong = {"ok": False, "code": code, "message": "their words", "hint": "do that"}

    text = seen(board_of(errands={"enrol": wrong}), "enrolment")

    assert words in text
    assert f"[{code}]" in text
    assert ("do that" in text) is (code == "a_new_one")


def test_a_camera_that_is_not_there_is_said() -> None:
    board = Board({**board_of().replies, "camera": {"state": "back-off", "reads": []}})

    assert "✖ Camera missing" in seen(board, "camera")


def test_a_line_that_another_program_holds_is_told_and_no_pulse_is_offered() -> None:
    board = board_of(fault={"code": "line_busy", "message": "", "hint": ""}, arm=None, is_ours=True)

    assert "✖ Fault Another program holds this line. [line_busy]" in seen(board, "relay")
    keys = {key for key, _name in steps_view.hints(board, "relay", TONGUE, is_editing=False)}
    assert "P" not in keys


def test_nothing_that_moves_the_arm_is_offered_while_the_lane_is_in_service() -> None:
    board = board_of(in_service=True, arm=None)

    keys = {key for key, _name in steps_view.hints(board, "relay", TONGUE, is_editing=False)}

    assert "P" not in keys
    assert "Hardware tab tries it with a PIN" in told(board, "relay", TONGUE)


def test_the_screen_that_loads_nothing_of_the_gate_knows_its_places_all_the_same() -> None:
    assert str(Config().data_dir) == first_start.DATA_DIR
    assert first_start.CONFIG == UNITS_CONFIG


def test_a_box_begins_with_its_set_up_until_it_is_a_gate(tmp_path: Path) -> None:
    config, runtime = tmp_path / "portillon.toml", tmp_path / "run"
    assert is_first_start(config, runtime)

    config.write_text(f'[gate]\ndata_dir = "{tmp_path}"\n', encoding="utf-8")
    assert is_first_start(config, runtime)

    papers = load_config(config, may_lack_ways=True).sync.device_path
    papers.parent.mkdir()
    papers.write_text("{}", encoding="utf-8")
    assert not is_first_start(config, runtime)

    save_progress(progress_path(config), Progress(began_at_ms=1))
    assert is_first_start(config, runtime)
    save_progress(progress_path(config), Progress(began_at_ms=1, finished_at_ms=2))
    assert not is_first_start(config, runtime)
    save_progress(progress_path(config), Progress(began_at_ms=1))

    runtime.mkdir()
    (runtime / "gate.sock").touch()
    assert not is_first_start(config, runtime)
