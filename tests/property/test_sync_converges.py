"""Whatever the line does, and whatever backup the central comes back from: in the end it holds what the gate holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from support.examples import examples
from sync.session import (
    DeviceAnswered,
    Event,
    Failed,
    Fault,
    Receipted,
    Session,
    SnapshotVerified,
    Step,
    TimeAnswered,
    advance,
)

BATCH = 3
LOST = Failed(Fault("central_timeout", "lost", is_line=True))
REFUSED = Failed(Fault("snapshot_damaged", "refused"))


@dataclass
class Peer:
    """A central by the rules of docs/sync-protocol.md: insert or ignore, join or refuse, receipt what is held."""

    rows: dict[int, str] = field(default_factory=dict)
    backups: list[dict[int, str]] = field(default_factory=list)
    seq: int = 1

    @property
    def have(self) -> int:
        return next((n for n in range(len(self.rows) + 1) if n + 1 not in self.rows), 0)

    def take(self, batch: dict[int, str], held: int) -> Event:
        for seq, body in batch.items():
            assert self.rows.get(seq, body) == body, "the gate changed a row"
            if seq <= self.have + 1:
                self.rows[seq] = body
        return Receipted(have=self.have, held=held, sent=len(batch), snapshot_seq=self.seq)


class Convergence(RuleBasedStateMachine):
    """A gate that records while contacts run, lose, repeat and hear late answers."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger: list[str] = []
        self.peer = Peer()
        self.stored_have = 0
        self.session: Session | None = None
        self.late: list[Event] = []
        self.snapshot_seq = 0
        self.walking_in = 0

    @rule(count=st.integers(1, 7))
    def record(self, count: int) -> None:
        self.ledger += [f"fact {len(self.ledger) + n}" for n in range(1, count + 1)]

    @rule(count=st.integers(1, 3))
    def record_during_the_next_exchange(self, count: int) -> None:
        self.walking_in = count

    @rule()
    def back_up(self) -> None:
        self.peer.backups.append(dict(self.peer.rows))

    @precondition(lambda self: self.peer.backups)
    @rule(choice=st.integers(0, 99))
    def restore(self, choice: int) -> None:
        self.peer.rows = dict(self.peer.backups[choice % len(self.peer.backups)])

    @rule()
    def publish(self) -> None:
        self.peer.seq += 1

    @rule()
    def begin(self) -> None:
        self.session = Session(have=self.stored_have, snapshot_seq=self.snapshot_seq)

    @precondition(lambda self: self.session and self.session.step is not Step.END)
    @rule(fate=st.sampled_from(["heard", "request lost", "reply lost", "sent twice", "late reply"]))
    def go_on(self, fate: str) -> None:
        assert self.session is not None
        if fate == "request lost":
            self._hear(LOST)
            return
        event = self._perform(self.session)
        if fate == "sent twice":
            event = self._perform(self.session)
        if fate == "reply lost":
            self.late.append(event)
            event = LOST
        if fate == "late reply" and self.session.step is Step.EXCHANGE:
            receipts = [one for one in self.late if isinstance(one, Receipted)]
            event = receipts[-1] if receipts else event
        self._hear(event)

    @precondition(lambda self: self.session and self.session.step is Step.SNAPSHOT)
    @rule()
    def refuse_snapshot(self) -> None:
        self._hear(REFUSED)

    @rule()
    def calm_down(self) -> None:
        """The line is good again: one contact leads to equal books."""
        self.begin()
        assert self.session is not None
        for _ in range(20 + 2 * len(self.ledger)):
            if self.session.step is Step.END:
                break
            self._hear(self._perform(self.session))
        assert self.session.step is Step.END
        assert self.session.faults == ()
        assert self.peer.rows == dict(enumerate(self.ledger, 1))
        assert self.snapshot_seq == self.peer.seq

    @invariant()
    def the_central_holds_only_what_the_gate_recorded(self) -> None:
        for seq, body in self.peer.rows.items():
            assert self.ledger[seq - 1] == body

    def _perform(self, session: Session) -> Event:
        if session.step is Step.TIME:
            return TimeAnswered()
        if session.step is Step.DEVICE:
            return DeviceAnswered()
        if session.step is Step.SNAPSHOT:
            return SnapshotVerified(self.peer.seq)
        waiting = [row for row in enumerate(self.ledger, 1) if row[0] > session.have]
        self.record(count=self.walking_in)  # after the batch was read, before its receipt
        self.walking_in = 0
        return self.peer.take(dict(waiting[:BATCH]), len(self.ledger))

    def _hear(self, event: Event) -> None:
        assert self.session is not None
        self.session = advance(self.session, event)
        if isinstance(event, Receipted):
            self.stored_have = event.have
        self.snapshot_seq = self.session.snapshot_seq


TestConvergence = Convergence.TestCase
TestConvergence.settings = examples(0.75, stateful_step_count=40)
