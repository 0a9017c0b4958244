"""The central's tables, as SQLAlchemy Core knows them; `migrations/` makes them.

Law: no ORM, nothing that only SQLite understands. Instants are ms, booleans 0/1, sets of numbers have their own table.
Numbers that reach a snapshot (``*_no``) are never reused. No code is stored readable: signed tickets by their id,
opaque codes sealed (`server_stub.issuer`). What was sold, the right it gives and the code that points to it are three
tables.

Source: docs/central.md, "Tables"; docs/decisions.md, "Rights".
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NUMBER = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite counts up by itself only in a column of exactly the type INTEGER."""


def _no(name: str) -> Column[int]:
    return Column(name, NUMBER, primary_key=True, autoincrement=True)


def _table(name: str, *parts: Column[Any] | Index) -> Table:
    counts_up = isinstance(parts[0], Column) and parts[0].autoincrement is True
    return Table(name, METADATA, *parts, sqlite_autoincrement=counts_up)


def _instant(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _text(name: str, *, nullable: bool = False, unique: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable, unique=unique)


def _whole(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _flag(name: str) -> Column[int]:
    return Column(name, SmallInteger, nullable=False)


def _ref(name: str, target: str, *, nullable: bool = False, primary: bool = False) -> Column[int]:
    return Column(name, NUMBER, ForeignKey(target), nullable=nullable, primary_key=primary)


def _ref_text(name: str, target: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, ForeignKey(target), nullable=nullable)


setting = _table("setting", Column("name", Text, primary_key=True), _text("value"))
"""The site (site, zone, day_cutoff), its policies, the central's address."""

counter = _table("counter", Column("name", Text, primary_key=True), _whole("value"))
"""``rights``: changes that gates must hear of, so that the publisher knows when to publish."""

zone = _table("zone", _no("zone_no"), _text("name", unique=True), _whole("version"))

gate = _table(
    "gate",
    _no("gate_no"),
    _text("name", unique=True),
    _ref("zone_no", "zone.zone_no"),
    _text("direction", nullable=True),
    _whole("version"),
)

gate_type = _table(
    "gate_type",
    _ref("gate_no", "gate.gate_no", primary=True),
    _ref("type_no", "ticket_type.type_no", primary=True),
)
"""The ticket types a gate admits; none = all."""

rule = _table("rule", _no("rule_no"), _text("body"), _whole("version"))
"""A `ScanRule` as JSON, in the form of the snapshot."""

scope = _table("scope", _no("scope_no"), _text("name", unique=True), _whole("version"))

event = _table(
    "event",
    _no("event_no"),
    _text("name"),
    _instant("starts_at"),
    _instant("ends_at"),
    _instant("doors_from"),
    _instant("doors_until"),
    _text("status"),
    _whole("version"),
)

event_zone = _table(
    "event_zone",
    _ref("event_no", "event.event_no", primary=True),
    _ref("zone_no", "zone.zone_no", primary=True),
)

scope_event = _table(
    "scope_event",
    _ref("scope_no", "scope.scope_no", primary=True),
    _ref("event_no", "event.event_no", primary=True),
)

ticket_type = _table(
    "ticket_type",
    _no("type_no"),
    _text("name", unique=True),
    _ref("rule_no", "rule.rule_no"),
    _ref("scope_no", "scope.scope_no", nullable=True),
    _text("validity"),
    _flag("is_personal"),
    _flag("is_renewable"),
    _whole("version"),
)
"""``validity`` is a `ValidityRule` as JSON. ``is_personal``: sold without a holder, it asks for DETAILS_REQUIRED.
``is_renewable``: its codes carry no dates."""

type_zone = _table(
    "type_zone",
    _ref("type_no", "ticket_type.type_no", primary=True),
    _ref("zone_no", "zone.zone_no", primary=True),
)
"""Where a type admits; none = everywhere."""

operator = _table(
    "operator",
    Column("name", Text, primary_key=True),
    _text("role"),
    _text("pin_scrypt"),
    _whole("version"),
)

ticket_key = _table(
    "ticket_key",
    Column("kid", Text, primary_key=True),
    Column("public", LargeBinary, nullable=False),
    _text("state"),
    _instant("created_at"),
    _whole("version"),
)
"""Keys that sign tickets; ``kid`` in hex. The private halves are files."""

customer = _table(
    "customer",
    Column("customer_id", Text, primary_key=True),
    _text("email", nullable=True, unique=True),
    _instant("created_at"),
)

customer_order = _table(
    "customer_order",
    Column("order_id", Text, primary_key=True),
    _ref_text("customer_id", "customer.customer_id"),
    _text("state"),
    _instant("created_at"),
    _instant("completed_at", nullable=True),
    _instant("closed_at", nullable=True),
    Index(None, "customer_id"),
)
"""``state``: an `OrderState`."""

access_grant = _table(
    "access_grant",
    _no("grant_no"),
    _ref("rule_no", "rule.rule_no"),
    _ref("type_no", "ticket_type.type_no"),
    _ref("scope_no", "scope.scope_no", nullable=True),
    _text("zones", nullable=True),
    _instant("valid_from", nullable=True),
    _instant("valid_until", nullable=True),
    _text("first_scan", nullable=True),
    _flag("is_denied"),
    _text("deny_reason", nullable=True),
    _instant("grace_until", nullable=True),
    _text("seat", nullable=True),
    _text("flags", nullable=True),
    _whole("version"),
)
"""A right, column for column as in the snapshot: a pure function of what was sold (`server_stub.rules`), written again
whenever that changes."""

ticket = _table(
    "ticket",
    Column("ticket_id", Text, primary_key=True),
    _ref_text("order_id", "customer_order.order_id"),
    _ref("type_no", "ticket_type.type_no"),
    Column("grant_no", NUMBER, ForeignKey("access_grant.grant_no"), nullable=True, unique=True),
    _instant("sold_at"),
    _text("starts_on", nullable=True),
    _text("holder", nullable=True),
    _text("seat", nullable=True),
    _text("deny_reason", nullable=True),
    _text("flags"),
    Index(None, "order_id"),
)
"""``grant_no`` is null until the order is completed. ``starts_on``: the business date its term counts from, if not the
purchase. ``deny_reason``: what staff set; ``flags``: of the grant, ``,``-separated."""

credential = _table(
    "credential",
    _no("credential_no"),
    _text("kind"),
    Column("credential_id", LargeBinary, nullable=True, unique=True),
    Column("sealed_code", LargeBinary, nullable=True),
    _text("claims", nullable=True),
    _text("kid", nullable=True),
    _text("state"),
    _instant("issued_at"),
    _instant("revoked_at", nullable=True),
)
"""``credential_id`` (signed) or ``sealed_code`` (opaque): enough to issue it again, useless without the key files.
``claims``: what the signed ticket says beside its id, as JSON. ``state``: active | revoked, and never back."""

credential_key = _table(
    "credential_key",
    Column("key", LargeBinary, primary_key=True),
    _text("pepper_id"),
    _ref("credential_no", "credential.credential_no"),
    Index(None, "credential_no"),
)
"""What gates look up: the keyed hash, one for each pepper in use."""

credential_grant = _table(
    "credential_grant",
    _ref("credential_no", "credential.credential_no", primary=True),
    _ref("grant_no", "access_grant.grant_no", primary=True),
    Index(None, "grant_no"),
)

device = _table(
    "device",
    Column("device", Text, primary_key=True),
    _ref("gate_no", "gate.gate_no"),
    _text("state"),
    Column("public_key", LargeBinary, nullable=True),
    _text("software", nullable=True),
    _instant("added_at"),
    _instant("enrolled_at", nullable=True),
    _instant("last_contact_at", nullable=True),
    _instant("revoked_at", nullable=True),
)
"""``state``: a `DeviceState` of the wire."""

enrolment_token = _table(
    "enrolment_token",
    Column("token_hash", LargeBinary, primary_key=True),
    _ref_text("device", "device.device"),
    _instant("expires_at"),
    _instant("used_at", nullable=True),
)

ledger = _table(
    "ledger",
    Column("device", Text, ForeignKey("device.device"), primary_key=True),
    Column("epoch", Text, primary_key=True),
    _whole("have"),
    Column("head", LargeBinary, nullable=False),
    _instant("last_at"),
)
"""How far each ledger has come: rows 1..``have`` are here or rejected, ``head`` is h_have."""

fact = _table(
    "fact",
    Column("device", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _instant("received_at"),
    _text("kind"),
    _instant("at"),
    _whole("gate_no"),
    _whole("zone_no"),
    _text("movement", nullable=True),
    _whole("charged"),
    _whole("persons"),
    _text("key", nullable=True),
    _whole("grant_no", nullable=True),
    _whole("type_no", nullable=True),
    _text("outcome", nullable=True),
    _text("reason", nullable=True),
    _whole("refers_to", nullable=True),
    _flag("awaits_passage"),
    _flag("is_under_review"),
    _text("conflict", nullable=True),
    Index(None, "grant_no"),
    Index(None, "key"),
    Index(None, "at"),
)
"""``body`` is exactly what the gate signed; the other columns are read from it, for queries.
``at`` is corrected by what was known at its receipt. ``is_under_review``: from a revoked device, counts nothing.
``conflict``: the refusal the central would have given."""

rejected_row = _table(
    "rejected_row",
    Column("device", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _instant("received_at"),
    _text("code"),
)
"""Rows this version cannot read: acknowledged, kept, never counted."""

forked_row = _table(
    "forked_row",
    Column("device", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    _instant("received_at"),
)
"""The other truth under an identity that is taken: two ledgers with one name."""

clock_offset = _table(
    "clock_offset",
    Column("device", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    _whole("offset_ms"),
    _whole("mono_ms"),
)
"""The newest CLOCK_OFFSET of each boot, and when in that boot it was."""

alert = _table(
    "alert",
    _no("alert_no"),
    _instant("at"),
    _text("code"),
    _text("device", nullable=True),
    _text("note"),
    _instant("resolved_at", nullable=True),
)
"""What a person has to look at."""

publication = _table(
    "publication",
    Column("snapshot_seq", BigInteger, primary_key=True, autoincrement=False),
    _instant("created_at"),
    _whole("rights_count"),
    _whole("grants"),
    _whole("base_bytes"),
    _text("sha256"),
)
"""``rights_count``: the counter ``rights`` that this base holds."""

publication_vector = _table(
    "publication_vector",
    Column(
        "snapshot_seq",
        BigInteger,
        ForeignKey("publication.snapshot_seq"),
        primary_key=True,
    ),
    Column("device", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    _whole("seq"),
)
"""What each base has folded; no fact above the newest two may be purged."""

staff_account = _table(
    "staff_account",
    Column("name", Text, primary_key=True),
    _text("role"),
    _text("password_argon2"),
    _flag("must_change"),
    _instant("created_at"),
    _instant("disabled_at", nullable=True),
)
"""Who may use the API, and as what (`StaffRole`). ``must_change``: the password is a one-time one."""

staff_session = _table(
    "staff_session",
    Column("token_hash", LargeBinary, primary_key=True),
    Column("name", Text, ForeignKey("staff_account.name"), nullable=False),
    _instant("created_at"),
    _instant("expires_at"),
    Index(None, "name"),
)
"""Who is signed in; of the token only its SHA-256 is here."""

idempotency = _table(
    "idempotency",
    Column("staff", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_sha256", LargeBinary, nullable=False),
    Column("sealed_answer", LargeBinary, nullable=False),
    _instant("at"),
    Index(None, "at"),
)
"""What was answered to a request that must not happen twice. The answer may hold a code, so it is sealed."""
