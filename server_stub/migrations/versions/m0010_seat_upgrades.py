"""Concessions that were paid up for one match."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes it."""
    op.create_table(
        "seat_upgrade",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("event_no", NUMBER, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("paid_by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["event_no"], ["event.event_no"], name="fk_seat_upgrade_event_no"),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.ticket_id"], name="fk_seat_upgrade_ticket_id"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "event_no", name="pk_seat_upgrade"),
    )
