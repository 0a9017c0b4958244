"""The read side of a decision: one payload in, everything `decide` may look at out.

Law: index probes only, nothing is decided and nothing is written. One reading of the clock and one moment of one base
per look-up. Without a base everything is unknown, which refuses; a base that fails while it is read is given up for the
one before.

Source: docs/architecture.md, "The life of a scan" (3, 4); docs/decisions.md, "What a decision looks at".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scanner.core.calendar import SiteCalendar
from scanner.core.clock import ClockReading
from scanner.core.credential import Opaque, opaque_key, parse
from scanner.core.freshness import AgeMark, mark_age
from scanner.core.grants import Gate, SnapshotMark
from scanner.core.override import Operator
from scanner.core.presenting import Reader, present
from scanner.core.question import Facts
from scanner.core.rules import SitePolicy
from scanner.core.token import KeyRing
from scanner.core.units import Direction, LaneReadiness
from scanner.current_base import CurrentBase
from scanner.fact_source import FactSource, NoPeers, OwnSource
from scanner.gathering import Gathering
from scanner.local_facts import encode_local
from scanner.records.history import History
from scanner.snapshot_base import UNREADABLE

NO_POLICY = SitePolicy(calendar=SiteCalendar("UTC"))
"""Before the first snapshot; nothing is admitted by it."""

NO_READER = Reader(KeyRing("", ()))


class Lookups:
    """Everything known at one lane. Use from the lane's thread."""

    def __init__(self, cache_dir: Path, own: OwnSource, peers: FactSource | None = None) -> None:
        self._bases = CurrentBase(cache_dir)
        self._own = own
        self._peers = NoPeers() if peers is None else peers
        self._age: AgeMark | None = None
        self._bases.follow()

    @property
    def policy(self) -> SitePolicy:
        """The site's settings as of the last look-up's snapshot."""
        in_use = self._bases.in_use
        return NO_POLICY if in_use is None else in_use.base.tables.policy

    @property
    def gate(self) -> Gate:
        """This lane as the last look-up's snapshot knows it; without one by its device's number, in no zone."""
        in_use = self._bases.in_use
        return self._bases.unknown_gate if in_use is None else in_use.gate

    @property
    def operators(self) -> Mapping[str, Operator]:
        """The staff as of the last look-up's snapshot. From any thread: the tables of a base never change."""
        in_use = self._bases.in_use
        return {} if in_use is None else in_use.base.tables.operators

    @property
    def snapshot(self) -> SnapshotMark | None:
        """Which snapshot is in use now."""
        in_use = self._bases.follow()
        return None if in_use is None else in_use.base.tables.mark

    @property
    def fault_codes(self) -> tuple[str, ...]:
        """What cannot be used now (a new base, the device's papers); empty when all is well."""
        self._bases.follow()
        return self._bases.doubts.open_codes

    def close(self) -> None:
        """Let go of the base."""
        self._bases.close()

    def is_known(self, cleaned: bytes, symbology: str | None) -> bool:
        """True when the snapshot has this opaque code."""
        in_use, code = self._bases.follow(), parse(cleaned, symbology)
        if in_use is None or in_use.reader.pepper is None or not isinstance(code, Opaque):
            return False
        try:
            return in_use.base.is_known(opaque_key(in_use.reader.pepper, code.code))
        except UNREADABLE as error:
            self._bases.give_up(error)
            return False

    def facts_for(
        self,
        cleaned: bytes,
        symbology: str | None,
        direction: Direction,
        clock: ClockReading,
        lane: LaneReadiness,
    ) -> Facts:
        """Everything `decide` may look at, for one payload.

        Raises:
            StoreError: the ledger itself cannot be read; nothing may be decided without its counts.
        """
        in_use = self._bases.follow()
        while in_use is not None:
            try:
                with self._bases.moment(in_use) as (base, reader, gate):
                    presented = present(cleaned, symbology, reader, clock)
                    history = History(base, self._own, self._peers, clock)
                    gathering = Gathering(base, gate, presented, history, self._bases.doubts.doubt)
                    self._age = mark_age(base.tables.mark.created_at, clock, self._age)
                    return gathering.facts(direction, clock, lane, self._age)
            except UNREADABLE as error:
                in_use = self._bases.give_up(error)
        return self._nothing_known(cleaned, symbology, clock, lane)

    def encode_local(self, facts: Facts, clock: ClockReading) -> bytes:
        """What `decide` saw by that reading, in ≤ 1 KB, to be kept beside the recorded fact."""
        return encode_local(facts, self.policy, clock)

    def _nothing_known(
        self, cleaned: bytes, symbology: str | None, clock: ClockReading, lane: LaneReadiness
    ) -> Facts:
        presented = present(cleaned, symbology, NO_READER, clock)
        return Facts(gate=self.gate, lane=lane, presented=presented, snapshot=None)
