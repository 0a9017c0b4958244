"""One contact with the central, as an automaton: what to do next, and what an answer changes.

Law: pure. No socket, no disk, no clock. `_TABLE` is the automaton: nothing else changes a session. The driver
(`sync.worker`) does what ``step`` names, and hands back one event. Whatever is lost, repeated or late, a contact ends,
and contacts that are heard lead to a central that holds what the gate holds, each fact once:

- Facts go before snapshots, because a fact exists only here until it is receipted; but after `BATCHES_BEFORE_SNAPSHOT`
  a waiting snapshot goes first, because a revocation must not wait behind a season's backlog, and the very first one
  goes before all: until then the lane knows nobody, and its vector would ask for every fact there ever was.
- Every contact makes at least one exchange, empty if there is nothing to send: so a central that was restored from a
  backup shows its lower ``have``, and the gate sends again what it still holds.
- A snapshot that cannot be had or trusted never keeps facts from going up, and the other way round.
- A revoked device erases what it holds about a site; its signed facts still go up, for review.

Source: docs/sync.md, "One contact"; docs/sync-protocol.md, "Facts up".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from scanner.core.errors import CentralError, GateError

BATCHES_BEFORE_SNAPSHOT = 4
"""Exchanges before a newer snapshot goes first."""

FALL_BACKS_MOST = 3
"""How often in one contact a central may turn out to hold less than before. More is two centrals behind one address."""


EXCHANGES_MOST = 10_000
"""Exchanges in one contact; the next one goes on. A peer that always has "more" does not hold a gate for ever."""


QUIET = frozenset(
    {
        "captive_portal",
        "central_busy",
        "central_key_unknown",
        "snapshot_not_published",
        "time_too_slow",
    }
)
"""Faults that mend themselves, or that somebody is at work on: shown, but no alarm."""


class Step(StrEnum):
    """What the driver does next."""

    TIME = "time"
    """Ask for signed time."""
    DEVICE = "device"
    """Ask whether this device is trusted, and for its peppers."""
    ERASE = "erase"
    """Erase cache and peppers."""
    EXCHANGE = "exchange"
    """Send the rows after ``have``, even if there are none; take the receipt and other lanes' facts."""
    SNAPSHOT = "snapshot"
    """Fetch what is new, verify it and put it in place."""
    END = "end"


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong in a contact: a `GateError` as a value.

    ``is_line``: nothing was heard, so nothing else will be. ``retry_after_s``: what the central asked for.
    """

    code: str
    message: str
    hint: str = ""
    is_line: bool = False
    retry_after_s: float = 0.0

    @classmethod
    def of(cls, error: GateError, *, is_line: bool = False, retry_after_s: float = 0.0) -> Self:
        """A fault that was raised."""
        return cls(error.code, error.message, error.hint, is_line, retry_after_s)


@dataclass(frozen=True, slots=True)
class TimeAnswered:
    """Signed time came; ``fault`` says why it proves nothing (a key not known yet, a slow line)."""

    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class DeviceAnswered:
    """The central knows this device, and what it thinks of it."""

    is_revoked: bool = False
    is_quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Erased:
    """Cache and peppers are gone."""


@dataclass(frozen=True, slots=True)
class NothingRecorded:
    """There is no ledger yet, so there is nothing to exchange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipted:
    """A verified receipt: the central holds rows 1..``have``.

    ``sent`` rows had gone up, ``held`` is our newest row by now, ``facts`` of other lanes came and ``more`` wait,
    ``snapshot_seq`` is the newest there.
    """

    have: int
    held: int
    sent: int
    facts: int = 0
    more: bool = False
    snapshot_seq: int = 0


@dataclass(frozen=True, slots=True)
class SnapshotVerified:
    """The newest snapshot is in place."""

    seq: int


@dataclass(frozen=True, slots=True)
class SnapshotHeld:
    """A newer snapshot is there, and waits for a person."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The step did not succeed."""

    fault: Fault


Event = (
    TimeAnswered
    | DeviceAnswered
    | Erased
    | NothingRecorded
    | Receipted
    | SnapshotVerified
    | SnapshotHeld
    | Failed
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Where a contact stands. Begin one with what is stored: the last receipt's ``have`` and our ``snapshot_seq``.

    A brief one, a moment after a good one, begins with ``Step.EXCHANGE``.
    """

    step: Step = Step.TIME
    have: int = 0
    snapshot_seq: int = 0
    newest_seq: int = 0
    is_snapshot_due: bool = True
    is_snapshot_lost: bool = False
    is_drained: bool = False
    is_revoked: bool = False
    batches: int = 0
    exchanges: int = 0
    fall_backs: int = 0
    faults: tuple[Fault, ...] = ()

    @property
    def retry_after_s(self) -> float:
        """The longest wait that was asked for."""
        return max((fault.retry_after_s for fault in self.faults), default=0.0)


class ProtocolMisuseError(RuntimeError):
    """The driver handed in an event that does not belong to the step."""


def advance(session: Session, event: Event) -> Session:
    """The session after an event.

    Raises:
        ProtocolMisuseError: the event cannot follow from the session's step.
    """
    transition = _TABLE.get((session.step, type(event)))
    if transition is None:
        raise ProtocolMisuseError(f"{type(event).__name__} during {session.step}")
    return transition(session, event)


def _time_answered(session: Session, event: TimeAnswered) -> Session:
    if event.fault is None:
        return replace(session, step=Step.DEVICE)
    # an unknown key: the repository has the newer ones
    return replace(_note(session, event.fault), step=Step.DEVICE, is_snapshot_due=True)


def _device_answered(session: Session, event: DeviceAnswered) -> Session:
    if event.is_revoked:
        return replace(_note(session, REVOKED), step=Step.ERASE, is_revoked=True)
    if event.is_quarantined:
        # nothing new is told before a person has looked: asking would only be refused
        return replace(_note(session, QUARANTINED), step=Step.EXCHANGE, is_snapshot_lost=True)
    is_first = session.snapshot_seq == 0 and _wants_snapshot(session)
    return replace(session, step=Step.SNAPSHOT if is_first else Step.EXCHANGE)


def _erased(session: Session, _event: Erased) -> Session:
    return replace(session, step=Step.EXCHANGE, snapshot_seq=0)


def _nothing_recorded(session: Session, _event: NothingRecorded) -> Session:
    return _after_exchange(replace(session, is_drained=True))


def _receipted(session: Session, event: Receipted) -> Session:
    has_fallen_back = event.have < session.have
    has_moved = event.have != session.have or event.facts > 0
    # nothing was sent, and meanwhile somebody walked in: that is no refusal, the next exchange sends it
    was_overtaken = not event.sent and not event.more
    after = replace(
        session,
        have=event.have,
        newest_seq=max(session.newest_seq, event.snapshot_seq),
        is_drained=event.have >= event.held and not event.more,
        batches=session.batches + 1,
        exchanges=session.exchanges + 1,
        fall_backs=session.fall_backs + has_fallen_back,
    )
    if after.fall_backs > FALL_BACKS_MOST:
        return _give_up_exchanging(after, KEEPS_LOSING)
    if not after.is_drained and not has_moved and not was_overtaken:
        return _give_up_exchanging(after, TAKES_NOTHING)
    return _after_exchange(after)


def _snapshot_verified(session: Session, event: SnapshotVerified) -> Session:
    # what the exchange promised may not be published yet: one look a promise
    seq = max(session.snapshot_seq, event.seq)
    after = replace(session, snapshot_seq=seq, newest_seq=seq, is_snapshot_due=False, batches=0)
    return replace(after, step=Step.END if after.is_drained else Step.EXCHANGE)


def _snapshot_held(session: Session, _event: SnapshotHeld) -> Session:
    after = replace(session, is_snapshot_lost=True, is_snapshot_due=False, batches=0)
    return replace(after, step=Step.END if after.is_drained else Step.EXCHANGE)


def _line_failed(session: Session, event: Failed) -> Session:
    return replace(_note(session, event.fault), step=Step.END)


def _exchange_failed(session: Session, event: Failed) -> Session:
    if event.fault.is_line or event.fault.retry_after_s:
        return _line_failed(session, event)
    return _give_up_exchanging(session, event.fault)


def _snapshot_failed(session: Session, event: Failed) -> Session:
    after = replace(_note(session, event.fault), is_snapshot_lost=True, batches=0)
    is_over = after.is_drained or event.fault.is_line or event.fault.retry_after_s
    return replace(after, step=Step.END if is_over else Step.EXCHANGE)


def _after_exchange(session: Session) -> Session:
    may_look = session.is_drained or session.batches >= BATCHES_BEFORE_SNAPSHOT
    if may_look and _wants_snapshot(session):
        return replace(session, step=Step.SNAPSHOT)
    is_over = session.is_drained or session.exchanges >= EXCHANGES_MOST
    return replace(session, step=Step.END if is_over else Step.EXCHANGE)


def _give_up_exchanging(session: Session, fault: Fault) -> Session:
    """Nothing more goes up in this contact; a snapshot may still come down."""
    after = replace(_note(session, fault), is_drained=True)
    return replace(after, step=Step.SNAPSHOT if _wants_snapshot(after) else Step.END)


def _wants_snapshot(session: Session) -> bool:
    if session.is_revoked or session.is_snapshot_lost:
        return False
    return session.is_snapshot_due or session.newest_seq > session.snapshot_seq


def _note(session: Session, fault: Fault) -> Session:
    return replace(session, faults=(*session.faults, fault))


KEEPS_LOSING = Fault.of(
    CentralError(
        "central_keeps_losing",
        f"the central held less than before more than {FALL_BACKS_MOST} times in one contact; the rest waits",
        "two centrals answer behind one address, or it is being restored: look at the central",
    )
)
TAKES_NOTHING = Fault.of(
    CentralError(
        "central_takes_nothing",
        "the central answered a batch of rows without taking any; they stay in the ledger",
        "look at the central's log; rows before these may be missing there",
    )
)
REVOKED = Fault.of(
    CentralError(
        "sync_revoked",
        "the central has revoked this device: snapshot and peppers are erased, facts still go up",
        "enrol the device again with a new code, or take it out of service",
    )
)
QUARANTINED = Fault.of(
    CentralError(
        "sync_quarantined",
        "the central has put this device aside: it gets no new snapshots, its facts are taken",
        "a copy of this gate may be in use: look at portillon-central alerts, then release it",
    )
)

_TABLE: dict[tuple[Step, type[Event]], Callable[[Session, Any], Session]] = {
    (Step.TIME, TimeAnswered): _time_answered,
    (Step.TIME, Failed): _line_failed,
    (Step.DEVICE, DeviceAnswered): _device_answered,
    (Step.DEVICE, Failed): _line_failed,
    (Step.ERASE, Erased): _erased,
    (Step.ERASE, Failed): _line_failed,
    (Step.EXCHANGE, NothingRecorded): _nothing_recorded,
    (Step.EXCHANGE, Receipted): _receipted,
    (Step.EXCHANGE, Failed): _exchange_failed,
    (Step.SNAPSHOT, SnapshotVerified): _snapshot_verified,
    (Step.SNAPSHOT, SnapshotHeld): _snapshot_held,
    (Step.SNAPSHOT, Failed): _snapshot_failed,
}
"""The automaton. What is not here cannot happen."""
