"""What refers to a fact is found without walking its ledger."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the index."""
    op.create_index("ix_fact_device_epoch_refers_to", "fact", ["device", "epoch", "refers_to"])
