"""`portillon-central demo` (``make run``): a day at a museum and a club, without hardware.

Law: exit 0 only if every act was answered as the story expects and the books agree, also for who ends the lane after
it; 130 for who ends it before, 2 for what a person can mend. On a terminal the console is opened beside the story, and
the lane goes on until it is left; without one the demo ends by itself. With ``--camera`` a real camera looks at codes
that you hold up. However it is ended, every program that it started ends with it.

Source: docs/quickstart.md.
"""

from __future__ import annotations

import contextlib
import random
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from threading import Event

import click
from rich.console import Console
from rich.markup import escape

from scanner.core.errors import ConfigError, GateError
from server_stub.commands.pictures import require_folder
from server_stub.demo import books, museum, report
from server_stub.demo.beside import beside_console
from server_stub.demo.new_gate import lead_through_setup
from server_stub.demo.play import Play, Result
from server_stub.demo.stage import DemoStuckError, load_json, run, wait_until
from server_stub.demo.story import STORY, Act, Cue
from server_stub.demo.world import World, build_world
from server_stub.system_clock import SystemClock

LOOK_S = 0.5
INTERRUPTED = 130
"""The exit code of who is stopped by Ctrl-C."""
UPLOAD_WITHIN_S = 90.0
"""Sync comes back by full jitter: after half a minute without a network it may wait a whole one."""


def _require_camera(
    _context: click.Context, _option: click.Parameter, device: str | None
) -> str | None:
    """Before anything is started: nobody holds codes up to nothing."""
    if device is not None and not Path(device).is_char_device():
        here = ", ".join(str(path) for path in sorted(Path("/dev").glob("video*")))
        raise click.BadParameter(
            f"there is no camera {device!r} (here: {here or 'none'}); nothing was started"
        )
    return device


@click.command()
@click.option(
    "--camera",
    metavar="DEVICE",
    callback=_require_camera,
    help="A real camera, such as /dev/video0.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(".portillon/demo"),
    show_default=True,
    help="Scratch folder, made anew.",
)
@click.option(
    "--svg",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    callback=require_folder,
    help="Write what was shown as a picture, too.",
)
@click.option(
    "--console/--no-console",
    "with_console",
    default=sys.stdout.isatty,
    show_default="on a terminal",
    help="Open portillon-console beside the story.",
)
@click.option(
    "--setup", "is_setup", is_flag=True, help="Set a new gate up in the wizard, without hardware."
)
def demo(
    camera: str | None, folder: Path, svg: Path | None, *, with_console: bool, is_setup: bool
) -> None:
    """Play a day at a museum and a club: camera frames in, a turning arm and receipts out."""
    # a terminal that is closed, and who stops us, take everything down with them, tidily
    for ending in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(ending, lambda *_: sys.exit(1))
    width = None if sys.stdout.isatty() else 140
    console = Console(highlight=False, width=width, record=svg is not None)
    try:
        if is_setup:
            sys.exit(lead_through_setup(folder.absolute(), camera))
        with contextlib.ExitStack() as stack:
            is_good = _play_the_day(
                folder.absolute(), camera, console, stack, with_console=with_console
            )
    except KeyboardInterrupt:
        console.print("\nThe lane is closed before the story's end.")
        sys.exit(INTERRUPTED)
    except GateError as error:
        console.print(f"[bold red]✖[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    if svg is not None:
        svg.write_text(report.picture(console), encoding="utf-8")
    sys.exit(0 if is_good else 1)


def _play_the_day(
    folder: Path,
    camera: str | None,
    console: Console,
    stack: contextlib.ExitStack,
    *,
    with_console: bool,
) -> bool:
    console.rule("Portillon: a day at a museum and a club")

    def say(text: str) -> None:
        report.say(console, text)

    world = build_world(folder, SystemClock().now_ms(), say, camera, stack)
    if camera is not None:
        with contextlib.suppress(KeyboardInterrupt):
            _hold_up_codes(world, console)
        return True
    if with_console:
        return beside_console(world, lambda heard, left: _perform(world, folder, heard, left))
    return _perform(world, folder, console, None)


def _perform(world: World, folder: Path, console: Console, left: Event | None) -> bool:
    """The story; then the lane goes on until ``left`` is set, without one for as long as somebody watches."""
    director = Director(world, console)
    is_good = director.perform()
    console.print(f"[dim]logs and data: {folder}[/dim]")
    if left is not None or sys.stdout.isatty():
        console.print("The lane goes on; Ctrl-C closes it.")
        try:
            director.go_on(left)
        except KeyboardInterrupt:
            console.print("\nThe lane is closed.")
    return is_good


@dataclass(slots=True)
class Director:
    """Leads the story, its cues and the books at the end."""

    world: World
    console: Console

    def perform(self) -> bool:
        """The story and the books; True when all is as it must be."""
        play = self._play()
        results: list[Result] = []
        try:
            for number, result in enumerate(play.perform(STORY), start=1):
                report.show_act(self.console, number, len(STORY), result)
                results.append(result)
        finally:
            # also when somebody is not answered at all: what went well before is seen
            play.close()
            if results:
                report.show_table(self.console, results)
        proofs = self._books(results)
        report.show_proofs(self.console, proofs)
        is_good = all(r.is_as_expected for r in results) and all(p.holds for p in proofs)
        words = "[bold green]✔ every line as expected" if is_good else "[bold red]✖ not as expected"
        self.console.print(words)
        return is_good

    def go_on(self, left: Event | None = None) -> None:
        """People come until somebody says stop, or until the console is left; who is not answered steps aside."""
        people, number = _visitors(), len(STORY)
        while left is None or not left.is_set():
            play = self._play()
            try:
                for result in play.perform(people):
                    number += 1
                    report.show_visitor(self.console, number, result)
                    if left is not None and left.is_set():
                        return
            except DemoStuckError as error:
                report.say(self.console, error.message)
            finally:
                play.close()

    def _play(self) -> Play:
        world = self.world
        cues: dict[Cue, Callable[[], None]] = {
            "cut_network": self._cut,
            "restore_network": self._restore,
        }
        return Play(world.gate, world.open_ear, world.screen, world.passes, cues)

    def _cut(self) -> None:
        self.world.passes["jules"] = museum.sell_late(self.world.organiser)
        self.world.cable.cut()
        report.say(self.console, "the network cable is pulled; scanning goes on")

    def _restore(self) -> None:
        self.world.cable.restore()
        report.say(self.console, "the network is back; the gate uploads what it has")
        self._wait_for_upload()
        published = self.world.organiser.tell("publish")
        wait_until(
            lambda: self.world.gate_snapshot_seq() == published["seq"],
            "the new snapshot at the gate",
            UPLOAD_WITHIN_S,
            self.world.sync.log,
        )
        report.say(self.console, f"snapshot {published['seq']} came in under the running lane")

    def _wait_for_upload(self) -> None:
        def is_there() -> bool:
            ledgers = self.world.organiser.ask("counts")["ledgers"]
            return bool(ledgers) and ledgers[0]["have"] == len(self.world.ledger_facts())

        wait_until(is_there, "the upload of every fact", UPLOAD_WITHIN_S, self.world.sync.log)

    def _books(self, results: list[Result]) -> list[report.Proof]:
        self._wait_for_upload()
        config = ("--config", str(self.world.config))
        chain = load_json(run("portillon", "ledger", "verify", *config, "--json"))
        facts, counts = self.world.ledger_facts(), self.world.organiser.ask("counts")
        return books.proofs(results, facts, counts, chain, self._receipted_seq())

    def _receipted_seq(self) -> int:
        config = ("--config", str(self.world.config))
        status = load_json(run("portillon", "snapshot", "status", *config, "--json"))
        return int(status["last"]["report"]["held"])


def _visitors() -> Iterator[Act]:
    """People of the story come back, one after the other, holding their codes as they did.

    The same order again and again: nobody returns so soon that it would be the same presentation.
    """
    chance = random.Random(1)  # noqa: S311 - a crowd, not a secret
    people = {act.shows: act for act in STORY}
    for name in cycle(chance.sample(sorted(people), len(people))):
        who = people[name].who.split(",")[0].split(" ")[0]
        yield Act(who=who, shows=name, expect="", reason="", look=people[name].look)


def _hold_up_codes(world: World, console: Console) -> None:
    import segno

    for who in ("alice", "bruno", "david", "forged"):
        console.rule(f"{who}: hold this in front of the camera")
        segno.make(world.passes[who].payload, error="m").terminal(compact=True)
    console.print("Looking through the camera; Ctrl-C ends.")
    ear, doubts = world.open_ear(), list[str]()
    while world.gate.is_running:
        for notice in ear.drain():
            console.print(report.told(notice))
        doubts = _told_doubts(world, console, doubts)
        ear.pause(LOOK_S)
    world.require_gate()


def _told_doubts(world: World, console: Console, told: list[str]) -> list[str]:
    """A camera that is not there, or goes away, is told when it begins and when it is over."""
    try:
        doubts = world.gate_doubts()
    except OSError:
        return told
    for code in doubts:
        if code not in told:
            console.print(f"[bold red]✖[/] {code}: see docs/troubleshooting.md", soft_wrap=True)
    for code in told:
        if code not in doubts:
            console.print(f"[green]✔[/] over: {code}")
    return doubts
