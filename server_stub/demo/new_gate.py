"""A new gate is set up without hardware: the wizard has the terminal, and the right thing is held before the camera.

Law: the gate, sync and the wizard are the real programs, from empty folders on; nothing is prepared but a central that
sells, and a configuration that says that arm and camera are simulated. What is held up follows the step that the wizard
has written down.

Source: docs/quickstart.md, "A new gate"; docs/console.md, "Set-up".
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from server_stub.demo import museum, report
from server_stub.demo.play import Pass
from server_stub.demo.scenes import Scene, Shown, empty_lane, render
from server_stub.demo.stage import Program, Screen, command
from server_stub.demo.world import GATE_CONFIG, REAL, REPLAY, Museum, build_museum
from server_stub.system_clock import SystemClock

FRAME = (1280, 720)
LOOK_S = 0.5


@dataclass(slots=True)
class Holding:
    """Somebody who stands before the camera and holds up what the step asks for."""

    screen: Screen
    museum: Museum
    progress: Path
    device: Path
    socket: Path
    shown: str = ""

    def follow(self) -> None:
        """Another step, another thing held up."""
        wanted = self._wanted()
        if wanted == self.shown:
            return
        self.shown = wanted
        if wanted == "code":
            added = self.museum.organiser.tell("devices", {"gate": museum.GATE})
            self._hold_up(Pass(json.dumps(added["enrolment"]).encode()), 5.5)
        elif wanted == "pass":
            self._hold_up(self.museum.passes["alice"], 5.0)
        else:
            self.screen.show(empty_lane(0, *FRAME))

    def _wanted(self) -> str:
        try:
            told = json.loads(self.progress.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return "nothing"
        step, is_over = told.get("step"), told.get("finished_at_ms") is not None
        if step == "enrolment" and not self.device.exists():
            return "code"
        return "pass" if step == "camera" or (is_over and self.socket.exists()) else "nothing"

    def _hold_up(self, held: Pass, px_per_module: float) -> None:
        shown = Shown(payload=held.payload, medium="paper", px_per_module=px_per_module)
        self.screen.show(render(Scene(shown=(shown,)), *FRAME))


def lead_through_setup(folder: Path, camera: str | None) -> int:
    """From an empty folder to the first scan; the wizard's exit code."""
    console = Console(highlight=False)
    console.rule("Portillon: a new gate")
    with contextlib.ExitStack() as stack:
        built = build_museum(
            folder, SystemClock().now_ms(), lambda text: report.say(console, text), stack
        )
        # a socket's path may have 107 characters at most, and a checkout may lie deep
        runtime = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portillon-")))
        config = folder / "portillon.toml"
        source = REAL.format(device=camera) if camera else REPLAY.format(frames=folder / "frames")
        # without a way in, which the wizard asks for, and with time to walk after a key
        fields = {"data": folder / "gate", "runtime": runtime, "camera": source, "wait_s": 5}
        config.write_text(GATE_CONFIG.format(**fields), encoding="utf-8")
        wizard = subprocess.Popen(command("portillon-console", "--setup", "--config", str(config)))
        _beside(wizard, built, folder, config, runtime, stack)
    console.print(f"[dim]logs and data: {folder}[/dim]")
    return wizard.returncode


def _beside(
    wizard: subprocess.Popen[bytes],
    built: Museum,
    folder: Path,
    config: Path,
    runtime: Path,
    stack: contextlib.ExitStack,
) -> None:
    """What systemd does on a box, and a hand before the camera, while the wizard is open."""
    progress = config.with_name(f"{config.stem}.setup.json")
    device = folder / "gate" / "cache" / "device.json"
    holding = Holding(Screen(folder / "frames"), built, progress, device, runtime / "gate.sock")
    units = [
        Program("portillon", (name, "--config", str(config)), folder / f"{name}.log")
        for name in ("sync", "gate")
    ]
    for unit in units:
        stack.callback(unit.stop)
    pause = threading.Event()
    while wizard.poll() is None:
        # the wizard has begun once it has written down where it is; a gate then waits for it
        for unit in units if progress.exists() else ():
            if not unit.is_running:
                unit.start()
        holding.follow()
        pause.wait(LOOK_S)
