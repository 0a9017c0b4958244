"""Which rights changed since the last publication."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes it."""
    op.create_table(
        "right_change",
        sa.Column("change_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("grant_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("change_no", "grant_no", name="pk_right_change"),
    )
