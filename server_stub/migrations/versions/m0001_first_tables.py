"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes every table of the first release."""
    op.create_table(
        "alert",
        sa.Column("alert_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("alert_no", name="pk_alert"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "clock_offset",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", "boot", name="pk_clock_offset"),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
    )
    op.create_table(
        "credential",
        sa.Column(
            "credential_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_code", sa.LargeBinary(), nullable=True),
        sa.Column("claims", sa.Text(), nullable=True),
        sa.Column("kid", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("credential_no", name="pk_credential"),
        sa.UniqueConstraint("credential_id", name="uq_credential_credential_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "customer",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_customer"),
        sa.UniqueConstraint("email", name="uq_customer_email"),
    )
    op.create_table(
        "event",
        sa.Column("event_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("doors_from", sa.BigInteger(), nullable=False),
        sa.Column("doors_until", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_no", name="pk_event"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "fact",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("gate_no", sa.BigInteger(), nullable=False),
        sa.Column("zone_no", sa.BigInteger(), nullable=False),
        sa.Column("movement", sa.Text(), nullable=True),
        sa.Column("charged", sa.BigInteger(), nullable=False),
        sa.Column("persons", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("grant_no", sa.BigInteger(), nullable=True),
        sa.Column("type_no", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("refers_to", sa.BigInteger(), nullable=True),
        sa.Column("awaits_passage", sa.SmallInteger(), nullable=False),
        sa.Column("is_under_review", sa.SmallInteger(), nullable=False),
        sa.Column("conflict", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("device", "epoch", "seq", name="pk_fact"),
    )
    op.create_index("ix_fact_at", "fact", ["at"], unique=False)
    op.create_index("ix_fact_grant_no", "fact", ["grant_no"], unique=False)
    op.create_index("ix_fact_key", "fact", ["key"], unique=False)
    op.create_table(
        "forked_row",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", "epoch", "seq", "hash", name="pk_forked_row"),
    )
    op.create_table(
        "operator",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("pin_scrypt", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_operator"),
    )
    op.create_table(
        "publication",
        sa.Column("snapshot_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("rights_count", sa.BigInteger(), nullable=False),
        sa.Column("grants", sa.BigInteger(), nullable=False),
        sa.Column("base_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("snapshot_seq", name="pk_publication"),
    )
    op.create_table(
        "rejected_row",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("device", "epoch", "seq", name="pk_rejected_row"),
    )
    op.create_table(
        "rule",
        sa.Column("rule_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule_no", name="pk_rule"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "scope",
        sa.Column("scope_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope_no", name="pk_scope"),
        sa.UniqueConstraint("name", name="uq_scope_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )
    op.create_table(
        "ticket_key",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kid", name="pk_ticket_key"),
    )
    op.create_table(
        "zone",
        sa.Column("zone_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("zone_no", name="pk_zone"),
        sa.UniqueConstraint("name", name="uq_zone_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "credential_key",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("pepper_id", sa.Text(), nullable=False),
        sa.Column(
            "credential_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["credential_no"], ["credential.credential_no"], name="fk_credential_key_credential_no"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_credential_key"),
    )
    op.create_index(
        "ix_credential_key_credential_no", "credential_key", ["credential_no"], unique=False
    )
    op.create_table(
        "customer_order",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.customer_id"], name="fk_customer_order_customer_id"
        ),
        sa.PrimaryKeyConstraint("order_id", name="pk_customer_order"),
    )
    op.create_index(
        "ix_customer_order_customer_id", "customer_order", ["customer_id"], unique=False
    )
    op.create_table(
        "event_zone",
        sa.Column("event_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("zone_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["event_no"], ["event.event_no"], name="fk_event_zone_event_no"),
        sa.ForeignKeyConstraint(["zone_no"], ["zone.zone_no"], name="fk_event_zone_zone_no"),
        sa.PrimaryKeyConstraint("event_no", "zone_no", name="pk_event_zone"),
    )
    op.create_table(
        "gate",
        sa.Column("gate_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["zone_no"], ["zone.zone_no"], name="fk_gate_zone_no"),
        sa.PrimaryKeyConstraint("gate_no", name="pk_gate"),
        sa.UniqueConstraint("name", name="uq_gate_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "publication_vector",
        sa.Column("snapshot_seq", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_seq"],
            ["publication.snapshot_seq"],
            name="fk_publication_vector_snapshot_seq",
        ),
        sa.PrimaryKeyConstraint("snapshot_seq", "device", "epoch", name="pk_publication_vector"),
    )
    op.create_table(
        "scope_event",
        sa.Column("scope_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["event_no"], ["event.event_no"], name="fk_scope_event_event_no"),
        sa.ForeignKeyConstraint(["scope_no"], ["scope.scope_no"], name="fk_scope_event_scope_no"),
        sa.PrimaryKeyConstraint("scope_no", "event_no", name="pk_scope_event"),
    )
    op.create_table(
        "ticket_type",
        sa.Column("type_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rule_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scope_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("validity", sa.Text(), nullable=False),
        sa.Column("is_personal", sa.SmallInteger(), nullable=False),
        sa.Column("is_renewable", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["rule_no"], ["rule.rule_no"], name="fk_ticket_type_rule_no"),
        sa.ForeignKeyConstraint(["scope_no"], ["scope.scope_no"], name="fk_ticket_type_scope_no"),
        sa.PrimaryKeyConstraint("type_no", name="pk_ticket_type"),
        sa.UniqueConstraint("name", name="uq_ticket_type_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "access_grant",
        sa.Column("grant_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("type_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scope_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("zones", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.BigInteger(), nullable=True),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.Column("first_scan", sa.Text(), nullable=True),
        sa.Column("is_denied", sa.SmallInteger(), nullable=False),
        sa.Column("deny_reason", sa.Text(), nullable=True),
        sa.Column("grace_until", sa.BigInteger(), nullable=True),
        sa.Column("seat", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["rule_no"], ["rule.rule_no"], name="fk_access_grant_rule_no"),
        sa.ForeignKeyConstraint(["scope_no"], ["scope.scope_no"], name="fk_access_grant_scope_no"),
        sa.ForeignKeyConstraint(
            ["type_no"], ["ticket_type.type_no"], name="fk_access_grant_type_no"
        ),
        sa.PrimaryKeyConstraint("grant_no", name="pk_access_grant"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "device",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("gate_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("software", sa.Text(), nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=True),
        sa.Column("last_contact_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["gate_no"], ["gate.gate_no"], name="fk_device_gate_no"),
        sa.PrimaryKeyConstraint("device", name="pk_device"),
    )
    op.create_table(
        "gate_type",
        sa.Column("gate_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("type_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["gate_no"], ["gate.gate_no"], name="fk_gate_type_gate_no"),
        sa.ForeignKeyConstraint(["type_no"], ["ticket_type.type_no"], name="fk_gate_type_type_no"),
        sa.PrimaryKeyConstraint("gate_no", "type_no", name="pk_gate_type"),
    )
    op.create_table(
        "type_zone",
        sa.Column("type_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("zone_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["type_no"], ["ticket_type.type_no"], name="fk_type_zone_type_no"),
        sa.ForeignKeyConstraint(["zone_no"], ["zone.zone_no"], name="fk_type_zone_zone_no"),
        sa.PrimaryKeyConstraint("type_no", "zone_no", name="pk_type_zone"),
    )
    op.create_table(
        "credential_grant",
        sa.Column(
            "credential_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("grant_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_no"],
            ["credential.credential_no"],
            name="fk_credential_grant_credential_no",
        ),
        sa.ForeignKeyConstraint(
            ["grant_no"], ["access_grant.grant_no"], name="fk_credential_grant_grant_no"
        ),
        sa.PrimaryKeyConstraint("credential_no", "grant_no", name="pk_credential_grant"),
    )
    op.create_index("ix_credential_grant_grant_no", "credential_grant", ["grant_no"], unique=False)
    op.create_table(
        "enrolment_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device"], ["device.device"], name="fk_enrolment_token_device"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_enrolment_token"),
    )
    op.create_table(
        "ledger",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("have", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["device.device"], name="fk_ledger_device"),
        sa.PrimaryKeyConstraint("device", "epoch", name="pk_ledger"),
    )
    op.create_table(
        "ticket",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("type_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("grant_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sold_at", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Text(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("seat", sa.Text(), nullable=True),
        sa.Column("deny_reason", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["grant_no"], ["access_grant.grant_no"], name="fk_ticket_grant_no"),
        sa.ForeignKeyConstraint(
            ["order_id"], ["customer_order.order_id"], name="fk_ticket_order_id"
        ),
        sa.ForeignKeyConstraint(["type_no"], ["ticket_type.type_no"], name="fk_ticket_type_no"),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_ticket"),
        sa.UniqueConstraint("grant_no", name="uq_ticket_grant_no"),
    )
    op.create_index("ix_ticket_order_id", "ticket", ["order_id"], unique=False)
