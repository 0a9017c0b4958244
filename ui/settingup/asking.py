"""What the wizard asks of its bench, and the acts at the arm.

Law: in threads, so that the screen never waits. The arm is never moved by a key alone: the act asks first, and the
bench looks at everything again.

Source: docs/console.md, "Set-up".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ui.board import Board, Reply
from ui.gate_line import GateLine, SilentError
from ui.keyed_app import KeyedApp
from ui.link import Link
from ui.scans_view import refusal_text
from ui.settingup.prompts import Sure
from ui.system_clock import Clock
from ui.tongue import Tongue

ASK_WITHIN_S = 15.0


class Asking(KeyedApp):
    """The part of the wizard that asks."""

    link: Link

    def __init__(self, bench: GateLine, clock: Clock, language: str) -> None:
        super().__init__()
        self.board = Board(now_ms=clock.now_ms())
        self.tongue = Tongue.of(language)
        self.step = ""
        self.bench = bench
        self.clock = clock
        self.said: tuple[str, str] = ("", "plain")

    def draw(self) -> None:
        """Everything by the board as it is."""

    def ask(self, do: str, then: Callable[[Reply], None] | None = None, **fields: Any) -> None:
        """Ask the bench; ``then``: what to do when it was done. A refusal is said."""
        self.run_worker(partial(self._carry_out, do, then, fields), thread=True)

    def _carry_out(
        self, do: str, then: Callable[[Reply], None] | None, fields: Mapping[str, Any]
    ) -> None:
        try:
            reply = self.bench.ask(do, ASK_WITHIN_S, **fields)
        except SilentError:
            return
        self.call_from_thread(self._answered, reply, then)

    def _answered(self, reply: Reply, then: Callable[[Reply], None] | None) -> None:
        if reply.get("ok") is not True:
            self.say(refusal_text(reply, self.tongue), "bad")
        elif then is not None:
            then(reply)
        self.link.ask_again("look")
        self.draw()

    def say(self, text: str, tone: str = "good") -> None:
        """A line at the foot, until another step."""
        self.said = text, tone
        self.draw()

    def action_pulse(self) -> None:
        """Ask first; then the arm moves once. With two ways, those that were tried less come first."""
        pulses = self.board.at("look", "arm", "pulses") or {}
        if self.step != "relay" or not pulses:
            return
        way = min(pulses, key=lambda name: pulses[name])
        heading = self.tongue.say("sure_pulse", way=self.tongue.say(f"way_{way}"))
        self.sure("pulse", heading, lambda: self.ask("pulse", direction=way))

    def action_word(self, is_good: bool) -> None:  # noqa: FBT001 - an action's argument has no name
        """What was seen at the arm."""
        if self.step == "relay":
            self.ask("word", step="relay", is_good=is_good)

    def action_other_level(self) -> None:
        """Relays that switch on at the other level."""
        if self.step == "relay" and self.board.at("look", "arm"):
            heading = self.tongue.say("sure_level")
            self.sure("level", heading, lambda: self.ask("other_level"))

    def action_other_contact(self) -> None:
        """The other kind of contact, of the sensor that is active at rest."""
        ways = self.board.at("look", "arm", "ways") or ()
        active = [way["direction"] for way in ways if way.get("sensor_active")]
        if self.step == "sensor" and active:
            self.ask("other_contact", direction=active[0])

    def action_turn(self) -> None:
        """Somebody turns the simulated arm: the way that was turned less."""
        turns = self.board.at("look", "arm", "turns") or {}
        if self.step == "sensor" and turns and self.board.at("look", "simulated"):
            self.ask("turn", direction=min(turns, key=lambda name: turns[name]))

    def action_go(self) -> None:
        """Into service."""
        if self.step == "scan" and self.board.at("look", "is_ours"):
            self.sure("go", self.tongue.say("sure_go"), lambda: self.ask("go"))

    def sure(self, name: str, heading: str, then: Callable[[], None]) -> None:
        say = self.tongue.say
        told, yes = say(f"sure_{name}_told"), say(f"sure_{name}_yes")
        screen = Sure(heading, told, yes, self.tongue)
        self.push_screen(screen, lambda is_yes: then() if is_yes else None)
