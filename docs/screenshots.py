"""Takes a picture of every screen of the console in every language: `make screenshots`.

    python docs/screenshots.py [FOLDER]

Law: the screens are the product's own, run without a terminal over a scripted gate, so the same source gives the same
pictures. Only SVG files of these names are written.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.append(str(DOCS.parent / "tests"))

from scanner.texts.catalogue import languages  # noqa: E402 - after the path is known
from support.console_stage import Stage, running  # noqa: E402
from support.scripted_bench import ScriptedBench  # noqa: E402
from support.scripted_gate import ANSWERS, NOW, OVERVIEW, ScriptedClock, ScriptedGate  # noqa: E402
from support.setup_stage import SetupStage, at_work  # noqa: E402
from ui.board import Sample  # noqa: E402
from ui.console import TABS  # noqa: E402
from ui.settingup.steps_view import STEPS  # noqa: E402

WIDE, SMALL = (100, 30), (80, 24)
QUESTION = {"seq": 20_418, "answers": ["accept", "refuse"], "outcome": "ACTION"}
TROUBLE = {
    "doubts": ["camera_silent"],
    "camera": {"state": "covered"},
    "clock": {"now": NOW, "state": "holdover"},
}
Step = Callable[["Stage"], Awaitable[None]]


def _remember(stage: Stage) -> None:
    """As if the console had looked on for two minutes."""
    samples = tuple(
        Sample(NOW, float(max(0, 60 - abs(n - 40) * 2)), 55 + n % 17 / 2, 21.4e9 - n * 1e6)
        for n in range(120)
    )
    stage.console.board = replace(stage.console.board, series=samples)


def _answered(name: str) -> Step:
    async def play(stage: Stage) -> None:
        if name == "action":
            await stage.told(question=QUESTION)
        await stage.answer(name)

    return play


def _tab(name: str) -> Step:
    async def play(stage: Stage) -> None:
        if name == "health":
            await stage.told(**TROUBLE)
        _remember(stage)
        await stage.tab(name)

    return play


async def _silent(stage: Stage) -> None:
    await stage.silence()


async def _simulated(stage: Stage) -> None:
    await stage.told(
        simulated=True,
        network={**OVERVIEW["network"], "failures": 3},
        snapshot={"seq": 7, "age_s": 9_000},
    )


def _keys(*keys: str, tab: str = "lane") -> Step:
    async def play(stage: Stage) -> None:
        await stage.tab(tab)
        await stage.pilot.press(*keys)

    return play


LANES: dict[str, Step] = {
    "lane-ready": _simulated,
    **{f"lane-{name.replace('_', '-')}": _answered(name) for name in ANSWERS},
    "lane-silent": _silent,
}
CONSOLES: dict[str, Step] = {
    **{name: _tab(name) for name in TABS if name != "lane"},
    "console-lane": _answered("success"),
    "explain": _keys("enter", tab="scans"),
    "palette": _keys("ctrl+p"),
    "help": _keys("f1", tab="hardware"),
    "release": _keys("p", *"Ines", "enter"),
}


async def _at_step(stage: SetupStage, step: str) -> None:
    await stage.until(lambda: stage.wizard.board.at("look", "step") == step)


async def _scanned(stage: SetupStage, gate: ScriptedGate) -> None:
    gate.told.put(ANSWERS["success"])
    await stage.until(lambda: stage.wizard.board.at("look", "steps", "scan", "state") == "done")


SETUPS: dict[str, tuple[str, ...]] = {
    **{f"setup-{step}": () for step in STEPS},
    "setup-fields": ("e",),
    "setup-pulse": ("p",),
    "setup-refused": (),
}
"""Keys that are pressed at the step."""
PLACES = {"fields": "direction", "pulse": "relay", "refused": "enrolment"}
REFUSED = {"ok": False, "code": "enrolment_token", "message": "", "hint": ""}


async def take_setup(folder: Path, language: str, name: str, keys: tuple[str, ...]) -> None:
    """One step of the set-up wizard."""
    step = name.removeprefix("setup-")
    bench = ScriptedBench(PLACES.get(step, step), REFUSED if step == "refused" else {})
    gate = ScriptedGate()
    stage = SetupStage(Path("portillon.toml"), bench, language, gate=gate, clock=ScriptedClock())
    async with at_work(stage, *WIDE):
        await _at_step(stage, bench.step)
        if bench.step == "scan":
            await _scanned(stage, gate)
        await stage.press(*keys)
        await stage.pilot.pause(0.4)
        svg = stage.wizard.export_screenshot(title="portillon-console --setup")
    _write(folder / f"{name}-{language}.svg", svg)


async def take(folder: Path, language: str, name: str, play: Step, size: tuple[int, int]) -> None:
    """Play one scene and write its picture."""
    width, height = size
    stage = Stage(language, is_lane_only=size == SMALL)
    async with running(stage, width, height):
        await play(stage)
        await stage.pilot.pause(0.2)
        svg = stage.console.export_screenshot(title="portillon-console")
    _write(folder / f"{name}-{language}.svg", svg)


def _write(path: Path, svg: str) -> None:
    path.write_text(_steady(svg), encoding="utf-8")


def _steady(svg: str) -> str:
    """Without the number that each run makes anew, and without a font from afar."""
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


async def main(folder: Path) -> None:
    """All of them."""
    for language in languages():
        for scenes, size in ((LANES, SMALL), (CONSOLES, WIDE)):
            for name, play in scenes.items():
                await take(folder, language, name, play, size)
        for name, keys in SETUPS.items():
            await take_setup(folder, language, name, keys)


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "pictures" / "console"
    place.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(place))
    print(f"{len(list(place.glob('*.svg')))} pictures in {place.name}/")
