"""Tags of plans, attributes of events, cards for orders, letters that were sent, and first scans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes them. What was noted before counts as told: staff told it."""
    _create_plan_tags()
    _create_event_attributes()
    _create_order_charges()
    op.add_column("subscription_notice", sa.Column("sent_at", sa.BigInteger(), nullable=True))
    notice = sa.table("subscription_notice", sa.column("at"), sa.column("sent_at"))
    op.execute(sa.update(notice).values(sent_at=notice.c.at))
    for name in ("activated_at", "activated_until"):
        op.add_column("ticket", sa.Column(name, sa.BigInteger(), nullable=True))


def _create_plan_tags() -> None:
    op.create_table(
        "plan_tag",
        sa.Column("plan_no", NUMBER, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("expiry", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["plan_no"], ["plan.plan_no"], name="fk_plan_tag_plan_no"),
        sa.PrimaryKeyConstraint("plan_no", "tag", name="pk_plan_tag"),
    )


def _create_event_attributes() -> None:
    op.create_table(
        "event_attribute",
        sa.Column("event_no", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_no"], ["event.event_no"], name="fk_event_attribute_event_no"
        ),
        sa.PrimaryKeyConstraint("event_no", "name", name="pk_event_attribute"),
    )


def _create_order_charges() -> None:
    op.create_table(
        "order_charge",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["customer_order.order_id"], name="fk_order_charge_order_id"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_order_charge"),
    )
    op.create_index("ix_order_charge_order_id", "order_charge", ["order_id"])
    op.create_index("ix_order_charge_answer", "order_charge", ["answer"])
