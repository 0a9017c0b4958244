"""Plays the story on the stage, act by act, and writes down what the gate really did.

Law: an act's result is what the gate said over its socket, nothing else. One presentation must make exactly one event;
anything more is a fault of the act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Event

from server_stub.demo.scenes import Scene, Shown, empty_lane, render
from server_stub.demo.stage import Ear, Notice, Program, Screen, wait_until
from server_stub.demo.story import Act, Cue, Look

ANSWER_WITHIN_S = 20.0
PASSAGE_WITHIN_S = 20.0
EMPTY_S = 0.6
"""An empty lane between two people."""
SHAKE_S = 0.12
"""A hand moves: the next picture of the same code."""
OPENS = ("SUCCESS", "HIGHLIGHTED")


@dataclass(frozen=True, slots=True)
class Pass:
    """What a person can hold up."""

    payload: bytes
    symbology: str = "qr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of the table: what the act wanted and what happened."""

    act: Act
    seq: int | None
    outcome: str
    reason: str
    remaining: int | None
    passage: str
    colour: str
    icon: str
    extra_events: int

    @property
    def is_as_expected(self) -> bool:
        """Outcome, reason, remaining entries and passage as the story says, by one event."""
        act = self.act
        passage = "–" if act.expect not in OPENS else "turned" if act.turns else "given back"
        if act.cue == "kill_gate":
            passage = "power cut"
        return (
            (self.outcome, self.reason) == (act.expect, act.reason)
            and (act.remaining is None or act.remaining == self.remaining)
            and self.passage == passage
            and self.extra_events == 0
        )


class Play:
    """The running demo: gate, ear, screen and cable."""

    def __init__(
        self,
        gate: Program,
        open_ear: Callable[[], Ear],
        screen: Screen,
        passes: Mapping[str, Pass],
        cues: Mapping[Cue, Callable[[], None]],
    ) -> None:
        self._gate = gate
        self._open_ear = open_ear
        self._screen = screen
        self._passes = passes
        self._cues = cues
        self._pause = Event()
        self._ear = open_ear()

    def perform(self, acts: Iterable[Act]) -> Iterator[Result]:
        """Every act in turn."""
        self._show_empty_lane()
        for number, act in enumerate(acts):
            if act.cue is not None and act.cue in self._cues:
                self._cues[act.cue]()
            yield self._perform(act, number)

    def close(self) -> None:
        """Stop listening to the gate."""
        self._ear.close()

    def _perform(self, act: Act, number: int) -> Result:
        if not act.turns:
            self._ear.ask("simulate", passage=False)
        self._ear.drain()
        self._hold_up(act, number)
        heard = self._ear.hear(("scan",), ANSWER_WITHIN_S, f"an answer to {act.who!r}")
        if act.cue == "kill_gate":
            self._gate.kill()
            self._show_empty_lane()
            self._restart()
            return _result(act, heard, "power cut", 0)
        self._keep_holding(act, number)
        self._show_empty_lane()
        passage = self._passage(act, heard)
        self._pause.wait(EMPTY_S)
        extra = [notice for notice in self._ear.drain() if notice["event"] == "scan"]
        return _result(act, heard, passage, len(extra))

    def _hold_up(self, act: Act, seed: int) -> None:
        self._screen.show(render(self._scene(act, seed, rotation_deg=-3)))
        self._pause.wait(SHAKE_S)
        self._screen.show(render(self._scene(act, seed, rotation_deg=0)))

    def _keep_holding(self, act: Act, seed: int) -> None:
        """The hand goes on shaking while the code stays in view."""
        for step in range(int(act.held_s / (2 * SHAKE_S))):
            self._screen.show(render(self._scene(act, seed, rotation_deg=step % 3)))
            self._pause.wait(2 * SHAKE_S)

    def _scene(self, act: Act, seed: int, rotation_deg: float) -> Scene:
        names = [act.shows] if act.beside is None else [act.shows, act.beside]
        looks = [act.look, Look(medium="paper")]
        return Scene(
            shown=tuple(
                _shown(self._passes[name], look, rotation_deg)
                for name, look in zip(names, looks, strict=False)
            ),
            seed=seed,
        )

    def _show_empty_lane(self) -> None:
        self._screen.show(empty_lane(self._screen.shown))

    def _passage(self, act: Act, heard: Notice) -> str:
        if heard["outcome"] not in OPENS:
            return "–"
        done = self._ear.hear(
            ("passed", "not_passed"), PASSAGE_WITHIN_S, f"a passage report for {act.who!r}"
        )
        return "turned" if done["event"] == "passed" else "given back"

    def _restart(self) -> None:
        self._ear.close()
        self._gate.start()

        def answers() -> bool:
            try:
                self._ear = self._open_ear()
            except OSError:
                return False
            return True

        wait_until(answers, "the gate's restart", ANSWER_WITHIN_S, self._gate.log)


def _shown(held: Pass, look: Look, rotation_deg: float) -> Shown:
    return Shown(
        payload=held.payload,
        symbology=held.symbology,
        medium=look.medium,
        tilt_deg=look.tilt_deg,
        rotation_deg=look.rotation_deg + rotation_deg,
        px_per_module=look.px_per_module,
        blur_modules=look.blur_modules,
        brightness=look.brightness,
        inverted=look.is_inverted,
    )


def _result(act: Act, heard: Notice, passage: str, extra: int) -> Result:
    return Result(
        act=act,
        seq=heard["seq"],
        outcome=heard["outcome"],
        reason=heard["reason"],
        remaining=heard["remaining"],
        passage=passage,
        colour=heard["colour"],
        icon=heard["icon"],
        extra_events=extra,
    )
