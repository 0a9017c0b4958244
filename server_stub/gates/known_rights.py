"""What the central knows of the rights behind some facts, fetched at once.

Law: read-only. A fact with a grant is judged by that grant, one without by the grant its key points to now.

Source: docs/sync-protocol.md, "Facts up".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from scanner.core.events import Fact
from scanner.core.grants import AccessGrant
from scanner.core.reasons import Reason
from scanner.core.tally import Offsets
from scanner.core.units import EventNo, GrantNo, Instant
from server_stub.store import tables
from server_stub.store.season_tables import grant_event
from sync.base_rows import parse_grant


@dataclass(frozen=True, slots=True)
class KnownRights:
    """Grants by number, by credential key its grant and since when it is revoked, by event why one is refused there."""

    grants: Mapping[GrantNo, AccessGrant]
    by_key: Mapping[str, tuple[GrantNo | None, Instant | None]]
    offsets: Offsets
    denied: Mapping[tuple[GrantNo, EventNo], Reason]

    def grant_behind(self, fact: Fact) -> AccessGrant | None:
        """The right that an entry used."""
        grant_no = fact.grant_no
        if grant_no is None and fact.key is not None:
            grant_no = self.by_key.get(fact.key, (None, None))[0]
        return None if grant_no is None else self.grants.get(grant_no)

    def revoked_at(self, fact: Fact) -> Instant | None:
        """Since when the credential of an entry is revoked."""
        return None if fact.key is None else self.by_key.get(fact.key, (None, None))[1]

    def denied_there(self, fact: Fact) -> Reason | None:
        """Why the right of an entry is refused at that event."""
        grant = self.grant_behind(fact)
        if grant is None or fact.event_no is None:
            return None
        return self.denied.get((grant.grant_no, fact.event_no))


def load_known_rights(connection: Connection, facts: Iterable[Fact]) -> KnownRights:
    """Everything that the conflicts of some facts of one device depend on."""
    moved = [fact for fact in facts if fact.movement is not None]
    by_key = _load_by_key(connection, {fact.key for fact in moved if fact.key is not None})
    numbers = {fact.grant_no for fact in moved} | {grant_no for grant_no, _at in by_key.values()}
    rows = connection.execute(
        select(tables.access_grant).where(
            tables.access_grant.c.grant_no.in_([no for no in numbers if no is not None])
        )
    )
    grants = (parse_grant(tuple(row)) for row in rows)
    return KnownRights(
        {grant.grant_no: grant for grant in grants},
        by_key,
        _load_offsets(connection, {fact.device for fact in moved}),
        _load_denied(connection, numbers),
    )


def _load_denied(
    connection: Connection, numbers: Iterable[GrantNo | None]
) -> dict[tuple[GrantNo, EventNo], Reason]:
    one = grant_event.c
    rows = connection.execute(
        select(grant_event).where(
            one.grant_no.in_([no for no in numbers if no is not None]),
            one.deny_reason.is_not(None),
        )
    )
    return {(row.grant_no, row.event_no): Reason(row.deny_reason) for row in rows}


def _load_by_key(
    connection: Connection, keys: set[str]
) -> dict[str, tuple[GrantNo | None, Instant | None]]:
    key, one, pointing = tables.credential_key, tables.credential, tables.credential_grant
    rows = connection.execute(
        select(key.c.key, pointing.c.grant_no, one.c.revoked_at)
        .join(one, one.c.credential_no == key.c.credential_no)
        .outerjoin(pointing, pointing.c.credential_no == key.c.credential_no)
        .where(key.c.key.in_([bytes.fromhex(text) for text in keys]))
        .order_by(pointing.c.grant_no.desc())
    )
    return {row.key.hex(): (row.grant_no, row.revoked_at) for row in rows}


def _load_offsets(connection: Connection, devices: Iterable[str]) -> Offsets:
    table = tables.clock_offset
    rows = connection.execute(select(table).where(table.c.device.in_(list(devices))))
    return {(row.device, row.boot): row.offset_ms for row in rows}
