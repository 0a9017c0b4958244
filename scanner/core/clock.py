"""The gate's judged clock: what time it is, how far that can be trusted, and since when it can be no earlier.

Law: pure. A sample of the machine's clocks goes in; a reading, the next memory and the facts to record come out.
``trusted``: the kernel says synchronised, or the central's signed time was obtained in this boot, or an RTC that was
last set from a trusted source at most 90 days ago gave the boot its time. ``holdover``: was trusted in this boot, kept
by the monotonic clock. Otherwise ``untrusted``.

Where a boot's offset is known, now = monotonic + offset, so nobody who sets the wall clock moves the gate. Only trusted
and holdover readings raise the floor; a trusted source may lower now and the floor (recorded). Untrusted,
now = max(wall, floor), and a step back is held at the last value until the wall catches up (recorded).

Source: docs/decisions.md, "Time" (T5, T6).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from scanner.core.units import DAY_S, SECOND_MS, BootId, Instant, MonoMs

RTC_TRUST_MS = 90 * DAY_S * SECOND_MS
"""How long a clock chip is believed after it was last set from a trusted source."""

OFFSET_CHANGE_MS = 1_000
"""A source that differs by less from the offset in use changes nothing: network jitter is not a correction."""

AGREEMENT_MS = 10 * SECOND_MS
"""The kernel's time and the central's signed time agree when they differ by no more than this, and by drift."""

DRIFT_PARTS = 5_000
"""A monotonic clock that nobody disciplines drifts by at most one part in this many (200 ppm)."""


class ClockState(StrEnum):
    """How far ``now`` can be trusted."""

    TRUSTED = "trusted"
    HOLDOVER = "holdover"
    UNTRUSTED = "untrusted"


class ClockSource(StrEnum):
    """Who gave a boot its offset."""

    KERNEL = "kernel"
    CENTRAL = "central"
    RTC = "rtc"


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Now, as a decision may use it.

    Attributes:
        now: the judged time; never below ``floor``.
        mono: the same moment on this boot's monotonic clock.
        boot: whose monotonic clock.
        state: how far ``now`` can be trusted.
        floor: it is certainly no earlier than this.
    """

    now: Instant
    mono: MonoMs
    boot: BootId
    state: ClockState
    floor: Instant


@dataclass(frozen=True, slots=True)
class CentralTime:
    """Time signed by the central (verified before it comes here), tied to a monotonic moment of one boot."""

    at: Instant
    mono: MonoMs
    boot: BootId


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSample:
    """What the machine shows at one moment.

    Attributes:
        wall: the system's wall clock.
        mono: the monotonic clock, read at the same moment.
        boot: this boot.
        is_synchronised: the kernel's word (STA_UNSYNC is off).
        central: the newest signed time obtained, if any; another boot's is ignored.
        rtc_set_at: when a battery-backed clock was last set from a trusted source; None = no such clock, or never.
    """

    wall: Instant
    mono: MonoMs
    boot: BootId
    is_synchronised: bool = False
    central: CentralTime | None = None
    rtc_set_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class ClockStepped:
    """The clock went back: obeyed from a trusted source, held (``is_held``) from an untrusted one.

    ``from_`` is the time the gate had counted to, ``to`` what the source says.
    """

    boot: BootId
    mono: MonoMs
    from_: Instant
    to: Instant
    is_held: bool


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """The time of a whole boot is known (better): corrected time = monotonic + ``offset_ms``."""

    boot: BootId
    offset_ms: int
    source: ClockSource


ClockFact = ClockStepped | ClockOffset


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockMemory:
    """What is remembered from one sample to the next.

    Attributes:
        floor: see `ClockReading`.
        last_now: the last reading's now.
        boot: whose the rest is; None before the first sample.
        offset: the offset in use, with its source; None while untrusted.
        central: the newest signed time of this boot.
        wall_offset_ms: last wall - monotonic, to see the wall step.
    """

    floor: Instant
    last_now: Instant
    boot: BootId | None = None
    offset: ClockOffset | None = None
    central: CentralTime | None = None
    wall_offset_ms: int | None = None


def started(floor: Instant) -> ClockMemory:
    """The memory of a process that starts.

    Args:
        floor: the newest of the snapshot's creation and the instants recorded under a trusted or holdover clock, these
            only since the last obeyed ``ClockStepped`` (and that one's ``to``).
    """
    return ClockMemory(floor=floor, last_now=floor)


def informed(memory: ClockMemory, created_at: Instant) -> ClockMemory:
    """The memory after a snapshot created at that instant came into use: it is certainly no earlier now."""
    return replace(memory, floor=max(memory.floor, created_at))


Step = tuple[ClockMemory, ClockReading, tuple[ClockFact, ...]]


def step(memory: ClockMemory, sample: ClockSample) -> Step:
    """One look at the clocks.

    Returns:
        The next memory, the reading, and the facts to record before anything is decided by the reading.
    """
    before = _of_this_boot(memory, sample)
    after = replace(before, central=_newest(before.central, sample))
    offset = _trusted_offset(after, sample, is_news=after.central != before.central)
    if offset is not None:
        return _trusted(after, sample, offset)
    if after.offset is not None:
        return _holdover(after, sample, after.offset)
    return _untrusted(after, sample)


def _of_this_boot(memory: ClockMemory, sample: ClockSample) -> ClockMemory:
    if memory.boot == sample.boot:
        return memory
    return ClockMemory(floor=memory.floor, last_now=memory.floor, boot=sample.boot)


def _newest(known: CentralTime | None, sample: ClockSample) -> CentralTime | None:
    new = sample.central
    if new is None or new.boot != sample.boot or (known is not None and new.mono <= known.mono):
        return known
    return new


def _trusted_offset(
    memory: ClockMemory, sample: ClockSample, *, is_news: bool
) -> ClockOffset | None:
    """The offset that a trusted source stands behind now; None where there is no such source.

    The kernel's time is finer, the central's is signed: where they disagree by more than drift explains, the signature
    wins. Signed time is news once; after that it only vouches for the offset in use.
    """
    used, central = memory.offset, memory.central
    shown_ms = sample.wall - sample.mono
    if sample.is_synchronised and _agrees(shown_ms, central, sample.mono):
        return _settled(used, ClockOffset(sample.boot, shown_ms, ClockSource.KERNEL))
    if central is not None:
        if used is not None and not is_news and _agrees(used.offset_ms, central, sample.mono):
            return used
        signed_ms = central.at - central.mono
        return _settled(used, ClockOffset(sample.boot, signed_ms, ClockSource.CENTRAL))
    assumed = used or ClockOffset(sample.boot, shown_ms, ClockSource.RTC)
    return assumed if _rtc_vouches(assumed, sample) else None


def _agrees(offset_ms: int, central: CentralTime | None, mono: MonoMs) -> bool:
    """True unless signed time contradicts an offset."""
    if central is None:
        return True
    drift_ms = abs(mono - central.mono) // DRIFT_PARTS
    return abs(offset_ms - (central.at - central.mono)) <= AGREEMENT_MS + drift_ms


def _settled(used: ClockOffset | None, new: ClockOffset) -> ClockOffset:
    """The offset in use, unless the new one is a real correction."""
    if used is not None and abs(new.offset_ms - used.offset_ms) < OFFSET_CHANGE_MS:
        return used
    return new


def _rtc_vouches(offset: ClockOffset, sample: ClockSample) -> bool:
    """True while the chip's last setting is 0 to 90 days ago (a chip that lost its power shows a time before it)."""
    if sample.rtc_set_at is None:
        return False
    return 0 <= sample.mono + offset.offset_ms - sample.rtc_set_at <= RTC_TRUST_MS


def _trusted(memory: ClockMemory, sample: ClockSample, offset: ClockOffset) -> Step:
    """Obeyed, forwards and backwards."""
    now = Instant(sample.mono + offset.offset_ms)
    facts: tuple[ClockFact, ...] = () if offset == memory.offset else (offset,)
    counted_to = max(memory.last_now, memory.floor)
    if now < counted_to:
        facts += (ClockStepped(sample.boot, sample.mono, counted_to, now, is_held=False),)
    reading = ClockReading(now, sample.mono, sample.boot, ClockState.TRUSTED, floor=now)
    return replace(memory, floor=now, last_now=now, offset=offset), reading, facts


def _holdover(memory: ClockMemory, sample: ClockSample, offset: ClockOffset) -> Step:
    """Kept by the monotonic clock; a snapshot made later than that shows that it is slow."""
    now = Instant(max(sample.mono + offset.offset_ms, memory.floor))
    reading = ClockReading(now, sample.mono, sample.boot, ClockState.HOLDOVER, floor=now)
    return replace(memory, floor=now, last_now=now), reading, ()


def _untrusted(memory: ClockMemory, sample: ClockSample) -> Step:
    """max(wall, floor), and never back."""
    shown_ms = sample.wall - sample.mono
    now = max(sample.wall, memory.floor, memory.last_now)
    facts: tuple[ClockFact, ...] = ()
    if _went_back(memory, shown_ms) and sample.wall < memory.last_now:
        facts = (
            ClockStepped(sample.boot, sample.mono, memory.last_now, sample.wall, is_held=True),
        )
    reading = ClockReading(now, sample.mono, sample.boot, ClockState.UNTRUSTED, memory.floor)
    return replace(memory, last_now=now, wall_offset_ms=shown_ms), reading, facts


def _went_back(memory: ClockMemory, shown_ms: int) -> bool:
    before = memory.wall_offset_ms
    return before is not None and before - shown_ms >= OFFSET_CHANGE_MS
