"""A two-way lane with a camera on each side, as a whole gate: each opens its way, one fails, one card is one person."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.core.events import FactKind
from scanner.core.units import Direction
from server_stub.demo.stage import Screen
from support.gates import CONFIG, GateRig, card, picture_of

CAMERA = CONFIG[CONFIG.index("[camera]") : CONFIG.index("[turnstile]")]
STREET = CAMERA.replace("[camera]", '[[camera]]\nname = "street"\ndirection = "in"')
HALL = CAMERA.replace("[camera]", '[[camera]]\nname = "hall"\ndirection = "out"')
TWO_CAMERAS = (
    CONFIG.replace(CAMERA, STREET + HALL.replace("{frames}", "{frames}-hall"))
    + '\n[turnstile.way_out]\nrelay = "GPIO18"\nsensor = "GPIO23"\n'
)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateRig]:
    (tmp_path / "frames-hall").mkdir()
    with GateRig(tmp_path, config=TWO_CAMERAS) as rig:
        yield rig
        assert rig.stop() == 0
        rig.log()


def test_each_side_opens_its_way_and_reads_on_while_the_other_is_silent(gate: GateRig) -> None:
    hall = Screen(gate.folder / "frames-hall")
    gate.hold_up()
    hall.show(picture_of())
    gate.start_ready()
    with gate.watch() as watcher:
        assert gate.admit(watcher, card(1))["direction"] == "in"
        hall.show(picture_of(card(2)))
        assert watcher.hear(("scan",))["direction"] == "out"
        watcher.hear(("passed",))
        hall.show(picture_of())
        gate.wait_until(gate.is_idle, "an arm at rest")

        for screen in (gate.screen, hall):
            screen.show(picture_of(card(3)))
        seen = gate.status()["reads"]["same_presentation"]
        watcher.hear(("passed",))
        gate.wait_until(
            lambda: gate.status()["reads"]["same_presentation"] > seen + 20, "many more reads"
        )
        for screen in (gate.screen, hall):
            screen.show(picture_of())
        gate.wait_until(gate.is_idle, "an arm at rest")

        shutil.rmtree(hall.folder)
        gate.wait_until(lambda: gate.status()["doubts"] == ["camera_silent"], "the doubt")
        assert gate.admit(watcher, card(4))["outcome"] == "SUCCESS"

    told = {one["name"]: one["state"] == "streaming" for one in gate.status()["cameras"]}
    assert told == {"camera street": True, "camera hall": False}
    (street, _hall) = gate.ask("hardware")["cameras"]
    assert (street["name"], street["direction"], street["state"]) == (
        *("camera street", "in"),
        "streaming",
    )
    (doubt,) = gate.logged("camera_silent")
    assert doubt["message"].startswith("camera hall is ")
    ways = [fact.direction for fact in gate.facts(FactKind.SCAN)]
    assert ways[:2] == [Direction.IN, Direction.OUT]
    assert len(ways) == 4
