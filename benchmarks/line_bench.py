"""Lines: what a bad one costs a decision (figure 9), and how fast a backlog goes up over a good one (figure 14).

Law: the real central and the real `portillon sync`, a process each, over sockets; the lane is the gate's own, in this
process, as it stands beside sync at a gate. Conditions are measured by turns: who is not looked at is stopped
(SIGSTOP). No test asserts a time.

Use: `python benchmarks line`.

Source: docs/performance.md.
"""

from __future__ import annotations

import signal
import subprocess
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import perf_counter

from big_ledger import fill_ledger
from big_site import BigSite, big_site
from figures import SMALL, Figure, percentile, show
from lines import ADDRESS, CENTRAL, SYNC, black_hole, free_port, running, slow_line
from scan_bench import BenchLane, compared

import sync.outbox
from hardware.system_clock import SystemClock as MachineClock
from hardware.virtual_clock import VirtualClock
from scanner.core.errors import CentralError
from scanner.core.units import DeviceId
from server_stub.central import open_central
from server_stub.gates.devices import add_device
from server_stub.system_clock import SystemClock
from sync.enrolment import enrol, parse_invitation
from sync.settings import SyncSettings
from sync.wire import encode_message
from sync.worker import run_once

ROUNDS, SCANS = 5, 250
SETTLE_S = 0.3
"""After a sync was let go on, until its lane is measured."""
SLOW_BYTES_S = 1_250
"""10 kbit/s."""
BACKLOG, SINGLY = 20_000, 200
ANSWER_WITHIN_S = 30.0
US = 1e6


def rows() -> list[Figure]:
    """The figures of this file, at a site of 10,000 rights."""
    site = big_site(SMALL)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        serve = ("serve", "--dir", str(site.folder / "central"), "--port", str(port))
        stack.enter_context(running(CENTRAL, *serve))
        return [*_beside_bad_lines(site, folder, port, stack), _backlog(site, folder, port)]


# --- figure 9 -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Condition:
    """A lane, and the sync beside it on its line; None = there is none."""

    name: str
    lane: BenchLane
    sync: subprocess.Popen[bytes] | None
    times: list[float]

    def tell(self, number: signal.Signals) -> None:
        """Stop its sync, or let it go on."""
        if self.sync is not None:
            self.sync.send_signal(number)


def _beside_bad_lines(site: BigSite, folder: Path, port: int, stack: ExitStack) -> list[Figure]:
    bad = {
        "refused": free_port(),
        "black-holed": stack.enter_context(black_hole()),
        "10 kbit/s": stack.enter_context(slow_line(port, SLOW_BYTES_S)),
    }
    none = _condition(site, folder, "none", port, stack)
    conditions = [_condition(site, folder, name, port, stack, to) for name, to in bad.items()]
    for number in range(ROUNDS * len(conditions)):
        condition = conditions[number % len(conditions)]
        _measure(none, SCANS // len(conditions))
        condition.tell(signal.SIGCONT)
        Event().wait(SETTLE_S)
        _measure(condition, SCANS)
        condition.tell(signal.SIGSTOP)
    quiet = percentile(none.times, 99) * US
    return [
        compared(
            9,
            f"decision p99, network {one.name} / no network",
            percentile(one.times, 99) * US,
            quiet,
            1.1,
            1.0,
        )
        for one in conditions
    ]


def _measure(condition: _Condition, scans: int) -> None:
    condition.times += [condition.lane.admit_next() for _ in range(scans)]


def _condition(
    site: BigSite, folder: Path, name: str, port: int, stack: ExitStack, bad_port: int | None = None
) -> _Condition:
    """A gate that was enrolled over the good line; then its sync runs on the bad one."""
    settings, device = _gate(site, folder / name.replace("/", " "), port)
    clock = VirtualClock(MachineClock().now_ms())
    lane = BenchLane(settings.data_dir, list(site.tickets), clock, device)
    stack.callback(lane.close)
    if bad_port is None:
        return _Condition(name, lane, None, [])
    config = settings.data_dir / "portillon.toml"
    config.write_text(
        f'[gate]\ndata_dir = "{settings.data_dir}"\nruntime_dir = "{settings.runtime_dir}"\n'
        f'[central]\nurl = "http://{ADDRESS}:{bad_port}"\n[camera]\nsource = "none"\n'
        '[turnstile]\nbackend = "simulated"\n'
    )
    process = stack.enter_context(running(SYNC, "sync", "--config", str(config)))
    _until_started(settings)
    process.send_signal(signal.SIGSTOP)
    return _Condition(name, lane, process, [])


def _until_started(settings: SyncSettings) -> None:
    """Until a new contact's end stands in the status, or the first one has begun long since."""
    before, pause = settings.status_path.stat().st_mtime_ns, Event()
    for _ in range(50):
        if settings.status_path.stat().st_mtime_ns != before:
            return
        pause.wait(0.1)


def _gate(site: BigSite, data: Path, port: int) -> tuple[SyncSettings, DeviceId]:
    """A data folder that is enrolled and has the newest snapshot."""
    settings = SyncSettings(
        data_dir=data, runtime_dir=data / "run", key_path=data / "keys" / "device.key"
    )
    with open_central(site.folder / "central", SystemClock()) as central:
        _device, text = add_device(central, "north", url=f"http://{ADDRESS}:{port}")
    device = _patiently_enrolled(encode_message(text), settings)
    report = run_once(settings, MachineClock())
    if not report.is_ok:
        raise RuntimeError(f"the first contact failed: {report.faults}")
    return settings, DeviceId(device)


def _patiently_enrolled(text: bytes, settings: SyncSettings) -> str:
    """The central takes a moment to start."""
    began, pause = perf_counter(), Event()
    while True:
        try:
            return enrol(parse_invitation(text), settings, MachineClock()).device
        except CentralError:
            if perf_counter() - began > ANSWER_WITHIN_S:
                raise
            pause.wait(0.1)


# --- figure 14 ----------------------------------------------------------------------------------


def _backlog(site: BigSite, folder: Path, port: int) -> Figure:
    """Facts a second of one whole contact, by batches and one a request."""
    singly = _facts_s(site, folder / "singly", port, SINGLY, batch_rows=1)
    batched = _facts_s(site, folder / "batched", port, BACKLOG, sync.outbox.BATCH_ROWS)
    note = f"{batched:,.0f} / {singly:,.0f} facts a second"
    what = f"upload of {BACKLOG:,} facts / one a request"
    return Figure(14, what, batched / singly, "x", 30, 100, note, is_least=True)


def _facts_s(site: BigSite, data: Path, port: int, count: int, batch_rows: int) -> float:
    settings, device = _gate(site, data, port)
    fill_ledger(
        data / "ledger",
        device,
        count,
        lambda seq: site.first_grant + seq % len(site.tickets),
        MachineClock().now_ms(),
    )
    usual, sync.outbox.BATCH_ROWS = sync.outbox.BATCH_ROWS, batch_rows
    try:
        began = perf_counter()
        report = run_once(settings, MachineClock())
        took = perf_counter() - began
    finally:
        sync.outbox.BATCH_ROWS = usual
    if not report.is_ok or report.have != count:
        raise RuntimeError(f"{report.have} of {count} facts went up: {report.faults}")
    return count / took


if __name__ == "__main__":
    show(rows())
