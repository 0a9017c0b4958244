"""An app over one gate: what is known of it, what a person asks of it, and what became of that.

Law: decides nothing and never waits for the gate: what a person asks for is asked in a thread, and whatever becomes of
it is said. Where it is said, and how the rest is shown, is the screens' (`ui.console`).

Source: docs/console.md, "Acts" and "When the gate does not answer".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from textual.message import Message
from textual.timer import Timer

from ui import scans_view
from ui.acts import ACTS, Act
from ui.board import Board, Reply, heard, noticed, silent
from ui.gate_line import ACT_WITHIN_S, GateLine, SilentError
from ui.keyed_app import KeyedApp
from ui.link import Heard, Link, News, Silent
from ui.prompts import ActPrompt, Choice, Palette
from ui.system_clock import Clock
from ui.tongue import Tongue


class GateApp(KeyedApp):
    """Draws itself anew, by `draw`, whenever the board is another."""

    class Told(Message):
        """News of the gate, from the link's threads."""

        def __init__(self, news: News) -> None:
            super().__init__()
            self.news = news

    def __init__(self, line: GateLine, clock: Clock, language: str) -> None:
        super().__init__()
        self.animation_level = "none"
        self.board = Board(now_ms=clock.now_ms())
        self.tongue = Tongue.of(language)
        self.link = Link(line, clock, self._tell)
        self._line = line
        self._clock = clock
        self._operator = ""

    # --- for the screens ----------------------------------------------------------------------------

    def draw(self) -> None:
        """Everything by the board as it is."""

    def take_notice(self, notice: Reply) -> None:
        """The gate told something by itself; it is on the board already."""

    def say_below(self, text: str, tone: str) -> None:
        """What became of an act."""

    def timed(self, timer: Timer | None, seconds: float, then: Callable[[], None]) -> Timer:
        """Once, so many seconds from now, and not when ``timer`` would."""
        if timer is not None:
            timer.stop()
        return self.set_timer(seconds, then)

    # --- what the gate tells ------------------------------------------------------------------------

    def on_gate_app_told(self, told: Told) -> None:
        """Take in the news, draw it."""
        news, now_ms = told.news, self._clock.now_ms()
        if isinstance(news, Silent):
            self.board = silent(self.board, news.since_ms, now_ms)
        elif isinstance(news, Heard):
            self.board = heard(self.board, news.do, news.reply, now_ms)
            self._take_zone()
        else:
            self.board = noticed(self.board, news.notice)
            self.link.ask_again("overview")
            self.take_notice(news.notice)
        self.draw()

    def _tell(self, news: News) -> None:
        """From the link's threads."""
        self.post_message(self.Told(news))

    def _take_zone(self) -> None:
        zone = self.board.at("overview", "site", "zone")
        if zone and zone != self.tongue.zone:
            self.tongue = replace(self.tongue, zone=str(zone))

    # --- acts ---------------------------------------------------------------------------------------

    @property
    def answers(self) -> tuple[str, ...]:
        """What staff may answer now."""
        return tuple(self.board.at("overview", "question", "answers") or ())

    def acts(self) -> list[Choice]:
        """Every act that can be asked for now, by its name; one that turns the arm, for each way of the lane."""
        found: list[Choice] = []
        for act in ACTS.values():
            if act.do != "answer" or act.fields["answer"] in self.answers:
                found += self._by_way(act) or [
                    (self.tongue.say(f"act_{act.name}"), partial(self.action_act, act.name))
                ]
        return found

    def _by_way(self, act: Act) -> list[Choice]:
        """The choice between the ways that an act can turn the arm; empty where there is none."""
        ways, say = tuple(self.board.at("overview", "ways") or ()), self.tongue.say
        if not act.takes_way or len(ways) < 2:  # noqa: PLR2004 - a choice
            return []
        name = say(f"act_{act.name}")
        return [
            (
                say("act_way", act=name, way=say(f"way_{way}")),
                partial(self.action_act, act.name, way),
            )
            for way in ways
        ]

    def action_act(self, name: str, way: str = "") -> None:
        """Ask for an act: what it does, who wants it, the PIN."""
        act, fields = ACTS[name], dict[str, Any]()
        if act.do == "answer":
            if act.fields["answer"] not in self.answers:
                return
            fields["seq"] = self.board.at("overview", "question", "seq")
        if not way and (choices := self._by_way(act)):
            self.push_screen(Palette(choices, self.tongue))
            return
        title = self.tongue.say(f"act_{name}")
        if way:
            fields["direction"] = way
            title = self.tongue.say("act_way", act=title, way=self.tongue.say(f"way_{way}"))
        prompt = ActPrompt(act, title, fields, self.tongue, self._operator, self._perform)
        self.push_screen(prompt)

    def _perform(self, act: Act, asked: Mapping[str, Any]) -> None:
        self._operator = str(asked["operator"])
        self.run_worker(partial(self._carry_out, act, asked), thread=True)

    def _carry_out(self, act: Act, asked: Mapping[str, Any]) -> None:
        reply = self.ask_gate(act.do, ACT_WITHIN_S, asked)
        self.call_from_thread(self._answered, act, reply)

    def ask_gate(self, do: str, within_s: float, fields: Mapping[str, Any]) -> Reply:
        """The gate's answer, or that there was none. Waits: from a thread."""
        try:
            return self._line.ask(do, within_s, **fields)
        except SilentError as error:
            return {"ok": False, "code": "gate_silent", "message": str(error)}

    def _answered(self, act: Act, reply: Reply) -> None:
        is_done = reply.get("ok") is True
        prompt = self.screen
        text = scans_view.refusal_text(reply, self.tongue)
        if isinstance(prompt, ActPrompt) and prompt.act == act:
            if not is_done:
                prompt.refuse(text)
                return
            prompt.close_once()
        name = self.tongue.say(f"act_{act.name}")
        said = f"✔ {self.tongue.say('done', act=name)}" if is_done else text
        self.say_below(said, "good" if is_done else "bad")
        self.link.ask_again("overview")
