"""A scan from payload bytes to a durable verdict with its output set: figures 1 to 6 of docs/performance.md.

Law: the real lane over a real ledger, a real base, and the simulated arm; only time is virtual. Ours and the floor are
measured by turns in the same minutes, and quoted as ratios of medians. No test asserts a time.

Use: `python benchmarks/scan_bench.py [--grants 10000] [--large 1000000] [--scans 1500] [--where]`.

Source: docs/performance.md.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import cProfile
import pstats
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, process_time
from typing import TypeVar

import msgspec
from figures import Figure, show
from floor import Floor

from hardware.settings import IndicatorSettings
from hardware.simulated import (
    SimulatedIndicator,
    SimulatedTurnstile,
    VirtualClock,
    simulated_settings,
)
from scanner.core.calendar import SiteCalendar
from scanner.core.clock import ClockState
from scanner.core.credential import signed_key
from scanner.core.events import Fact, FactKind
from scanner.core.grants import AccessGrant, Gate, SnapshotMark, TicketType
from scanner.core.lane_state import LaneSettings, Way
from scanner.core.reasons import Reason
from scanner.core.rules import ScanRule, SitePolicy
from scanner.core.token import (
    Claims,
    TicketKey,
    encode,
    key_id,
    seed_signer,
)
from scanner.core.units import (
    BootId,
    DeviceId,
    Direction,
    Epoch,
    GateNo,
    GrantNo,
    Instant,
    MonoMs,
    RuleNo,
    Seq,
    SnapshotSeq,
    TypeNo,
    ZoneNo,
)
from scanner.gate_clock import GateClock
from scanner.lane_loop import Lane
from scanner.lane_parts import LanePorts, Read
from scanner.lookups import Lookups
from scanner.peer_facts import PeerFacts
from scanner.records.ledger import Ledger
from sync.base_rows import (
    encode_config,
    encode_gate,
    encode_grant,
    encode_meta,
    encode_rule,
    encode_ticket_key,
    encode_type,
)
from sync.device import Device, save_device
from sync.durable import save_atomically
from sync.peers import open_peers
from sync.snapshot import FORMAT, schema_sql
from sync.wire import Exchange, PeerFact, Receipt, encode_fact

SITE, PEPPER = "museum", b"pepper"
DEVICE = DeviceId("gate3")
ZONE, TYPE = ZoneNo(1), TypeNo(1)
PASS = RuleNo(1)
YEAR_MS = 365 * 86_400_000
BETWEEN_SCANS_MS = 10_000
TICKETS = 2_000
PEER_FACTS = 2_000
"""Of another lane, one for each ticket."""


Result = TypeVar("Result")


def compared(
    number: int | None, what: str, ours_us: float, baseline_us: float, must: float, aim: float
) -> Figure:
    """Ours for one of the baseline, both in microseconds, and both told in the note."""
    note = f"{ours_us:.0f} / {baseline_us:.0f} µs"
    return Figure(number, what, ours_us / baseline_us, "x", must, aim, note)


@dataclass(slots=True)
class Times:
    """What each call took, in microseconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def take(self, work: Callable[[], Result]) -> Result:
        """Measure one call."""
        began, began_cpu = perf_counter(), process_time()
        result = work()
        self.cpu.append((process_time() - began_cpu) * 1e6)
        self.wall.append((perf_counter() - began) * 1e6)
        return result

    @property
    def p50(self) -> float:
        """Median."""
        return median(self.wall)

    @property
    def p99(self) -> float:
        """All but one in a hundred are quicker."""
        return sorted(self.wall)[int(len(self.wall) * 0.99)]


def build_base(cache: Path, grants: int, now: int) -> list[bytes]:
    """A museum with so many passes, half of them expired; returns tickets, good and expired by turns."""
    cache.mkdir(parents=True)
    signer, public = seed_signer(bytes(32))
    chance = Random(7)
    shown: list[bytes] = []
    keys = []
    for number in range(1, grants + 1):
        credential_id = chance.randbytes(16)
        keys.append((signed_key(PEPPER, credential_id), number))
        if number <= TICKETS:
            shown.append(encode(Claims(credential_id, TYPE), signer))
    with contextlib.closing(sqlite3.connect(cache / "1.db", isolation_level=None)) as base:
        base.execute("PRAGMA synchronous = OFF")
        for statement in schema_sql():
            base.execute(statement)
        base.execute("BEGIN")
        _insert(base, "access_grant", (_grant(number, now) for number in range(1, grants + 1)))
        _insert(base, "credential", sorted(keys))
        _insert(base, "rule", [encode_rule(ScanRule(rule_no=PASS, max_total=None))])
        _insert(base, "type", [encode_type(TicketType(type_no=TYPE, rule_no=PASS, name="Annual"))])
        _insert(base, "gate", [encode_gate(Gate(gate_no=GateNo(3), name="North", zone_no=ZONE))])
        key = TicketKey(kid=key_id(public), public=public, site=SITE)
        _insert(base, "ticket_key", [encode_ticket_key(key)])
        _insert(base, "config", encode_config(SitePolicy(calendar=SiteCalendar("Europe/Paris"))))
        mark = SnapshotMark(seq=SnapshotSeq(1), created_at=Instant(now - 60_000))
        _insert(base, "meta", encode_meta(SITE, mark, "p1", grants, FORMAT))
        base.execute("COMMIT")
        base.execute("PRAGMA journal_mode = WAL")
    pointer = {"file": "1.db", "seq": 1, "created_at": now, "sha256": ""}
    save_atomically(cache / "current", msgspec.json.encode(pointer))
    save_device(cache / "device.json", _device())
    return shown


def _grant(number: int, now: int) -> tuple[object, ...]:
    until = now + YEAR_MS if number % 2 else now - 86_400_000
    return encode_grant(
        AccessGrant(
            grant_no=GrantNo(number),
            rule_no=PASS,
            type_no=TYPE,
            zones=frozenset({ZONE}),
            valid_from=Instant(until - YEAR_MS),
            valid_until=Instant(until),
        )
    )


def _device() -> Device:
    return Device(
        device=DEVICE,
        site=SITE,
        gate_no=3,
        peppers={"p1": base64.b64encode(PEPPER).decode()},
        central_keys={},
        central_url="",
        root_version=1,
        root_sha256="",
    )


def _insert(base: sqlite3.Connection, table: str, rows: Iterator[object] | list[object]) -> None:
    width = len(base.execute(f"PRAGMA table_info({table})").fetchall())
    base.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * width)})", rows)


def tell_of_peers(path: Path, now_ms: int) -> None:
    """Entries of another lane, as sync leaves them: every lane of a venue has heard of the others."""
    heard = [
        Fact(
            device=DeviceId("gate4"),
            epoch=Epoch("e4"),
            seq=Seq(seq),
            kind=FactKind.SCAN,
            at=Instant(now_ms - seq),
            mono_ms=MonoMs(seq),
            boot=BootId("b4"),
            clock=ClockState.TRUSTED,
            gate_no=GateNo(4),
            zone_no=ZONE,
            direction=Direction.OUT,
            movement=Direction.OUT,
            grant_no=GrantNo(seq),
        )
        for seq in range(1, PEER_FACTS + 1)
    ]
    told = [PeerFact(f.device, f.epoch, f.seq, encode_fact(f).decode()) for f in heard]
    receipt = Receipt(DEVICE, "e3", 0, "", 0, "", "")
    peers, _aside = open_peers(path)
    with peers:
        peers.apply_exchange(Exchange(receipt, [], told, snapshot_seq=0))


class BenchLane:
    """A whole lane on virtual time, over the files of a gate's data folder."""

    def __init__(
        self, folder: Path, tickets: list[bytes], clock: VirtualClock, device: DeviceId = DEVICE
    ) -> None:
        self.clock = clock
        self.tickets = tickets
        self.ledger = Ledger.open(folder / "ledger", device)
        peers = PeerFacts(folder / "peers" / "peers.db")
        self.lookups = Lookups(folder / "cache", self.ledger.own, peers)
        self._turnstile = SimulatedTurnstile(simulated_settings(), self.clock)
        indicator = SimulatedIndicator(IndicatorSettings(backend="simulated"), self.clock)
        floor_at = Instant(self.clock.now_ms())
        ports = LanePorts(
            clock=GateClock(self.clock, folder / "none.json", floor_at),
            ledger=self.ledger,
            lookups=self.lookups,
            turnstile=self._turnstile,
            indicator=indicator,
        )
        self.lane = Lane(ports, LaneSettings(way_in=Way(watched=True)))
        self._turn = {0: 0, 1: 0}

    def next_ticket(self, kind: int) -> bytes:
        """The next good (0) or expired (1) ticket."""
        self._turn[kind] += 1
        return self.tickets[(2 * self._turn[kind] + kind) % len(self.tickets)]

    def admit_next(self) -> float:
        """The next good ticket opens the arm; how long that took, in s. What goes by afterwards is not counted."""
        seen = Read(self.next_ticket(0))
        began = perf_counter()
        answer = self.lane.read(seen)
        took = perf_counter() - began
        if answer is None or answer.decision.reason is not Reason.OK:
            # a refusal would be quick and false
            raise RuntimeError(f"expected OK, found {answer}")
        self.let_time_pass()
        return took

    def let_time_pass(self) -> None:
        """The person walks through; the lane is idle again."""
        for _ in range(BETWEEN_SCANS_MS // 500):
            self.clock.advance(500)
            self.lane.tick()
        self.ledger.checkpoint()

    def close(self) -> None:
        """Let go of the files."""
        self._turnstile.close()
        self.lookups.close()
        self.ledger.close()


class Gate3(BenchLane):
    """A lane of a museum that was built for it, and that has heard of another lane."""

    def __init__(self, folder: Path, grants: int) -> None:
        clock = VirtualClock()
        tickets = build_base(folder / "cache", grants, clock.now_ms())
        tell_of_peers(folder / "peers" / "peers.db", clock.now_ms())
        super().__init__(folder, tickets, clock)


def measure_scans(folder: Path, grants: int, scans: int) -> tuple[Times, Times, Times]:
    """The floor, acceptances and refusals, by turns."""
    floor, gate = Floor(folder, grants), Gate3(folder, grants)
    times = Times(), Times(), Times()
    reasons: Counter[str] = Counter()
    for _ in range(scans):
        times[0].take(floor.scan)
        for kind in (0, 1):
            seen = Read(gate.next_ticket(kind))
            answer = times[1 + kind].take(lambda seen=seen: gate.lane.read(seen))
            reasons[answer.decision.reason if answer else "same"] += 1
            gate.let_time_pass()
    if reasons != {Reason.OK: scans, Reason.EXPIRED: scans}:
        # refusals that are none would be quick and false
        raise RuntimeError(f"expected {scans} of OK and EXPIRED each, found {reasons}")
    floor.close()
    gate.close()
    return times


def measure_sizes(folder: Path, sizes: tuple[int, int], scans: int) -> tuple[Times, Times]:
    """Acceptances at a small and at a large site, by turns."""
    gates = [Gate3(folder / str(size), size) for size in sizes]
    times = Times(), Times()
    for _ in range(scans):
        for gate, taken in zip(gates, times, strict=True):
            seen = Read(gate.next_ticket(0))
            taken.take(lambda gate=gate, seen=seen: gate.lane.read(seen))
            gate.let_time_pass()
    for gate in gates:
        gate.close()
    return times


def figures(grants: int, large: int, scans: int) -> list[Figure]:
    """Figures 1 to 4, and 5 and 6 when a large site is asked for."""
    with tempfile.TemporaryDirectory() as folder:
        floor, accepted, refused = measure_scans(Path(folder), grants, scans)
    found = [
        compared(1, "decision p50 / floor p50", accepted.p50, floor.p50, 3, 1.5),
        compared(2, "decision CPU / floor CPU", median(accepted.cpu), median(floor.cpu), 5, 2.5),
        compared(3, "refusal p50 / acceptance p50", refused.p50, accepted.p50, 1, 0.8),
        compared(None, "decision p99 / floor p99", accepted.p99, floor.p99, 3, 1.5),
    ]
    if large:
        with tempfile.TemporaryDirectory() as folder:
            few, many = measure_sizes(Path(folder), (grants, large), scans)
        name = f"{large:,} grants / {grants:,}"
        found.append(compared(5, f"decision p50, {name}", many.p50, few.p50, 1.5, 1.2))
        found.append(compared(6, f"decision p99, {name}", many.p99, few.p99, 2, 1.3))
    return found


def show_where(grants: int, scans: int) -> None:
    """Which functions the time of an acceptance goes to."""
    with tempfile.TemporaryDirectory() as folder:
        gate, profile = Gate3(Path(folder), grants), cProfile.Profile()
        for _ in range(scans):
            seen = Read(gate.next_ticket(0))
            profile.enable()
            gate.lane.read(seen)
            profile.disable()
            gate.let_time_pass()
        gate.close()
    pstats.Stats(profile).sort_stats("cumulative").print_stats(60)


def rows() -> list[Figure]:
    """Figures 1 to 3 at 10,000 grants."""
    return figures(10_000, 0, 1_000)


def main(arguments: list[str]) -> None:
    """Print the table, or where the time goes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--grants", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=0, help="figures 5 and 6 at so many grants")
    parser.add_argument("--scans", type=int, default=1_500)
    parser.add_argument("--where", action="store_true", help="profile an acceptance instead")
    asked = parser.parse_args(arguments)
    if asked.where:
        show_where(asked.grants, asked.scans)
    else:
        show(figures(asked.grants, asked.large, asked.scans))


if __name__ == "__main__":
    main(sys.argv[1:])
