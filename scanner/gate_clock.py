"""The gate's clock: the machine's clocks, judged by `scanner.core.clock`.

Law: the kernel's word and the central's signed time are looked up at most once a second; the wall and monotonic clocks
at every reading. What the judgement wants recorded waits in `facts` until the lane has recorded it.

Source: docs/decisions.md, "Time" (T5, T6).
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec

from scanner.battery_clock import BatteryClock
from scanner.core import clock
from scanner.core.clock import CentralTime, ClockFact, ClockReading, ClockSample
from scanner.core.units import BootId, Instant, MonoMs
from sync.clock_proof import TimeProof

LOOK_AGAIN_MS = 1_000
PROOF_BYTES = 4_096


class MachineClocks(Protocol):
    """What `hardware.system_clock.SystemClock` and `hardware.simulated.VirtualClock` offer."""

    def now_ms(self) -> int:
        """Wall clock, ms since 1970."""
        ...

    def monotonic_ms(self) -> int:
        """Ms of this boot."""
        ...

    def boot_id(self) -> str:
        """Which boot this is."""
        ...

    def is_synchronised(self) -> bool:
        """The kernel's word."""
        ...


class GateClock:
    """Readings for one lane."""

    def __init__(
        self,
        machine: MachineClocks,
        proof_path: Path,
        floor: Instant,
        battery: BatteryClock | None = None,
    ) -> None:
        self._machine = machine
        self._battery = battery
        self._proof_path = proof_path
        self._boot = BootId(machine.boot_id())
        self._memory = clock.started(floor)
        self._facts: list[ClockFact] = []
        self._looked_ms: int | None = None
        self._is_synchronised = False
        self._central: CentralTime | None = None

    def reading(self) -> ClockReading:
        """Now, judged."""
        mono = self._machine.monotonic_ms()
        if self._looked_ms is None or mono - self._looked_ms >= LOOK_AGAIN_MS:
            self._look(mono)
        sample = ClockSample(
            wall=Instant(self._machine.now_ms()),
            mono=MonoMs(mono),
            boot=self._boot,
            is_synchronised=self._is_synchronised,
            central=self._central,
            rtc_set_at=None if self._battery is None else self._battery.set_at,
        )
        self._memory, reading, facts = clock.step(self._memory, sample)
        self._facts += facts
        return reading

    def facts(self) -> tuple[ClockFact, ...]:
        """What has to be recorded before anything is decided by the last reading; handed over once."""
        if not self._facts:
            return ()
        facts, self._facts = tuple(self._facts), []
        return facts

    def raise_floor(self, at: Instant) -> None:
        """A snapshot created at ``at`` came in: it is no earlier than that."""
        self._memory = clock.informed(self._memory, at)

    def _look(self, mono: int) -> None:
        self._looked_ms = mono
        self._is_synchronised = self._machine.is_synchronised()
        if self._battery is not None:
            wall = Instant(self._machine.now_ms())
            self._battery.look(mono, wall, is_synchronised=self._is_synchronised)
        proof = _load_proof(self._proof_path)
        if proof is not None:
            self._central = CentralTime(
                Instant(proof.now_ms), MonoMs(proof.mono_ms), BootId(proof.boot)
            )


def _load_proof(path: Path) -> TimeProof | None:
    """The central's newest signed time, as sync verified it; None where there is none to be read."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(PROOF_BYTES), type=TimeProof)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
