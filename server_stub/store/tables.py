"""The central's tables, as SQLAlchemy Core knows them; `migrations/` makes them.

Law: no ORM, nothing that only SQLite understands. Instants are ms, booleans 0/1, sets of numbers have their own table.
Numbers that reach a snapshot (``*_no``) are never reused. No code is stored readable: signed tickets by their id,
opaque codes sealed (`server_stub.selling.issuer`). What was sold, the right it gives and the code that points to it
are three tables.

Source: docs/central.md, "Tables"; docs/decisions.md, "Rights".
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Text

from server_stub.store.columns import (
    NUMBER,
    counted,
    flag,
    instant,
    ref,
    ref_text,
    table,
    text,
    whole,
)

setting = table("setting", Column("name", Text, primary_key=True), text("value"))
"""The site (site, zone, day_cutoff), its policies, the central's address."""

counter = table("counter", Column("name", Text, primary_key=True), whole("value"))
"""``rights``: changes that gates must hear of, so that the publisher knows when to publish."""

right_change = table(
    "right_change",
    Column("change_no", BigInteger, primary_key=True, autoincrement=False),
    Column("grant_no", BigInteger, primary_key=True, autoincrement=False),
)
"""Which rights were touched since the last publication; ``change_no`` is the counter ``rights`` after a change."""

zone = table("zone", counted("zone_no"), text("name", unique=True), whole("version"))

gate = table(
    "gate",
    counted("gate_no"),
    text("name", unique=True),
    ref("zone_no", "zone.zone_no"),
    text("direction", nullable=True),
    whole("version"),
)

gate_type = table(
    "gate_type",
    ref("gate_no", "gate.gate_no", primary=True),
    ref("type_no", "ticket_type.type_no", primary=True),
)
"""The ticket types a gate admits; none = all."""

rule = table("rule", counted("rule_no"), text("body"), whole("version"))
"""A `ScanRule` as JSON, in the form of the snapshot."""

scope = table("scope", counted("scope_no"), text("name", unique=True), whole("version"))

event = table(
    "event",
    counted("event_no"),
    text("name"),
    instant("starts_at"),
    instant("ends_at"),
    instant("doors_from"),
    instant("doors_until"),
    text("status"),
    whole("version"),
)

event_zone = table(
    "event_zone",
    ref("event_no", "event.event_no", primary=True),
    ref("zone_no", "zone.zone_no", primary=True),
)

scope_event = table(
    "scope_event",
    ref("scope_no", "scope.scope_no", primary=True),
    ref("event_no", "event.event_no", primary=True),
)

ticket_type = table(
    "ticket_type",
    counted("type_no"),
    text("name", unique=True),
    ref("rule_no", "rule.rule_no"),
    ref("scope_no", "scope.scope_no", nullable=True),
    text("validity"),
    flag("is_personal"),
    flag("is_renewable"),
    whole("version"),
    Column("price_minor", BigInteger, nullable=False, server_default="0"),
    Column("fee_minor", BigInteger, nullable=False, server_default="0"),
)
"""``validity`` is a `ValidityRule` as JSON. ``is_personal``: sold without a holder, it asks for DETAILS_REQUIRED.
``is_renewable``: its codes carry no dates."""

type_zone = table(
    "type_zone",
    ref("type_no", "ticket_type.type_no", primary=True),
    ref("zone_no", "zone.zone_no", primary=True),
)
"""Where a type admits; none = everywhere."""

operator = table(
    "operator",
    Column("name", Text, primary_key=True),
    text("role"),
    text("pin_scrypt"),
    whole("version"),
)

ticket_key = table(
    "ticket_key",
    Column("kid", Text, primary_key=True),
    Column("public", LargeBinary, nullable=False),
    text("state"),
    instant("created_at"),
    whole("version"),
)
"""Keys that sign tickets; ``kid`` in hex. The private halves are files."""

customer = table(
    "customer",
    Column("customer_id", Text, primary_key=True),
    text("email", nullable=True, unique=True),
    instant("created_at"),
    instant("erased_at", nullable=True),
)
"""``erased_at``: since when nothing here says who it was; what was bought stays under its id, for the accounts."""

customer_order = table(
    "customer_order",
    Column("order_id", Text, primary_key=True),
    ref_text("customer_id", "customer.customer_id"),
    text("state"),
    instant("created_at"),
    instant("completed_at", nullable=True),
    instant("closed_at", nullable=True),
    Column("channel", Text, nullable=False, server_default="desk"),
    text("shop", nullable=True),
    Column("shown_hmac", LargeBinary, nullable=True),
    text("agreed", nullable=True),
    text("paid_by", nullable=True),
    Index(None, "customer_id"),
)
"""``state``: an `OrderState`. ``shop``: where it was put together; null = at the desk. ``shown_hmac``: of the code or
link that opened the shop. ``agreed``: the quote that the customer was shown when it was placed, as JSON."""

access_grant = table(
    "access_grant",
    counted("grant_no"),
    ref("rule_no", "rule.rule_no"),
    ref("type_no", "ticket_type.type_no"),
    ref("scope_no", "scope.scope_no", nullable=True),
    text("zones", nullable=True),
    instant("valid_from", nullable=True),
    instant("valid_until", nullable=True),
    text("first_scan", nullable=True),
    flag("is_denied"),
    text("deny_reason", nullable=True),
    instant("grace_until", nullable=True),
    text("seat", nullable=True),
    text("flags", nullable=True),
    whole("version"),
)
"""A right, column for column as in the snapshot: a pure function of what was sold (`server_stub.rules`), written again
whenever that changes."""

ticket = table(
    "ticket",
    Column("ticket_id", Text, primary_key=True),
    ref_text("order_id", "customer_order.order_id"),
    ref("type_no", "ticket_type.type_no"),
    Column("grant_no", NUMBER, ForeignKey("access_grant.grant_no"), nullable=True, unique=True),
    instant("sold_at"),
    text("starts_on", nullable=True),
    text("holder", nullable=True),
    text("seat", nullable=True),
    text("deny_reason", nullable=True),
    text("flags"),
    Column("code_kind", Text, nullable=False, server_default="signed"),
    text("renews", nullable=True),
    instant("refunded_at", nullable=True),
    instant("activated_at", nullable=True),
    instant("activated_until", nullable=True),
    Index(None, "order_id"),
)
"""``grant_no`` is null until the order is completed. ``starts_on``: the business date its term counts from, if not the
purchase. ``deny_reason``: what staff set; ``flags``: of the grant, ``,``-separated.
``renews``: the ticket whose code opens under this one too. ``refunded_at``: given back alone, before its order.
``activated_at``: of a term from the first scan, the earliest entry that has arrived; ``activated_until``: its end."""

credential = table(
    "credential",
    counted("credential_no"),
    text("kind"),
    Column("credential_id", LargeBinary, nullable=True, unique=True),
    Column("sealed_code", LargeBinary, nullable=True),
    text("claims", nullable=True),
    text("kid", nullable=True),
    text("state"),
    instant("issued_at"),
    instant("revoked_at", nullable=True),
)
"""``credential_id`` (signed) or ``sealed_code`` (opaque): enough to issue it again, useless without the key files.
``claims``: what the signed ticket says beside its id, as JSON. ``state``: active | revoked, and never back."""

credential_key = table(
    "credential_key",
    Column("key", LargeBinary, primary_key=True),
    text("pepper_id"),
    ref("credential_no", "credential.credential_no"),
    Index(None, "credential_no"),
)
"""What gates look up: the keyed hash, one for each pepper in use."""

credential_grant = table(
    "credential_grant",
    ref("credential_no", "credential.credential_no", primary=True),
    ref("grant_no", "access_grant.grant_no", primary=True),
    Index(None, "grant_no"),
)

device = table(
    "device",
    Column("device", Text, primary_key=True),
    ref("gate_no", "gate.gate_no"),
    text("state"),
    Column("public_key", LargeBinary, nullable=True),
    text("software", nullable=True),
    instant("added_at"),
    instant("enrolled_at", nullable=True),
    instant("last_contact_at", nullable=True),
    instant("revoked_at", nullable=True),
)
"""``state``: a `DeviceState` of the wire."""

enrolment_token = table(
    "enrolment_token",
    Column("token_hash", LargeBinary, primary_key=True),
    ref_text("device", "device.device"),
    instant("expires_at"),
    instant("used_at", nullable=True),
)

ledger = table(
    "ledger",
    Column("device", Text, ForeignKey("device.device"), primary_key=True),
    Column("epoch", Text, primary_key=True),
    whole("have"),
    Column("head", LargeBinary, nullable=False),
    instant("last_at"),
    Column("purged", BigInteger, nullable=False, server_default="0"),
)
"""How far each ledger has come: rows 1..``have`` are here, rejected or (so many) ``purged``; ``head`` is h_have."""

fact = table(
    "fact",
    Column("device", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    instant("received_at"),
    text("kind"),
    instant("at"),
    whole("gate_no"),
    whole("zone_no"),
    text("movement", nullable=True),
    whole("charged"),
    whole("persons"),
    text("key", nullable=True),
    whole("grant_no", nullable=True),
    whole("type_no", nullable=True),
    text("outcome", nullable=True),
    text("reason", nullable=True),
    whole("refers_to", nullable=True),
    flag("awaits_passage"),
    flag("is_under_review"),
    text("conflict", nullable=True),
    Index(None, "grant_no"),
    Index(None, "key"),
    Index(None, "at"),
    Index(None, "device", "epoch", "refers_to"),
)
"""``body`` is exactly what the gate signed; the other columns are read from it, for queries.
``at`` is corrected by what was known at its receipt. ``is_under_review``: from a revoked device, counts nothing.
``conflict``: the refusal the central would have given."""

rejected_row = table(
    "rejected_row",
    Column("device", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    instant("received_at"),
    text("code"),
)
"""Rows this version cannot read: acknowledged, kept, never counted."""

forked_row = table(
    "forked_row",
    Column("device", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    instant("received_at"),
)
"""The other truth under an identity that is taken: two ledgers with one name."""

device_bundle = table(
    "device_bundle",
    Column("device", Text, primary_key=True),
    text("epoch"),
    text("vector"),
    instant("taken_at"),
)
"""What a device said last on a stick: its ledger, and what it knows of others (JSON); letters lead on from there."""

clock_offset = table(
    "clock_offset",
    Column("device", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    whole("offset_ms"),
    whole("mono_ms"),
)
"""The newest CLOCK_OFFSET of each boot, and when in that boot it was."""

alert = table(
    "alert",
    counted("alert_no"),
    instant("at"),
    text("code"),
    text("device", nullable=True),
    text("note"),
    instant("resolved_at", nullable=True),
)
"""What a person has to look at."""

publication = table(
    "publication",
    Column("snapshot_seq", BigInteger, primary_key=True, autoincrement=False),
    instant("created_at"),
    whole("rights_count"),
    whole("grants"),
    whole("base_bytes"),
    text("sha256"),
)
"""``rights_count``: the counter ``rights`` that this base holds."""

publication_vector = table(
    "publication_vector",
    Column(
        "snapshot_seq",
        BigInteger,
        ForeignKey("publication.snapshot_seq"),
        primary_key=True,
    ),
    Column("device", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    whole("seq"),
)
"""What each publication has folded; no fact above the newest two may be purged. Those of the base before the one before
are forgotten."""
