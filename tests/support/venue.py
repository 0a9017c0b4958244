"""A venue of real processes: one central, and lanes that are a `portillon gate` and a `portillon sync` each.

Law: everything is reached from outside only. Each lane hangs on a cable of its own, which can be pulled.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

from sqlalchemy import select

from scanner.core.clock import ClockReading, ClockState
from scanner.core.errors import StoreError
from scanner.core.events import Fact
from scanner.core.units import BootId, Direction, Instant, LaneReadiness, MonoMs
from scanner.lookups import Lookups
from scanner.own_facts import OwnFacts
from scanner.peer_facts import PeerFacts
from server_stub.api.forms import CodeKind, GateForm, RuleForm, SaleForm, TypeForm
from server_stub.central import Central
from server_stub.demo.network import Cable
from server_stub.gates.devices import add_device
from server_stub.gates.tallies import load_counted, load_offsets
from server_stub.reporting.overuses import OveruseEntry, load_overuse
from server_stub.selling.catalogue import add_gate, add_type
from server_stub.selling.codes import revoke_code
from server_stub.selling.sales import Sold, sell
from server_stub.site import load_site
from server_stub.store import tables
from support.gates import CONFIG, START_WITHIN_S, GateRig, environment
from support.real_central import RealCentral, machine_clock
from support.warm import WarmProcess
from support.watcher import Watcher
from sync.enrolment import enrol, parse_invitation
from sync.ledger_format import connect_reader, load_origin, load_rows
from sync.settings import SyncSettings
from sync.wire import encode_message, parse_fact
from sync.worker import run_once

SYNC = "from scanner.cli import main; main()"
END_WITHIN_S = 20.0
AWAY_MS = 3_300
"""A little over a site's debounce time."""


class Code(Protocol):
    """What somebody shows, and the numbers the central gave it."""

    @property
    def payload(self) -> str: ...
    @property
    def credential_no(self) -> int: ...
    @property
    def grant_no(self) -> int: ...


@dataclass
class VenueLane:
    """One lane: a gate's rig, its sync and its cable."""

    name: str
    rig: GateRig
    cable: Cable
    settings: SyncSettings
    sync: subprocess.Popen[bytes] | None = None
    watcher: Watcher | None = None
    around: tuple[str, ...] = ()
    """Another command around both processes."""
    _shown_ms: dict[int, int] = field(default_factory=dict)

    def wait_ready(self) -> None:
        """Until the gate answers."""
        self.rig.wait_until(self.rig.answers, "the gate's start", START_WITHIN_S)
        self.watcher = self.rig.watch()

    def start_sync(self) -> None:
        """The network side alone."""
        with (self.rig.folder / "sync.log").open("ab") as log:
            arguments = ["sync", "--config", str(self.rig.config_path)]
            self.sync = WarmProcess(
                [*self.around, sys.executable, "-c", SYNC, *arguments],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def switch_on(self) -> None:
        """Both processes, until the gate answers."""
        self.start_sync()
        self.rig.start(*self.around)
        self.wait_ready()

    def switch_off(self) -> None:
        """The gate is told to end; its network side loses power."""
        if self.watcher is not None:
            self.watcher.__exit__()
        assert self.rig.stop() == 0
        self.stop_sync()

    def snapshot_seq(self) -> int:
        """What the gate works from."""
        return int(self.rig.status()["snapshot"]["seq"])

    def stop_sync(self) -> None:
        """SIGKILL, as a power cut would."""
        if self.sync is not None:
            self.sync.kill()
            self.sync.wait(END_WITHIN_S)

    def close(self) -> None:
        """Leave nothing running."""
        if self.watcher is not None:
            self.watcher.__exit__()
        self.stop_sync()
        self.rig.kill()
        self.cable.cut()

    def scan(self, sold: Code) -> str:
        """Show a code, walk in if the arm opens; the reason of the answer."""
        assert self.watcher is not None
        self.rig.wait_until(lambda: self._may_show(sold), "the end of a presentation")
        answer = self.rig.scan(self.watcher, sold.payload.encode())
        self.rig.hold_up()
        self._shown_ms[sold.credential_no] = machine_clock().monotonic_ms()
        if answer["charged"]:
            self.watcher.hear(("passed",))
            self.rig.wait_until(self.rig.is_idle, "an arm at rest")
        return str(answer["reason"])

    def _may_show(self, sold: Code) -> bool:
        """A code that was away for less than the debounce time is no new scan, however long it is held up then."""
        shown_ms = self._shown_ms.get(sold.credential_no)
        return shown_ms is None or machine_clock().monotonic_ms() - shown_ms > AWAY_MS

    def used(self, sold: Code) -> int:
        """Charged entries of a right as this lane's own files give them now, by the gate's own look-ups."""
        return used_by_files(self.settings, sold)

    def facts(self) -> list[Fact]:
        """Its ledger."""
        with closing(connect_reader(self.rig.ledger)) as connection:
            return [parse_fact(row.body) for row in load_rows(connection, 0, 100_000)]


@dataclass
class Venue:
    """The central and its lanes."""

    folder: Path
    central: RealCentral
    lanes: list[VenueLane] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for lane in self.lanes:
            lane.close()

    def add_lane(self, name: str) -> VenueLane:
        """A lane of that name, enrolled, with the newest snapshot; its processes start."""
        with self.central.central.database.write() as connection:
            if name != "north":
                add_gate(connection, GateForm(name=name, zone="hall"))
        self.central.publish()
        cable = Cable(self.central.port)
        rig = GateRig(self.folder / name, site=None, config=CONFIG + _central_section(cable))
        rig.__enter__()
        settings = SyncSettings(
            data_dir=rig.data, runtime_dir=rig.runtime, key_path=rig.data / "keys" / "device.key"
        )
        _device, text = add_device(self.central.central, name, url=f"http://127.0.0.1:{cable.port}")
        enrol(parse_invitation(encode_message(text)), settings, machine_clock())
        assert run_once(settings, machine_clock()).is_ok
        lane = VenueLane(name, rig, cable, settings)
        self.lanes.append(lane)
        lane.start_sync()
        rig.start()
        return lane

    def sell(self, type_name: str, **form: Any) -> Sold:
        """One code of a type; ``form`` as in `SaleForm`."""
        return sell(
            self.central.central, SaleForm(type=type_name, **({"kind": CodeKind.OPAQUE} | form))
        )

    def add_type(self, name: str, **rule: Any) -> None:
        """A type of ticket with that rule."""
        with self.central.central.database.write() as connection:
            form = TypeForm(name=name, validity="always", rule=RuleForm(**rule))
            add_type(connection, form, load_site(connection).calendar)

    def revoke(self, sold: Sold) -> None:
        """A code is lost."""
        with self.central.central.database.write() as connection:
            revoke_code(connection, sold.credential_no, self.central.clock.now_ms())

    def overuse(self) -> list[OveruseEntry]:
        """What the central reports."""
        with self.central.central.database.read() as connection:
            return load_overuse(connection)

    def used(self, sold: Code) -> int:
        """Charged entries of a right as the central folds them now."""
        return used_at(self.central.central, sold)


def used_by_files(settings: SyncSettings, sold: Code) -> int:
    """Charged entries of a right as a gate's own look-ups find them in its files."""
    ledger = settings.ledger_path
    with closing(connect_reader(ledger)) as connection, contextlib.ExitStack() as stack:
        origin = load_origin(connection)
        own = OwnFacts(connection, origin.device, origin.epoch, _fault)
        peers = PeerFacts(settings.peers_path)
        stack.callback(peers.close)
        lookups = Lookups(settings.cache_dir, own, peers)
        stack.callback(lookups.close)
        facts = lookups.facts_for(
            sold.payload.encode(), None, Direction.IN, _now(), LaneReadiness.READY
        )
    return sum(tally.total for one in facts.grants for tally in one.tallies.values())


def used_at(central: Central, sold: Code) -> int:
    """Charged entries of a right as a central folds them now."""
    with central.database.read() as connection:
        ledgers = connection.execute(select(tables.ledger)).all()
        vector = {(row.device, row.epoch): row.have for row in ledgers}
        counted = load_counted(
            connection, vector, load_offsets(connection), load_site(connection).calendar
        )
        return sum(
            tally.total
            for one in counted
            if one.grant_no == sold.grant_no
            for tally in one.tallies.values()
        )


def _central_section(cable: Cable) -> str:
    # a poll that never comes: what arrives was pushed
    return f'\n[central]\nurl = "http://127.0.0.1:{cable.port}"\npoll_s = 3600\n'


def _now() -> ClockReading:
    clock = machine_clock()
    now = Instant(clock.now_ms())
    return ClockReading(
        now=now,
        floor=now,
        mono=MonoMs(clock.monotonic_ms()),
        boot=BootId(clock.boot_id()),
        state=ClockState.TRUSTED,
    )


def _fault(error: Exception) -> StoreError:
    return StoreError("ledger_damaged", str(error))


@contextlib.contextmanager
def venue(folder: Path, *names: str) -> Iterator[Venue]:
    """A venue whose lanes run."""
    with RealCentral(folder / "central") as central, Venue(folder, central) as made:
        made.add_type("once", max_total=1)
        made.add_type("daily", max_total=50, max_per_day=1)
        made.add_type("thrice", max_total=3)
        for name in names:
            made.add_lane(name)
        for lane in made.lanes:
            lane.wait_ready()
        yield made
