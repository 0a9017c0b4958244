"""The gate's composition root: one process, one lane, one thread that decides.

Law: the process that opens the gate has no network. The lane's thread reads frames, decides, records and acts; capture,
pulse guard and control socket have threads of their own that it never waits for. However the process ends, the arm is
locked; a tidy end and a crash are both facts.

Source: docs/architecture.md, "Processes".
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from hardware.system_clock import SystemClock
from scanner.building import GateParts, build_parts
from scanner.config import Config
from scanner.core.errors import ConfigError, StoreError
from scanner.core.events import FactKind
from scanner.enrolling import await_enrolment
from scanner.lane_start import begin
from scanner.notify import Supervisor, supervisor_of

LOG = logging.getLogger("portillon.gate")

FRAME_WAIT_S = 0.02
"""How long to wait for a frame before looking at pins and callers again."""
SWITCH_S = 0.0005
"""How long a busy thread may keep the interpreter: the pulse guard must not wait the usual 5 ms for it."""
IDLE_S = 2.0
"""A lane without a scan for so long tidies up."""


class GateCrashedError(Exception):
    """The lane ended by a fault that it does not know how to live with; the arm was told to lock."""


class LedgerDamagedError(Exception):
    """The ledger's file broke under the gate: only a new start can set it aside and open the lane again."""


def run_gate(
    config: Config, stop: threading.Event, gives_way: Callable[[], bool] = lambda: False
) -> None:
    """Run the lane until ``stop`` is set; ``gives_way``: to a set-up, while it still waits for its enrolment.

    Raises:
        GateError: the gate cannot start.
        GateCrashedError: it ran, and a part or our own code failed.
    """
    sys.setswitchinterval(SWITCH_S)
    with only_gate(config.runtime_dir), contextlib.ExitStack() as opening:
        clock = SystemClock()
        supervisor = supervisor_of(clock.monotonic_ms)
        if not await_enrolment(config, clock, stop, supervisor, gives_way):
            return
        parts = build_parts(config, clock, opening)
        _run(parts, stop, opening.pop_all(), supervisor)


def _run(
    parts: GateParts,
    stop: threading.Event,
    opened: contextlib.ExitStack,
    supervisor: Supervisor,
) -> None:
    try:
        with opened, _ending(parts):
            _start(parts)
            supervisor.ready(_in_short(parts))
            _work(parts, stop, supervisor)
            supervisor.stopping()
    except Exception as error:
        raise GateCrashedError from error


@contextlib.contextmanager
def _ending(parts: GateParts) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        _end(parts, f"crashed: {type(error).__name__}")
        raise
    _end(parts, "stopped")


@contextlib.contextmanager
def only_gate(runtime_dir: Path) -> Iterator[None]:
    """Hold the lane's lock: a second daemon on the same lane says so and ends."""
    with _lock_file(runtime_dir) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = file.read(32).strip() or "unknown"
            raise ConfigError(
                "gate_already_running",
                f"another gate (process {owner}) runs in {str(runtime_dir)!r}; this one ends",
                "stop it first (`systemctl stop portillon-gate`), or give this lane folders of its own",
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _lock_file(runtime_dir: Path) -> IO[str]:
    try:
        runtime_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(runtime_dir / "gate.lock", os.O_RDWR | os.O_CREAT, 0o600)
        return os.fdopen(number, "r+", encoding="ascii")
    except OSError as error:
        raise ConfigError(
            "runtime_dir_unusable",
            f"runtime_dir {str(runtime_dir)!r} cannot be written ({error.strerror}); the gate ends",
            "create it for the gate's own user, mode 0700",
        ) from error


def _start(parts: GateParts) -> None:
    how = "simulated" if parts.config.is_simulated else parts.config.turnstile.backend
    begin(parts.lane, parts.ledger, how, parts.turnstile.left_on)
    # what was built stays: later collections need not walk it while somebody waits
    gc.freeze()
    LOG.info(
        "gate %s is ready%s",
        parts.lookups.gate.name,
        " (SIMULATED turnstile)" if parts.config.is_simulated else "",
        extra={"simulated": parts.config.is_simulated},
    )


def _work(parts: GateParts, stop: threading.Event, supervisor: Supervisor) -> None:
    """The lane's loop. What feeds the watchdog: this thread decides and records, the guard ends pulses."""
    quiet_since = parts.clock.monotonic_ms()
    while not stop.is_set():
        has_seen, has_heard = parts.seeing.look(FRAME_WAIT_S), parts.hearing.listen()
        if has_seen or has_heard:
            quiet_since = parts.clock.monotonic_ms()
        parts.lane.tick()
        parts.control.serve_waiting()
        parts.memory.follow(parts.lane.state)
        supervisor.feed(lambda: _in_short(parts), is_live=parts.turnstile.is_live())
        if parts.lane.state.grant is None:
            _between_people(parts)
        if parts.clock.monotonic_ms() - quiet_since > IDLE_S * 1000:
            quiet_since = parts.clock.monotonic_ms()
            _when_quiet(parts)


def _in_short(parts: GateParts) -> str:
    """For `systemctl status`."""
    state, doubts = parts.lane.state, parts.doubts
    simulated = "SIMULATED, " if parts.config.is_simulated else ""
    wrong = f"; wrong: {', '.join(doubts)}" if doubts else ""
    return f"{simulated}{state.mode.value}, {state.phase.value}, {parts.seeing.in_short}{wrong}"


def _between_people(parts: GateParts) -> None:
    """Nobody is on the way through: the log may move into the ledger's file, if it has grown.

    Raises:
        LedgerDamagedError: nothing can be recorded until a new start.
    """
    if "ledger_damaged" in parts.lane.doubts:
        raise LedgerDamagedError
    with contextlib.suppress(StoreError):
        parts.ledger.checkpoint()


def _when_quiet(parts: GateParts) -> None:
    """What can wait until nobody has come for a while."""
    snapshot = parts.lookups.snapshot
    if snapshot is not None:
        parts.gate_clock.raise_floor(snapshot.created_at)
    parts.memory.try_again()
    gc.collect()


def _end(parts: GateParts, how: str) -> None:
    """Lock the arm, then say so: in the ledger if the disk takes it, in the log if not."""
    try:
        parts.ports.turnstile.lock()
    except Exception as error:  # whatever it raises, the end is recorded
        LOG.exception("the arm cannot be locked")
        how = f"{how}, not locked: {getattr(error, 'code', type(error).__name__)}"
    parts.lane.note(FactKind.LANE_STOPPED, note=how)
    LOG.info("gate %s: %s", parts.lookups.gate.name, how)
