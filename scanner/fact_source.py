"""Where recorded facts come from for a decision: this gate's own ledger, and what other lanes told.

Law: index probes only, and only facts above the snapshot's vector: those at or below it are in its tallies already. The
answers of several sources are united by identity, so a fact that two of them know counts once.

Source: docs/decisions.md, "Counting".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from scanner.core.events import Fact
from scanner.core.tally import Offsets
from scanner.core.units import CredentialKey, DeviceId, Epoch, EventNo, GrantNo, Seq

Vector = Mapping[tuple[DeviceId, Epoch], Seq]
"""Facts at or below it are in the snapshot's tallies."""

NO_VECTOR: Vector = {}


class FactSource(Protocol):
    """Entries, exits and give-backs by what they count for."""

    def of_grant(self, grant_no: GrantNo, above: Vector) -> list[Fact]:
        """What counts on this grant."""
        ...

    def of_key(self, key: CredentialKey, above: Vector) -> list[Fact]:
        """What counts on this key without a grant."""
        ...

    def on_seat(self, event_no: EventNo, seat: str, above: Vector) -> list[Fact]:
        """Entries on this seat at this event."""
        ...

    def offsets(self, above: Vector) -> Offsets:
        """Clock corrections that the snapshot may not know."""
        ...


class OwnSource(FactSource, Protocol):
    """This gate's own ledger, which also knows the steps of rotating codes."""

    def of_step(self, key: CredentialKey, step: int) -> list[Fact]:
        """Entries by this rotating code's time step, ever."""
        ...


class NoPeers:
    """A lane that has heard of no other lane."""

    def of_grant(self, _grant_no: GrantNo, _above: Vector) -> list[Fact]:
        return []

    def of_key(self, _key: CredentialKey, _above: Vector) -> list[Fact]:
        return []

    def on_seat(self, _event_no: EventNo, _seat: str, _above: Vector) -> list[Fact]:
        return []

    def offsets(self, _above: Vector) -> Offsets:
        return {}
