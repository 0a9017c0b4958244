"""When the money for an upgrade at one match was given back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes it."""
    op.add_column("seat_upgrade", sa.Column("undone_at", sa.BigInteger(), nullable=True))
