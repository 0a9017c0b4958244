"""A gate that hears of a central only when it is told to: its cache, look-ups and ledger are the real ones.

The central publishes into its folder, python-tuf verifies, the gate's own look-ups and `decide` answer, entries go into
a real ledger; only time is ours.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from scanner.core.answer import Decision
from scanner.core.decision import decide
from scanner.core.events import Fact
from scanner.core.lane_facts import scanned
from scanner.core.question import Scan
from scanner.core.reasons import Outcome, Reason
from scanner.core.units import Direction, LaneReadiness
from scanner.lookups import Lookups
from scanner.records.ledger import Ledger
from server_stub.central import Central
from server_stub.publishing.publisher import publish
from support.central_site import CentralClock
from support.open_base import PublishedSite
from support.rights import reading
from support.sent_facts import record
from support.snapshots import HERE, enrol, point


class OfflineGate:
    """Gate 1 of a central."""

    def __init__(self, central: Central, clock: CentralClock, folder: Path) -> None:
        self._central, self._clock, self._folder = central, clock, folder
        self._cache = folder / "cache"
        enrol(self._cache, gate_no=1, site="museum", **dict(central.secrets.peppers))
        self._site = PublishedSite(central.folder.path / "repository", folder / "tuf", clock)
        self._stack = ExitStack()
        self._waiting: list[Fact] = []
        self._device: str | None = None

    def __enter__(self) -> Self:
        self._ledger = self._stack.enter_context(Ledger.open(self._folder / "ledger", HERE))
        self._lookups = Lookups(self._cache, self._ledger.own)
        self._stack.callback(self._lookups.close)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def sync(self) -> None:
        """What was recorded goes up, the central publishes what there is now, and the gate has it."""
        if self._waiting:
            self._device = record(self._central, *self._waiting, device=self._device)
            self._waiting.clear()
        publish(self._central)
        manifest, base = self._site.fetch()
        (self._cache / f"{manifest.seq}.db").write_bytes(base)
        point(self._cache, f"{manifest.seq}.db", manifest.seq)

    def look(self, payload: str) -> Decision:
        """What the gate would answer now."""
        clock = reading(self._clock.now_ms())
        facts = self._lookups.facts_for(
            payload.encode(), None, Direction.IN, clock, LaneReadiness.READY
        )
        return decide(Scan(), facts, self._lookups.policy, clock)

    def show(self, payload: str) -> tuple[Outcome, Reason]:
        """Outcome and reason of `look`."""
        decision = self.look(payload)
        return decision.outcome, decision.reason

    def enter(self, payload: str) -> Decision:
        """Somebody walks up and, if it opens, through."""
        clock = reading(self._clock.now_ms())
        facts = self._lookups.facts_for(
            payload.encode(), None, Direction.IN, clock, LaneReadiness.READY
        )
        decision = decide(Scan(), facts, self._lookups.policy, clock)
        fact = scanned(
            decision,
            facts.presented,
            self._ledger.next_identity(),
            clock,
            self._lookups.gate,
            Direction.IN,
            is_watched=False,
        )
        self._ledger.append([fact])
        self._waiting.append(fact)
        return decision
