"""A base file made of core values, and a cache folder as sync leaves it for the gate.

Law: the rows are `sync.base_rows`', the tables `sync.snapshot`'s: what a test builds is what a central publishes.
"""

from __future__ import annotations

import base64
import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from scanner.core.credential import opaque_key, signed_key
from scanner.core.grants import AccessGrant, Event, EventException, Gate, SnapshotMark, TicketType
from scanner.core.rules import ScanRule, SitePolicy
from scanner.core.tally import Tally
from scanner.core.token import Claims, KeyState, TicketKey, encode, key_id, seed_signer
from scanner.core.units import (
    CredentialKey,
    DeviceId,
    Epoch,
    GrantNo,
    Instant,
    RuleNo,
    SnapshotSeq,
    TypeNo,
    ZoneNo,
)
from support.rights import ANNUAL, GATE, NOON, at, grant, policy, rule
from sync.base_rows import (
    encode_config,
    encode_event,
    encode_exception,
    encode_gate,
    encode_grant,
    encode_meta,
    encode_rule,
    encode_ticket_key,
    encode_type,
)
from sync.device import Device, save_device
from sync.durable import save_atomically
from sync.snapshot import FORMAT, REVOKED_PREFIX_BYTES, schema_sql
from sync.tally_rows import encode_tally

SITE = "museum"
PEPPER_ID, PEPPER = "p1", b"pepper-of-the-museum"
SIGNER, PUBLIC = seed_signer(bytes(range(32)))
TICKET_KEY = TicketKey(kid=key_id(PUBLIC), public=PUBLIC, site=SITE)
HERE = DeviceId("gate3")
CARD = b"40012345678901"

Row = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Site:
    """Everything of a snapshot. ``cards`` and ``tickets`` point codes and credential ids to grants."""

    seq: int = 100
    created: str = NOON
    site: str = SITE
    pepper_id: str = PEPPER_ID
    pepper: bytes = PEPPER
    grants: Iterable[AccessGrant] = (grant(),)
    cards: Mapping[bytes, tuple[int, ...]] = field(default_factory=lambda: {CARD: (1,)})
    tickets: Mapping[bytes, tuple[int, ...]] = field(default_factory=dict)
    shared_cards: Mapping[int, tuple[bytes, ...]] = field(default_factory=dict)
    rules: Iterable[ScanRule] = (rule(),)
    types: Iterable[TicketType] = (TicketType(type_no=ANNUAL, rule_no=RuleNo(1), name="Annual"),)
    gates: Iterable[Gate] = (GATE,)
    events: Iterable[Event] = ()
    scopes: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    exceptions: Mapping[int, tuple[EventException, ...]] = field(default_factory=dict)
    tallies: Mapping[int, Mapping[ZoneNo, Tally]] = field(default_factory=dict)
    key_tallies: Mapping[bytes, Mapping[ZoneNo, Tally]] = field(default_factory=dict)
    detail_from: Instant | None = None
    seat_entries: Iterable[Row] = ()
    revoked: Iterable[CredentialKey] = ()
    ticket_keys: Iterable[TicketKey] = (TICKET_KEY,)
    vector: Mapping[tuple[DeviceId, Epoch], int] = field(default_factory=dict)
    offsets: Mapping[tuple[str, str], int] = field(default_factory=dict)
    policy: SitePolicy = field(default_factory=policy)
    operators: Iterable[Row] = ()
    """Name, role, PIN's hash, version."""

    @property
    def mark(self) -> SnapshotMark:
        """Which snapshot this is."""
        return SnapshotMark(seq=SnapshotSeq(self.seq), created_at=at(self.created))

    def card_key(self, code: bytes) -> CredentialKey:
        """The look-up key of a card."""
        return opaque_key(self.pepper, code)

    def ticket_key(self, credential_id: bytes) -> CredentialKey:
        """The look-up key of a signed ticket."""
        return signed_key(self.pepper, credential_id)


def write_base(path: Path, site: Site) -> Path:
    """Make a base file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for statement in schema_sql():
            connection.execute(statement)
        connection.execute("BEGIN")
        for table, rows in _rows(site):
            _insert(connection, table, rows)
        grants = connection.execute("SELECT count(*) FROM access_grant").fetchone()[0]
        meta = encode_meta(site.site, site.mark, site.pepper_id, grants, FORMAT)
        _insert(connection, "meta", meta)
        connection.execute("COMMIT")
    return path


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    rows = iter(rows)
    first = next(rows, None)
    if first is not None:
        marks = ", ".join("?" * len(first))
        connection.executemany(
            f"INSERT INTO {table} VALUES ({marks})", itertools.chain([first], rows)
        )


def _rows(site: Site) -> Iterator[tuple[str, Iterable[Row]]]:
    yield "access_grant", map(encode_grant, site.grants)
    yield "credential", sorted(_credentials(site))
    yield "grant_credential", _shared(site)
    yield "rule", map(encode_rule, site.rules)
    yield "type", map(encode_type, site.types)
    yield "gate", map(encode_gate, site.gates)
    yield "event", (encode_event(event, f"event {event.event_no}") for event in site.events)
    yield "scope", [(scope, f"scope {scope}", 1) for scope in site.scopes]
    yield "scope_event", [(scope, no) for scope, listed in site.scopes.items() for no in listed]
    yield "grant_event", _exceptions(site)
    yield "tally", _tallies(site.tallies, site.detail_from)
    by_key = {site.card_key(code): zones for code, zones in site.key_tallies.items()}
    yield "key_tally", _tallies(by_key, site.detail_from)
    yield "seat_entry", site.seat_entries
    yield "revoked", [(key[:REVOKED_PREFIX_BYTES],) for key in site.revoked]
    yield "ticket_key", map(encode_ticket_key, site.ticket_keys)
    yield "config", encode_config(site.policy)
    yield "operator", site.operators
    yield "vector", [(*ledger, seq) for ledger, seq in site.vector.items()]
    yield "clock_offset", [(*boot, offset) for boot, offset in site.offsets.items()]


def _credentials(site: Site) -> Iterator[Row]:
    for code, numbers in site.cards.items():
        yield from ((site.card_key(code), number) for number in numbers)
    for credential_id, numbers in site.tickets.items():
        yield from ((site.ticket_key(credential_id), number) for number in numbers)


def _shared(site: Site) -> list[Row]:
    return [(no, site.card_key(code)) for no, codes in site.shared_cards.items() for code in codes]


def _exceptions(site: Site) -> list[Row]:
    return [
        encode_exception(GrantNo(no), exception)
        for no, exceptions in site.exceptions.items()
        for exception in exceptions
    ]


def _tallies(
    tallies: Mapping[Any, Mapping[ZoneNo, Tally]], detail_from: Instant | None
) -> list[Row]:
    return [
        (owner, zone, encode_tally(tally, detail_from))
        for owner, zones in tallies.items()
        for zone, tally in zones.items()
    ]


def place(cache_dir: Path, site: Site) -> Path:
    """Make this site's snapshot the current one, as sync does: beside, then the pointer."""
    cache_dir.mkdir(parents=True, exist_ok=True)
    path = write_base(cache_dir / f"{site.seq}.db", site)
    point(cache_dir, path.name, site.seq)
    return path


def point(cache_dir: Path, name: str, seq: int) -> None:
    """Name a file the current base."""
    pointer = {"file": name, "seq": seq, "created_at": 0, "sha256": ""}
    save_atomically(cache_dir / "current", msgspec.json.encode(pointer))


def enrol(
    cache_dir: Path,
    *,
    gate_no: int = 1,
    site: str = SITE,
    master: bytes | None = None,
    **peppers: bytes,
) -> None:
    """Write this device's papers."""
    cache_dir.mkdir(parents=True, exist_ok=True)
    held = peppers or {PEPPER_ID: PEPPER}
    save_device(
        cache_dir / "device.json",
        Device(
            device=HERE,
            site=site,
            gate_no=gate_no,
            peppers={name: base64.b64encode(one).decode() for name, one in held.items()},
            central_keys={},
            central_url="",
            root_version=1,
            root_sha256="",
            event_master=None if master is None else base64.b64encode(master).decode(),
        ),
    )


def ticket(credential_id: bytes = bytes(16), type_no: TypeNo = ANNUAL, **claims: Any) -> bytes:
    """A signed ticket of the site; ``claims`` as in `Claims`."""
    return encode(Claims(credential_id, type_no, **claims), SIGNER)


def revoked_key(key: TicketKey = TICKET_KEY) -> TicketKey:
    """The key after the central no longer stands behind it."""
    return TicketKey(kid=key.kid, public=key.public, site=key.site, state=KeyState.REVOKED)
