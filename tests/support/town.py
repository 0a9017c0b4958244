"""A whole installation of real processes on a calendar of ours: a central that serves, lanes, a desk and visitors.

Law: everything is asked from outside: the central over HTTP, gates before their cameras, letters in the mail folder.
The calendar goes on by a file that every process reads (`support.later`); gates and their network sides are switched
off while it does, as over a winter.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from scanner.core.units import Instant
from server_stub.central import Central, open_central
from server_stub.demo.network import Cable
from server_stub.system_clock import SystemClock
from support.api_caller import Caller, sign_in
from support.central_site import CentralClock, copied, signed_in
from support.eventually import eventually
from support.gates import CONFIG, GateRig, environment
from support.later import ahead_ms
from support.real_central import machine_clock
from support.rights import PARIS
from support.venue import VenueLane, used_at
from support.warm import WarmProcess, run
from sync.enrolment import enrol, parse_invitation
from sync.settings import SyncSettings
from sync.worker import run_once

DAY_MS = 86_400_000
MINUTE_MS = 60_000
ANSWER_S = 30
WITHIN_S = 40.0
CENTRAL = "from server_stub.cli import main; main()"


class LaterClock(SystemClock):
    """The calendar's time, in this process."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now_ms(self) -> Instant:
        return Instant(super().now_ms() + ahead_ms(self._file))


@dataclass(frozen=True)
class Ticket:
    """What a sale gave."""

    payload: str
    credential_no: int
    grant_no: int = 0

    @classmethod
    def of(cls, answer: Any) -> Self:
        """Out of what the central answered."""
        return cls(**{name: answer[name] for name in cls.__dataclass_fields__ if name in answer})


@dataclass
class Town:
    """The central, its lanes and its people."""

    folder: Path
    lanes: dict[str, VenueLane] = field(default_factory=dict)
    url: str = ""
    _process: WarmProcess | None = None

    def __post_init__(self) -> None:
        self._calendar = self.folder / "ahead_ms"
        self._calendar.write_text("0", encoding="ascii")
        self.clock = LaterClock(self._calendar)
        copied(self.folder / "central", CentralClock(int(self.clock.now_ms()))).database.close()
        self.central: Central = open_central(self.folder / "central", self.clock)

    def __enter__(self) -> Self:
        words = ("--json", "--port", "0", "--publish-every", "0.1")
        where = ("--dir", str(self.folder / "central"))
        with (self.folder / "central.log").open("ab") as log:
            self._process = WarmProcess(
                [*self._around(), sys.executable, "-c", CENTRAL, "serve", *words, *where],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment(),
            )
        assert self._process.stdout is not None
        self.url = json.loads(self._process.stdout.readline())["url"]
        return self

    def __exit__(self, *_error: object) -> None:
        for lane in self.lanes.values():
            lane.close()
        if self._process is not None:
            self._process.terminate()
            self._process.communicate(timeout=ANSWER_S)
        self.central.database.close()

    def _around(self) -> list[str]:
        return [sys.executable, "-m", "support.later", str(self._calendar)]

    def local(self, days: int, minutes: int = 0) -> str:
        """A wall time at the venue, so long after now."""
        then = self.clock.now_ms() + days * DAY_MS + minutes * MINUTE_MS
        return PARIS.wall(Instant(then)).isoformat(timespec="minutes")

    def run(self, *words: str) -> None:
        """A command of the central, as a timer of its machine runs it."""
        where = ("--dir", str(self.folder / "central"))
        command = [*self._around(), sys.executable, "-c", CENTRAL, *words, *where]
        done = run(command, within_s=WITHIN_S, env=environment())
        assert done.returncode == 0, done.stderr

    # --- people -----------------------------------------------------------------------------------

    def desk(self) -> Caller:
        """Staff, signed in today."""
        return Caller(self.url, signed_in(self.central))

    def member(self, address: str) -> Caller:
        """A customer who signs in with the code that came by letter."""
        return sign_in(self.central, self.url, address)

    def sell(self, type_name: str, **form: Any) -> Ticket:
        """One code over the desk."""
        return Ticket.of(self.desk().tell("/v1/admin/sales", {"type": type_name} | form))

    def used(self, ticket: Ticket) -> int:
        """Charged entries as the central counts them."""
        return used_at(self.central, ticket)

    # --- lanes ------------------------------------------------------------------------------------

    def add_lane(self, gate: str) -> VenueLane:
        """A gate that the desk knows: enrolled, with the newest snapshot; its processes run."""
        cable = Cable(int(self.url.rpartition(":")[2]))
        section = f'\n[central]\nurl = "http://127.0.0.1:{cable.port}"\npoll_s = 3600\n'
        rig = GateRig(self.folder / gate, site=None, config=CONFIG + section, is_time_known=False)
        rig.__enter__()
        settings = SyncSettings(
            data_dir=rig.data, runtime_dir=rig.runtime, key_path=rig.data / "keys" / "device.key"
        )
        made = self.desk().tell("/v1/admin/devices", {"gate": gate})
        code = json.dumps(made["enrolment"]).encode()
        address = f"http://127.0.0.1:{cable.port}"
        enrol(parse_invitation(code, address), settings, machine_clock())
        assert run_once(settings, machine_clock()).is_ok
        lane = VenueLane(gate, rig, cable, settings, around=tuple(self._around()))
        self.lanes[gate] = lane
        lane.switch_on()
        return lane

    def close_lane(self, gate: str) -> None:
        """It is never opened again."""
        self.lanes.pop(gate).close()

    def let_pass(self, *, days: int) -> None:
        """The lanes are switched off for so many days, and on again; then they hear what there is by now."""
        for lane in self.lanes.values():
            lane.switch_off()
        ahead = ahead_ms(self._calendar) + days * DAY_MS
        self._calendar.write_text(str(ahead), encoding="ascii")
        for lane in self.lanes.values():
            lane.switch_on()
            assert eventually(lambda: self._knows_the_day(lane), WITHIN_S), lane.name  # noqa: B023
        self.publish()

    def _knows_the_day(self, lane: VenueLane) -> bool:
        """The central's time has come to the gate, which believes no wall clock that jumps."""
        now = int(lane.rig.status()["clock"]["now"])
        return abs(now - self.clock.now_ms()) < DAY_MS

    def publish(self) -> None:
        """Every lane that hangs on its cable has all that was changed until now."""
        seq = self.desk().tell("/v1/admin/publish")["seq"]
        for lane in self.lanes.values():
            assert eventually(lambda: lane.snapshot_seq() >= seq, WITHIN_S), lane.name  # noqa: B023


@contextlib.contextmanager
def town(folder: Path) -> Iterator[Town]:
    """An installation without lanes."""
    with Town(folder) as made:
        yield made
