"""Time that goes by when told to: a year of scans in milliseconds.

Law: the same interface as the system's clock. Deadlines fall due one by one, each at its exact instant, before time
goes past them. Nothing here reads the machine's clock or waits.

Source: docs/hardware.md, "Simulation".
"""

from __future__ import annotations

from hardware.deadlines import Expire, Keeper
from hardware.system_clock import ClockSample, SyncState

START_WALL_MS = 1_767_225_600_000
"""2026-01-01T00:00Z"""


class VirtualClock:
    """A clock whose hands are moved by whoever holds it.

    Args:
        wall_ms: what its wall clock shows at first.
        synchronised: what its kernel says of that.
    """

    def __init__(self, wall_ms: int = START_WALL_MS, *, synchronised: bool = True) -> None:
        self.synchronised = synchronised
        self._mono_ms = 0
        self._wall_offset_ms = wall_ms
        self._boots = 1
        self._keepers: list[VirtualKeeper] = []

    def now_ms(self) -> int:
        return self._mono_ms + self._wall_offset_ms

    def monotonic_ms(self) -> int:
        return self._mono_ms

    def boot_id(self) -> str:
        return f"00000000-0000-4000-8000-{self._boots:012d}"

    def is_synchronised(self) -> bool:
        return self.synchronised

    def sync_state(self) -> SyncState:
        """What its kernel says, for the doctor."""
        return SyncState.SYNCHRONISED if self.synchronised else SyncState.UNSYNCHRONISED

    def sample(self) -> ClockSample:
        return ClockSample(self.now_ms(), self._mono_ms, self.boot_id(), self.synchronised)

    def pause_ms(self, ms: int) -> None:
        self.advance(ms)

    def keeper(self, name: str) -> Keeper:
        return VirtualKeeper(self, name)

    def advance(self, ms: int) -> None:
        """Let ``ms`` go by on both clocks, doing what falls due on the way."""
        if ms < 0:
            raise RuntimeError(f"monotonic time does not go back ({ms} ms); see jump_wall")
        until_ms = self._mono_ms + ms
        while (keeper := self._next_keeper(until_ms)) is not None:
            self._mono_ms = max(self._mono_ms, keeper.due_ms or 0)
            keeper.wake()
        self._mono_ms = until_ms

    def advance_to(self, mono_ms: int) -> None:
        """Let time go by until the monotonic clock shows ``mono_ms``."""
        self.advance(mono_ms - self._mono_ms)

    def set_wall(self, wall_ms: int) -> None:
        """Somebody sets the wall clock; monotonic time does not notice."""
        self._wall_offset_ms = wall_ms - self._mono_ms

    def jump_wall(self, ms: int) -> None:
        """The wall clock jumps, forwards or (negative) back."""
        self._wall_offset_ms += ms

    def reboot(self, *, synchronised: bool = False) -> None:
        """A power cut: a new boot, monotonic time from 0, the wall clock as a battery would keep it."""
        wall_ms = self.now_ms()
        self._boots += 1
        self._mono_ms = 0
        self._keepers.clear()
        self.synchronised = synchronised
        self.set_wall(wall_ms)

    def attach(self, keeper: VirtualKeeper) -> None:
        """From now on ``keeper`` is woken at its deadlines."""
        self._keepers.append(keeper)

    def detach(self, keeper: VirtualKeeper) -> None:
        """No more."""
        if keeper in self._keepers:
            self._keepers.remove(keeper)

    def is_attached(self, keeper: VirtualKeeper) -> bool:
        """True while ``keeper`` is woken."""
        return keeper in self._keepers

    def _next_keeper(self, until_ms: int) -> VirtualKeeper | None:
        due = [(k.due_ms, n) for n, k in enumerate(self._keepers) if k.due_ms is not None]
        if not due or min(due)[0] > until_ms:
            return None
        return self._keepers[min(due)[1]]


class VirtualKeeper:
    """Wakes in virtual time, on the thread of whoever moves it."""

    def __init__(self, clock: VirtualClock, name: str) -> None:
        self.name = name
        self.due_ms: int | None = None
        self._clock = clock
        self._expire: Expire = lambda: None

    def start(self, expire: Expire) -> None:
        self._expire = expire
        self._clock.attach(self)
        self.wake()

    def wake(self) -> None:
        self.due_ms = self._expire()

    def is_live(self) -> bool:
        return self._clock.is_attached(self)

    def stop(self) -> None:
        self._clock.detach(self)
