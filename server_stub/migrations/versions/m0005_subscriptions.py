"""Plans, subscriptions, what was charged for them, and what the two payment adapters keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes them."""
    _create_plans()
    _create_subscriptions()
    _create_charges()
    _create_till()
    _create_simulated_card()


def _create_plans() -> None:
    op.create_table(
        "plan",
        sa.Column("plan_no", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type_no", NUMBER, nullable=False),
        sa.Column("period_amount", sa.BigInteger(), nullable=False),
        sa.Column("period_unit", sa.Text(), nullable=False),
        sa.Column("minimum_cycles", sa.BigInteger(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("grace_days", sa.BigInteger(), nullable=False),
        sa.Column("when_unpaid", sa.Text(), nullable=False),
        sa.Column("admits", sa.SmallInteger(), nullable=False),
        sa.Column("benefit_grace", sa.SmallInteger(), nullable=False),
        sa.Column("needs_renewal_notice", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["type_no"], ["ticket_type.type_no"], name="fk_plan_type_no"),
        sa.PrimaryKeyConstraint("plan_no", name="pk_plan"),
        sa.UniqueConstraint("name", name="uq_plan_name"),
        sqlite_autoincrement=True,
    )


def _create_subscriptions() -> None:
    op.create_table(
        "subscription",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("plan_no", NUMBER, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("anchor_at", sa.BigInteger(), nullable=True),
        sa.Column("paid_cycles", sa.BigInteger(), nullable=False),
        sa.Column("minimum_until", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("credit_minor", sa.BigInteger(), nullable=False),
        sa.Column("grant_no", NUMBER, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.customer_id"], name="fk_subscription_customer_id"
        ),
        sa.ForeignKeyConstraint(
            ["grant_no"], ["access_grant.grant_no"], name="fk_subscription_grant_no"
        ),
        sa.ForeignKeyConstraint(["plan_no"], ["plan.plan_no"], name="fk_subscription_plan_no"),
        sa.PrimaryKeyConstraint("subscription_id", name="pk_subscription"),
        sa.UniqueConstraint("grant_no", name="uq_subscription_grant_no"),
    )
    op.create_index("ix_subscription_customer_id", "subscription", ["customer_id"], unique=False)
    op.create_index("ix_subscription_state", "subscription", ["state"], unique=False)
    op.create_table(
        "subscription_notice",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscription.subscription_id"],
            name="fk_subscription_notice_subscription_id",
        ),
        sa.PrimaryKeyConstraint("key", name="pk_subscription_notice"),
    )
    op.create_index(
        "ix_subscription_notice_subscription_id",
        "subscription_notice",
        ["subscription_id"],
        unique=False,
    )


def _create_charges() -> None:
    op.create_table(
        "charge",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("cycle_at", sa.BigInteger(), nullable=False),
        sa.Column("to_plan_no", NUMBER, nullable=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.subscription_id"], name="fk_charge_subscription_id"
        ),
        sa.ForeignKeyConstraint(["to_plan_no"], ["plan.plan_no"], name="fk_charge_to_plan_no"),
        sa.PrimaryKeyConstraint("key", name="pk_charge"),
    )
    op.create_index("ix_charge_answer", "charge", ["answer"], unique=False)
    op.create_index("ix_charge_subscription_id", "charge", ["subscription_id"], unique=False)
    op.create_table(
        "paid_cycle",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("cycle_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("charge_key", sa.Text(), nullable=True),
        sa.Column("paid_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["charge_key"], ["charge.key"], name="fk_paid_cycle_charge_key"),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscription.subscription_id"],
            name="fk_paid_cycle_subscription_id",
        ),
        sa.PrimaryKeyConstraint("subscription_id", "cycle_at", name="pk_paid_cycle"),
        sa.UniqueConstraint("charge_key", name="uq_paid_cycle_charge_key"),
    )


def _create_till() -> None:
    op.create_table(
        "till_payment",
        sa.Column("payment_no", NUMBER, autoincrement=True, nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("means", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscription.subscription_id"],
            name="fk_till_payment_subscription_id",
        ),
        sa.PrimaryKeyConstraint("payment_no", name="pk_till_payment"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_till_payment_subscription_id", "till_payment", ["subscription_id"], unique=False
    )
    op.create_table(
        "till_charge",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payment_no", NUMBER, nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_no"], ["till_payment.payment_no"], name="fk_till_charge_payment_no"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_till_charge"),
        sa.UniqueConstraint("payment_no", name="uq_till_charge_payment_no"),
    )


def _create_simulated_card() -> None:
    op.create_table(
        "simulated_card",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("behaviour", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_simulated_card"),
    )
    op.create_table(
        "simulated_charge",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("is_off_session", sa.SmallInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token"], ["simulated_card.token"], name="fk_simulated_charge_token"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_simulated_charge"),
    )
