"""What a site is and what it sells: the first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes them."""
    _create_settings()
    _create_places()
    _create_events()
    _create_types()
    _create_grants()
    _create_sales()
    _create_credentials()


def _create_settings() -> None:
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
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
        "ticket_key",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kid", name="pk_ticket_key"),
    )


def _create_places() -> None:
    op.create_table(
        "zone",
        sa.Column("zone_no", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("zone_no", name="pk_zone"),
        sa.UniqueConstraint("name", name="uq_zone_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "gate",
        sa.Column("gate_no", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone_no", NUMBER, nullable=False),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["zone_no"], ["zone.zone_no"], name="fk_gate_zone_no"),
        sa.PrimaryKeyConstraint("gate_no", name="pk_gate"),
        sa.UniqueConstraint("name", name="uq_gate_name"),
        sqlite_autoincrement=True,
    )


def _create_events() -> None:
    op.create_table(
        "scope",
        sa.Column("scope_no", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope_no", name="pk_scope"),
        sa.UniqueConstraint("name", name="uq_scope_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "event",
        sa.Column("event_no", NUMBER, nullable=False),
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
        "event_zone",
        sa.Column("event_no", NUMBER, nullable=False),
        sa.Column("zone_no", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["event_no"], ["event.event_no"], name="fk_event_zone_event_no"),
        sa.ForeignKeyConstraint(["zone_no"], ["zone.zone_no"], name="fk_event_zone_zone_no"),
        sa.PrimaryKeyConstraint("event_no", "zone_no", name="pk_event_zone"),
    )
    op.create_table(
        "scope_event",
        sa.Column("scope_no", NUMBER, nullable=False),
        sa.Column("event_no", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["event_no"], ["event.event_no"], name="fk_scope_event_event_no"),
        sa.ForeignKeyConstraint(["scope_no"], ["scope.scope_no"], name="fk_scope_event_scope_no"),
        sa.PrimaryKeyConstraint("scope_no", "event_no", name="pk_scope_event"),
    )


def _create_types() -> None:
    op.create_table(
        "rule",
        sa.Column("rule_no", NUMBER, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule_no", name="pk_rule"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ticket_type",
        sa.Column("type_no", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rule_no", NUMBER, nullable=False),
        sa.Column("scope_no", NUMBER, nullable=True),
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
        "type_zone",
        sa.Column("type_no", NUMBER, nullable=False),
        sa.Column("zone_no", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["type_no"], ["ticket_type.type_no"], name="fk_type_zone_type_no"),
        sa.ForeignKeyConstraint(["zone_no"], ["zone.zone_no"], name="fk_type_zone_zone_no"),
        sa.PrimaryKeyConstraint("type_no", "zone_no", name="pk_type_zone"),
    )
    op.create_table(
        "gate_type",
        sa.Column("gate_no", NUMBER, nullable=False),
        sa.Column("type_no", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["gate_no"], ["gate.gate_no"], name="fk_gate_type_gate_no"),
        sa.ForeignKeyConstraint(["type_no"], ["ticket_type.type_no"], name="fk_gate_type_type_no"),
        sa.PrimaryKeyConstraint("gate_no", "type_no", name="pk_gate_type"),
    )


def _create_grants() -> None:
    op.create_table(
        "access_grant",
        sa.Column("grant_no", NUMBER, nullable=False),
        sa.Column("rule_no", NUMBER, nullable=False),
        sa.Column("type_no", NUMBER, nullable=False),
        sa.Column("scope_no", NUMBER, nullable=True),
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


def _create_sales() -> None:
    op.create_table(
        "customer",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_customer"),
        sa.UniqueConstraint("email", name="uq_customer_email"),
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
        "ticket",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("type_no", NUMBER, nullable=False),
        sa.Column("grant_no", NUMBER, nullable=True),
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


def _create_credentials() -> None:
    op.create_table(
        "credential",
        sa.Column("credential_no", NUMBER, nullable=False),
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
        "credential_key",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("pepper_id", sa.Text(), nullable=False),
        sa.Column("credential_no", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_no"], ["credential.credential_no"], name="fk_credential_key_credential_no"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_credential_key"),
    )
    op.create_index(
        "ix_credential_key_credential_no", "credential_key", ["credential_no"], unique=False
    )
    op.create_table(
        "credential_grant",
        sa.Column("credential_no", NUMBER, nullable=False),
        sa.Column("grant_no", NUMBER, nullable=False),
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
