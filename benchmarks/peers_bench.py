"""From one lane to another: how soon an entry counts elsewhere, and how soon a lost card is refused.

Law: the real central and two real `portillon sync`, a process each, over loopback with signed requests; the lanes are
the gate's own ledger and look-ups in this process. Each figure is the median of `ROUNDS`. No test asserts a time.

Use: `python benchmarks peers`.

Source: docs/performance.md.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Event
from time import perf_counter

from big_site import big_site
from figures import LARGE, Figure
from sqlalchemy import select

from hardware.system_clock import SystemClock as MachineClock
from scanner.core.clock import ClockReading, ClockState
from scanner.core.events import Fact, FactKind
from scanner.core.question import Facts
from scanner.core.reasons import Outcome, Reason
from scanner.core.units import BootId, DeviceId, Direction, GateNo, Instant, LaneReadiness, ZoneNo
from scanner.lookups import Lookups
from scanner.peer_facts import PeerFacts
from scanner.records.ledger import Ledger
from server_stub.api.forms import CodeKind, GateForm, SaleForm, TypeForm
from server_stub.central import Central, open_central
from server_stub.founding import Founding, found_central
from server_stub.gates.devices import add_device
from server_stub.publishing.publisher import publish
from server_stub.selling.catalogue import add_gate, add_type, add_zone
from server_stub.selling.codes import revoke_code
from server_stub.selling.sales import Sold, sell
from server_stub.site import load_site
from server_stub.store.tables import publication
from server_stub.system_clock import SystemClock
from sync.enrolment import enrol, parse_invitation
from sync.settings import SyncSettings
from sync.wire import encode_message
from sync.worker import run_once

ROUNDS = 20
GIVE_UP_S = 30.0
LOOK_S = 0.002
BETWEEN_S = 0.4
"""So that a round does not run into the pause after the one before."""

CENTRAL = "from server_stub.cli import main; main()"
SYNC = "from scanner.cli import main; main()"


@dataclass
class Lane:
    """One lane's ledger and look-ups."""

    device: DeviceId
    ledger: Ledger
    lookups: Lookups

    def admit(self, ticket: Sold) -> None:
        """An entry, durable."""
        clock, (device, epoch, seq) = MachineClock(), self.ledger.next_identity()
        entry = Fact(
            device=device,
            epoch=epoch,
            seq=seq,
            kind=FactKind.SCAN,
            at=clock.now_ms(),
            mono_ms=clock.monotonic_ms(),
            boot=BootId(clock.boot_id()),
            clock=ClockState.TRUSTED,
            gate_no=GateNo(1),
            zone_no=ZoneNo(1),
            direction=Direction.IN,
            movement=Direction.IN,
            charged=1,
            grant_no=ticket.grant_no,
            outcome=Outcome.SUCCESS,
            reason=Reason.OK,
        )
        self.ledger.append([entry])

    def known(self, ticket: Sold) -> Facts:
        """What a decision would look at."""
        clock = MachineClock()
        now = Instant(clock.now_ms())
        reading = ClockReading(
            now, clock.monotonic_ms(), BootId(clock.boot_id()), ClockState.TRUSTED, now
        )
        code = ticket.payload.encode()
        return self.lookups.facts_for(code, None, Direction.IN, reading, LaneReadiness.READY)

    def used(self, ticket: Sold) -> int:
        """Entries on a right."""
        facts = self.known(ticket)
        return sum(tally.total for one in facts.grants for tally in one.tallies.values())


def rows(large: int = LARGE) -> list[Figure]:
    """The figures of this file."""
    return [*_of_a_small_site(), revocations_at(big_site(large).folder / "central", large)]


def _of_a_small_site() -> list[Figure]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = _free_port()
        central = stack.enter_context(_found(folder / "central"))
        serve = ("serve", "--dir", str(folder / "central"), "--port", str(port))
        stack.enter_context(_running(CENTRAL, *serve))
        a, b = (stack.enter_context(_lane(central, folder, name, port)) for name in ("A", "B"))
        entries = [_entry_s(central, a, b) for _ in range(ROUNDS)]
        revocations = [_revocation_s(central, b) for _ in range(ROUNDS)]
    return [
        Figure(None, "an entry at lane A counts at lane B", median(entries), "s", 1, 0.5, _of(entries)),
        Figure(
            None, "a revoked card is refused at the lane", median(revocations), "s", 1, 0.5, _of(revocations)
        ),
    ]  # fmt: skip


def revocations_at(site: Path, large: int) -> Figure:
    """Of a site with many rights, often enough that its base is renewed meanwhile; told by the median."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        central = stack.enter_context(open_central(site, SystemClock()))
        port = _free_port()
        stack.enter_context(_running(CENTRAL, "serve", "--dir", str(site), "--port", str(port)))
        lane = stack.enter_context(_lane(central, folder, "north", port))
        base = _base_sha256(central)
        times = [_revocation_s(central, lane) for _ in range(ROUNDS)]
        is_renewed = _base_sha256(central) != base
    note = _of(times) + (", base renewed" if is_renewed else ", no new base")
    return Figure(
        None, f"a revoked card is refused, {large:,} grants", median(times), "s", 1, 0.5, note
    )


def _base_sha256(central: Central) -> str:
    newest = select(publication.c.sha256).order_by(publication.c.snapshot_seq.desc()).limit(1)
    with central.database.read() as connection:
        return str(connection.execute(newest).scalar_one())


def _of(times: list[float]) -> str:
    return f"{len(times)} rounds, {min(times):.2f} to {max(times):.2f} s"


def _entry_s(central: Central, a: Lane, b: Lane) -> float:
    ticket = _sold(central, b)
    began = perf_counter()
    a.admit(ticket)
    return _until(lambda: b.used(ticket) == 1) - began


def _revocation_s(central: Central, b: Lane) -> float:
    ticket = _sold(central, b)
    began = perf_counter()
    with central.database.write() as connection:
        revoke_code(connection, ticket.credential_no, central.clock.now_ms())
    return _until(lambda: b.known(ticket).is_revoked or not b.known(ticket).grants) - began


def _sold(central: Central, lane: Lane) -> Sold:
    """A card that the lane knows, a moment ago."""
    ticket = sell(central, SaleForm(type="pass", kind=CodeKind.OPAQUE))
    _until(lambda: bool(lane.known(ticket).grants))
    Event().wait(BETWEEN_S)
    return ticket


def _until(claim: Callable[[], bool]) -> float:
    """When it came true."""
    began, pause = perf_counter(), Event()
    while not claim():
        if perf_counter() - began > GIVE_UP_S:
            raise TimeoutError("it did not happen: is everything running?")
        pause.wait(LOOK_S)
    return perf_counter()


@contextmanager
def _found(path: Path) -> Iterator[Central]:
    clock = SystemClock()
    found_central(Founding(path=path, site="museum", zone="Europe/Paris"), clock)
    with open_central(path, clock) as central:
        with central.database.write() as connection:
            add_zone(connection, "hall")
            for name in ("A", "B"):
                add_gate(connection, GateForm(name=name, zone="hall"))
            form = TypeForm(name="pass", validity="always")
            add_type(connection, form, load_site(connection).calendar)
        publish(central)
        yield central


@contextmanager
def _lane(central: Central, folder: Path, name: str, port: int) -> Iterator[Lane]:
    data, run = folder / name, folder / name / "run"
    settings = SyncSettings(data_dir=data, runtime_dir=run, key_path=data / "keys" / "device.key")
    url = f"http://127.0.0.1:{port}"
    code = encode_message(add_device(central, name, url=url)[1])
    device = DeviceId(
        _patiently(lambda: enrol(parse_invitation(code), settings, MachineClock()).device)
    )
    run_once(settings, MachineClock())
    config = folder / f"{name}.toml"
    config.write_text(
        f'[gate]\ndata_dir = "{data}"\nruntime_dir = "{run}"\n[central]\nurl = "{url}"\n'
        '[camera]\nsource = "none"\n[turnstile]\nbackend = "simulated"\n'
    )
    peers = PeerFacts(settings.peers_path)
    with (
        Ledger.open(data / "ledger", device) as ledger,
        _running(SYNC, "sync", "--config", str(config)),
    ):
        lookups = Lookups(settings.cache_dir, ledger.own, peers)
        yield Lane(device, ledger, lookups)
        lookups.close()
        peers.close()


def _patiently(work: Callable[[], str]) -> str:
    """The central takes a moment to start."""
    found: list[str] = []

    def is_done() -> bool:
        from scanner.core.errors import CentralError

        try:
            found.append(work())
        except CentralError:
            return False
        return True

    _until(is_done)
    return found[0]


@contextmanager
def _running(program: str, *arguments: str) -> Iterator[None]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=quiet, stderr=quiet
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
