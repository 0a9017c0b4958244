"""What is left of old facts, and of customers who were erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes it."""
    op.add_column("customer", sa.Column("erased_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "ledger", sa.Column("purged", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.create_table(
        "daily_count",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("gate_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("scans", "entries", "persons", "charged", "given_back", "exits")
        ),
        sa.PrimaryKeyConstraint(
            "day", "gate_no", "type_no", "outcome", "reason", name="pk_daily_count"
        ),
    )
    op.create_table(
        "kept_tally",
        sa.Column("kept_no", NUMBER, autoincrement=True, nullable=False),
        sa.Column("grant_no", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("zone_no", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kept_no", name="pk_kept_tally"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_kept_tally_grant_no", "kept_tally", ["grant_no"], unique=False)
    op.create_index("ix_kept_tally_key", "kept_tally", ["key"], unique=False)
