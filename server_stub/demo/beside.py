"""The console beside the running story: it has the terminal, the story is written down and told when it is left.

Law: the story neither waits for the console nor notices it; leaving the console never cuts the story short.

Source: docs/quickstart.md; docs/console.md.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from server_stub.demo.museum import TECHNICIAN
from server_stub.demo.stage import command
from server_stub.demo.world import World

WIDTH = 140
LOOK_S = 0.2
Story = Callable[[Console, threading.Event], bool]


def beside_console(world: World, story: Story) -> bool:
    """Play the story while the console is open; True when all was as it must be."""
    path, left, found = world.folder / "story.log", threading.Event(), list[bool]()
    faults: list[BaseException] = []
    with path.open("w", encoding="utf-8") as log:
        heard = Console(file=log, width=WIDTH, highlight=False, force_terminal=True)

        def play() -> None:
            try:
                found.append(story(heard, left))
            except BaseException as error:  # noqa: BLE001 - handed to the main thread, which judges it
                faults.append(error)

        thread = threading.Thread(target=play, name="story", daemon=True)
        thread.start()
        subprocess.run(
            command("portillon-console", "--runtime-dir", str(world.runtime)), check=False
        )
        left.set()
        print(f"The console is left. Acts ask for {TECHNICIAN['name']}, PIN {TECHNICIAN['pin']}.")  # noqa: T201
        _tell(path, thread)
    if faults:
        raise faults[0]
    return bool(found) and found[0]


def _tell(path: Path, thread: threading.Thread) -> None:
    """What was played so far, and the rest as it is played."""
    with path.open(encoding="utf-8") as told:
        while thread.is_alive():
            print(told.read(), end="", flush=True)  # noqa: T201
            thread.join(LOOK_S)
        print(told.read(), end="", flush=True)  # noqa: T201
