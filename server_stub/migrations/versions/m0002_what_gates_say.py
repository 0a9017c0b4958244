"""Devices, what they recorded, and what was published to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes them."""
    _create_alerts()
    _create_devices()
    _create_facts()
    _create_set_aside()
    _create_publications()


def _create_alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("alert_no", NUMBER, nullable=False),
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
        sa.Column("mono_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", "boot", name="pk_clock_offset"),
    )


def _create_devices() -> None:
    op.create_table(
        "device",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("gate_no", NUMBER, nullable=False),
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


def _create_facts() -> None:
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


def _create_set_aside() -> None:
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
        "forked_row",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", "epoch", "seq", "hash", name="pk_forked_row"),
    )


def _create_publications() -> None:
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
