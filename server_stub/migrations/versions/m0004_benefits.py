"""Prices, tags, segments, entitlements, shops, and customers who sign in."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes them; what was sold before costs 0 and was sold at the desk."""
    _widen_sales()
    _create_tags()
    _create_conditions()
    _create_shops()
    _create_logins()


def _widen_sales() -> None:
    for name in ("price_minor", "fee_minor"):
        op.add_column(
            "ticket_type", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
        )
    op.add_column(
        "customer_order",
        sa.Column("channel", sa.Text(), nullable=False, server_default="desk"),
    )
    for name in ("shop", "agreed", "paid_by"):
        op.add_column("customer_order", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("customer_order", sa.Column("shown_hmac", sa.LargeBinary(), nullable=True))
    op.add_column(
        "ticket", sa.Column("code_kind", sa.Text(), nullable=False, server_default="signed")
    )
    op.add_column("ticket", sa.Column("renews", sa.Text(), nullable=True))
    op.add_column("ticket", sa.Column("refunded_at", sa.BigInteger(), nullable=True))


def _create_tags() -> None:
    op.create_table(
        "type_tag",
        sa.Column("type_no", NUMBER, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("expiry", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=True),
        *_references("type_tag", {"type_no": "ticket_type.type_no"}, ["type_no", "tag"]),
    )
    of_customer = {"customer_id": "customer.customer_id"}
    op.create_table(
        "tag_assignment",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        *_references("tag_assignment", of_customer, ["customer_id", "tag", "source"]),
    )
    op.create_index("ix_tag_assignment_source", "tag_assignment", ["source"])
    op.create_index("ix_tag_assignment_tag", "tag_assignment", ["tag"])
    op.create_table(
        "customer_attribute",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        *_references("customer_attribute", of_customer, ["customer_id", "name"]),
    )


def _create_conditions() -> None:
    op.create_table(
        "segment",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_segment"),
    )
    op.create_table(
        "entitlement",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("is_active", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_entitlement"),
    )


def _create_shops() -> None:
    op.create_table(
        "shop",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("segments", sa.Text(), nullable=False),
        sa.Column("unlock", sa.Text(), nullable=False),
        sa.Column("secret_hmac", sa.LargeBinary(), nullable=True),
        sa.Column("opens_at", sa.BigInteger(), nullable=True),
        sa.Column("closes_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_shop"),
    )
    op.create_table(
        "shop_type",
        sa.Column("shop", sa.Text(), nullable=False),
        sa.Column("type_no", NUMBER, nullable=False),
        *_references(
            "shop_type",
            {"shop": "shop.name", "type_no": "ticket_type.type_no"},
            ["shop", "type_no"],
        ),
    )


def _create_logins() -> None:
    op.create_table(
        "customer_login",
        sa.Column("login_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("code_hmac", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("login_id", name="pk_customer_login"),
    )
    op.create_index("ix_customer_login_email", "customer_login", ["email"])
    op.create_table(
        "customer_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        *_references("customer_session", {"customer_id": "customer.customer_id"}, ["token_hash"]),
    )
    op.create_index("ix_customer_session_customer_id", "customer_session", ["customer_id"])


def _references(
    table: str, targets: dict[str, str], primary: Iterable[str]
) -> list[sa.ForeignKeyConstraint | sa.PrimaryKeyConstraint]:
    """The keys of a table: each column's target, and its primary key."""
    return [
        *(
            sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")
            for column, target in targets.items()
        ),
        sa.PrimaryKeyConstraint(*primary, name=f"pk_{table}"),
    ]
