"""The bench: a lane's devices, files and errands in the hands of whoever sets it up, while it is not in service.

Law: it holds the lane's own lock, so never works beside a gate that is in service; the arm is opened for two steps only
and moves only when it is asked to. No network: what needs one is another process's errand. A code is passed on and
forgotten. What was answered is judged as `portillon setup` judges it and written as it writes it.

Source: docs/console.md, "Set-up"; docs/adr/0018-the-wizard-has-a-bench-of-its-own.md.
"""

from __future__ import annotations

import contextlib
import getpass
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hardware.system_clock import SystemClock
from scanner.config import Config, load_config, parse_config
from scanner.control import ControlClient, Reply
from scanner.core.errors import ConfigError, DeviceError, GateError, InputError
from scanner.enrolling import is_enrolment
from scanner.installing.answers import ASKED, judge
from scanner.installing.bench_facts import about_of, is_camera_kept, load_facts, readable_device
from scanner.installing.bench_parts import Arm, Eye
from scanner.installing.config_table import (
    answers_in,
    merged,
    toml_text,
    with_contact,
    with_other_level,
)
from scanner.installing.errands import Errand, Errands, run, start_units
from scanner.installing.progress import (
    Word,
    load_progress,
    progress_path,
    save_progress,
)
from scanner.installing.steps import Step, missing, standings
from scanner.installing.writing import give_away, write_config

WITH_ARM = (Step.RELAY, Step.SENSOR)
WITH_EYE = (Step.ENROLMENT, Step.CAMERA)
QUESTIONS = {question.key: question for question in ASKED}
HEADING = "Written by the set-up wizard; docs/configuration.md has every setting."


class Bench:
    """Of one configuration. Everything is called by one thread but what errands bring back."""

    def __init__(
        self,
        config_path: Path,
        clock: SystemClock,
        does: Callable[[Errand, Path], Reply] = run,
    ) -> None:
        self._path = config_path
        self._clock = clock
        self._progress_path = progress_path(config_path)
        self._progress = load_progress(self._progress_path)
        self._lane: contextlib.ExitStack | None = None
        self._arm: Arm | None = None
        self._eye: Eye | None = None
        self._fault: GateError | None = None
        self._last_code = b""
        self._errands = Errands(lambda: self.config.data_dir, does)

    # --- what is there ------------------------------------------------------------------------------

    @property
    def config(self) -> Config:
        """The configuration as it is now; what is shipped where there is none yet."""
        try:
            return load_config(self._path, may_lack_ways=True)
        except ConfigError as error:
            if error.code != "config_missing":
                raise
            return Config()

    def _table(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}

    def begin(self) -> None:
        """Take the lane, unless it is in service; from now on a gate waits.

        Raises:
            StoreError: ``file_not_written``: this account may not set the gate up.
        """
        if self._is_in_service():
            return
        if not self._progress.is_under_way:
            now_ms = self._clock.now_ms()
            self._save(began_at_ms=now_ms, finished_at_ms=None)
        self._take_lane()

    def _is_in_service(self) -> bool:
        """A gate answers, and holds the lane."""
        if self._lane is not None:
            return False
        try:
            reply = ControlClient(self.config.runtime_dir / "gate.sock").ask("status")
        except (GateError, OSError, ValueError):
            return False
        return reply.get("ok") is True

    def _take_lane(self) -> bool:
        from scanner.daemon import only_gate

        if self._lane is not None or not self._progress.is_under_way:
            return self._lane is not None
        runtime = self.config.runtime_dir
        try:
            with contextlib.ExitStack() as opening:
                opening.enter_context(only_gate(runtime))
                give_away(self.config.data_dir, runtime, runtime / "gate.lock")
                self._lane, self._fault = opening.pop_all(), None
        except ConfigError as error:
            # a gate that only waits for its enrolment gives way in a moment
            self._fault = None if error.code == "gate_already_running" else error
        return self._lane is not None

    def _save(self, **changes: Any) -> None:
        self._progress = msgspec.structs.replace(self._progress, **changes)
        save_progress(self._progress_path, self._progress)

    # --- what is asked ------------------------------------------------------------------------------

    def commands(self) -> Mapping[str, Callable[[Mapping[str, Any]], Reply]]:
        """What the wizard may ask for."""
        return {
            "look": lambda _body: self._look(),
            "camera": lambda _body: {} if self._eye is None else self._eye.tell(),
            "visit": self._visit,
            "answer": self._answer,
            "pass_over": self._pass_over,
            "reach": lambda _body: self._reach(),
            "enrol": lambda body: self._enrol(str(body.get("code", "")).encode()),
            "contact": lambda _body: {"begun": self._make_contact()},
            "pulse": self._pulse,
            "turn": self._turn,
            "word": self._word,
            "other_contact": self._other_contact,
            "other_level": lambda _body: self._rewire(with_other_level(self._table())),
            "go": lambda _body: self._go_into_service(),
        }

    def _look(self) -> Reply:
        config, told = self.config, self._errands.told()
        if self._lane is None and self._take_lane() and self._progress.step:
            self._open(Step(self._progress.step))
        facts = load_facts(config, told.get("reach", {}), is_in_service=self._is_in_service())
        found = standings(facts, self._progress)
        return {
            "config": str(self._path),
            "runtime_dir": str(config.runtime_dir),
            "simulated": config.is_simulated,
            "in_service": facts.is_in_service,
            "is_ours": self._lane is not None,
            "finished": self._progress.finished_at_ms is not None,
            "step": self._progress.step,
            "steps": {
                s.value: {"state": one.state.value, "why": one.why} for s, one in found.items()
            },
            "missing": [step.value for step in missing(found)],
            "answers": {**answers_in(self._table()), "site": self._progress.site},
            "is_camera_kept": is_camera_kept(config),
            "device": _papers(config),
            "snapshot_seq": facts.snapshot_seq,
            "errands": told,
            "arm": None if self._arm is None else self._arm.tell(),
            "fault": None if self._fault is None else self._fault.told(),
        }

    def _visit(self, body: Mapping[str, Any]) -> Reply:
        step = Step(str(body.get("step")))
        if self._progress.is_under_way and step.value != self._progress.step:
            self._save(step=step.value)
        self._let_go()
        if self._take_lane():
            self._open(step)
        if step is Step.NETWORK:
            self._reach()
        return {"step": step.value}

    def _open(self, step: Step) -> None:
        self._fault = None
        try:
            if step in WITH_ARM and about_of(self.config)[Step.RELAY]:
                self._arm = Arm(self.config, self._clock)
            if step in WITH_EYE:
                self._eye = Eye(self.config, self._clock)
        except (ConfigError, DeviceError) as error:
            self._fault = error

    def _let_go(self) -> None:
        """Lock the arm, close the eye."""
        arm, eye, self._arm, self._eye = self._arm, self._eye, None, None
        for part in (arm, eye):
            if part is not None:
                part.close()

    # --- answers ------------------------------------------------------------------------------------

    def _answer(self, body: Mapping[str, Any]) -> Reply:
        """Some answers, judged as all of them would be; written when they are good."""
        self._require_lane()
        given = {str(key): str(value).strip() for key, value in dict(body["answers"]).items()}
        known, problems = {**answers_in(self._table()), "camera": "", "scanner": ""}, []
        for question in ASKED:
            if question.key in given:
                problem = judge(question, given[question.key], _others(known, given, question.key))
                problems += [] if problem is None else [problem]
        if problems:
            told = [{"key": one.key, "value": one.value, "why": one.why} for one in problems]
            return {"problems": told}
        if "site" in given:
            self._save(site=given["site"])
        table = merged(self._table(), given)
        self._write(table, may_lack_ways="direction" not in given)
        return {"problems": []}

    def _write(self, table: Mapping[str, Any], *, may_lack_ways: bool) -> None:
        heading = f"{self._progress.site}. {HEADING}" if self._progress.site else HEADING
        text = toml_text(table, heading)
        parse_config(text.encode(), self._path.name, may_lack_ways=may_lack_ways)
        write_config(self._path, text, keeps=not self._progress.is_kept)
        self._save(is_kept=True)

    def _rewire(self, table: Mapping[str, Any]) -> Reply:
        """Another kind of contact or level: written, and the arm taken anew."""
        self._require_lane()
        self._let_go()
        self._write(table, may_lack_ways=False)
        self._open(Step.RELAY)
        return {}

    def _other_contact(self, body: Mapping[str, Any]) -> Reply:
        return self._rewire(with_contact(self._table(), str(body.get("direction"))))

    def _pass_over(self, body: Mapping[str, Any]) -> Reply:
        step = Step(str(body.get("step")))
        self._save(passed_over=tuple({*self._progress.passed_over, step.value}))
        return {}

    # --- errands ------------------------------------------------------------------------------------

    def _arguments(self, *words: str) -> tuple[str, ...]:
        return (*words, "--config", str(self._path))

    def _reach(self) -> Reply:
        return {"begun": self._errands.begin("reach", Errand(self._arguments("network", "--json")))}

    def _enrol(self, code: bytes) -> Reply:
        """Hand a code over. It is in nobody's argument list, and kept nowhere."""
        self._require_lane()
        if not self._path.exists():
            self._write(self._table(), may_lack_ways=True)
        words = self._arguments("enrol", "-")
        errand = Errand(words, stdin=code.decode("utf-8", "replace"))
        return {"begun": self._errands.begin("enrol", errand, lambda _told: self._make_contact())}

    def _make_contact(self) -> bool:
        """The first snapshot; where sync runs, it fetches that by itself."""
        return self._errands.begin("contact", Errand(self._arguments("sync", "--once", "--json")))

    # --- the arm ------------------------------------------------------------------------------------

    def _require_lane(self) -> None:
        if self._lane is None:
            if self._fault is not None:
                raise self._fault
            raise ConfigError(
                "setup_in_service",
                "the lane is in service, or another program holds it; nothing was done",
                "stop it first: systemctl stop portillon-gate",
            )

    def _pulse(self, body: Mapping[str, Any]) -> Reply:
        self._require_lane()
        if self._arm is None or self._progress.step != Step.RELAY.value:
            raise InputError(
                "pulse_not_here",
                "a pulse was asked for outside the step that tries the relay; the arm stays shut",
                "go to that step first",
            )
        self._arm.pulse(body.get("direction"))
        return {}

    def _turn(self, body: Mapping[str, Any]) -> Reply:
        self._require_lane()
        if self._arm is not None:
            self._arm.turn(body.get("direction"))
        return {}

    def _word(self, body: Mapping[str, Any]) -> Reply:
        """A person's word on a step, about the wires as they are now."""
        step = Step(str(body.get("step")))
        if step is Step.RELAY and (self._arm is None or not all(self._arm.pulses.values())):
            raise InputError(
                "word_without_pulse",
                "nobody has tried every way of this arm yet; nothing was noted",
                "ask for a pulse and look at the arm",
            )
        self._note(step, is_good=body.get("is_good") is True)
        return {}

    def _note(self, step: Step, *, is_good: bool) -> None:
        about = about_of(self.config).get(step, "")
        word = Word(about=about, is_good=is_good, at_ms=self._clock.now_ms(), by=getpass.getuser())
        before = self._progress.words.get(step)
        if before is None or (before.about, before.is_good) != (about, is_good):
            self._save(words={**self._progress.words, step.value: word})

    def _go_into_service(self) -> Reply:
        """The end of the set-up: the lane is given to the gate."""
        config = self.config
        found = standings(load_facts(config, {}, is_in_service=False), self._progress)
        left = missing(found)
        if left:
            raise ConfigError(
                "setup_incomplete",
                f"{', '.join(left)}: not done yet; the lane stays out of service",
                "go to that step and finish it",
            )
        load_config(self._path)
        self._let_go()
        self._save(step=Step.SCAN.value, finished_at_ms=self._clock.now_ms())
        self._leave_lane()
        start_units(self._path)
        return {}

    # --- between two questions ----------------------------------------------------------------------

    def tick(self) -> None:
        """Look through the eye, count at the arm."""
        if self._arm is not None:
            with contextlib.suppress(DeviceError):
                self._arm.tick()
            if self._progress.step == Step.SENSOR.value and self._arm.has_turned:
                self._note(Step.SENSOR, is_good=True)
        if self._eye is not None:
            self._take(self._eye.look())
            if self._progress.step == Step.CAMERA.value and self._eye.is_good:
                self._note(Step.CAMERA, is_good=True)

    def _take(self, codes: list[bytes]) -> None:
        """An enrolment code before the camera is used once; held up still, it is not used again."""
        new = [code for code in codes if is_enrolment(code) and code != self._last_code]
        if not new or self._progress.step != Step.ENROLMENT.value:
            return
        self._last_code = new[0]
        try:
            if _papers(self.config) is None:
                self._enrol(new[0])
        except GateError as error:
            self._fault = error

    def close(self) -> None:
        """Lock the arm and leave the lane; it stays out of service until the set-up is finished."""
        self._let_go()
        self._leave_lane()

    def _leave_lane(self) -> None:
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.close()


def _others(known: Mapping[str, str], given: Mapping[str, str], key: str) -> dict[str, str]:
    """The answers before this one, as they will be."""
    before = {**known, **given}
    order = [question.key for question in ASKED]
    return {name: value for name, value in before.items() if name in order[: order.index(key)]}


def _papers(config: Config) -> dict[str, Any] | None:
    """Whose gate this device is."""
    device = readable_device(config)
    if device is None or device.is_revoked:
        return None
    return {"site": device.site, "gate_no": device.gate_no, "central": device.central_url}
