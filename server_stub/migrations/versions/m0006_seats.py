"""Seasons and their seats, who has which at which match, and renewal campaigns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes them."""
    _create_seasons()
    _create_season_seats()
    _create_matches()
    _create_seat_tickets()
    _create_exceptions()
    _create_campaigns()
    _create_members()


def _create_seasons() -> None:
    op.create_table(
        "season",
        sa.Column("season_no", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope_no", NUMBER, nullable=False),
        sa.Column("card_type_no", NUMBER, nullable=False),
        sa.Column("match_type_no", NUMBER, nullable=False),
        sa.Column("first_day", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("follows_no", NUMBER, nullable=True),
        sa.Column("cut_off_hours", sa.BigInteger(), nullable=False),
        sa.Column("allows_retransfer", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_type_no"], ["ticket_type.type_no"], name="fk_season_card_type_no"
        ),
        sa.ForeignKeyConstraint(["follows_no"], ["season.season_no"], name="fk_season_follows_no"),
        sa.ForeignKeyConstraint(
            ["match_type_no"], ["ticket_type.type_no"], name="fk_season_match_type_no"
        ),
        sa.ForeignKeyConstraint(["scope_no"], ["scope.scope_no"], name="fk_season_scope_no"),
        sa.PrimaryKeyConstraint("season_no", name="pk_season"),
        sa.UniqueConstraint("name", name="uq_season_name"),
        sa.UniqueConstraint("scope_no", name="uq_season_scope_no"),
        sqlite_autoincrement=True,
    )


def _create_season_seats() -> None:
    op.create_table(
        "season_seat",
        sa.Column("season_no", NUMBER, nullable=False),
        sa.Column("seat", sa.Text(), nullable=False),
        sa.Column("is_on_map", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("held_until", sa.BigInteger(), nullable=True),
        sa.Column("ticket_id", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.customer_id"], name="fk_season_seat_customer_id"
        ),
        sa.ForeignKeyConstraint(
            ["season_no"], ["season.season_no"], name="fk_season_seat_season_no"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.ticket_id"], name="fk_season_seat_ticket_id"
        ),
        sa.PrimaryKeyConstraint("season_no", "seat", name="pk_season_seat"),
    )
    op.create_index("ix_season_seat_ticket_id", "season_seat", ["ticket_id"], unique=False)
    op.create_table(
        "waiting",
        sa.Column("season_no", NUMBER, nullable=False),
        sa.Column("seat", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.customer_id"], name="fk_waiting_customer_id"
        ),
        sa.ForeignKeyConstraint(["season_no"], ["season.season_no"], name="fk_waiting_season_no"),
        sa.PrimaryKeyConstraint("season_no", "seat", "customer_id", name="pk_waiting"),
    )


def _create_matches() -> None:
    op.create_table(
        "event_scope",
        sa.Column("event_no", NUMBER, nullable=False),
        sa.Column("scope_no", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["event_no"], ["event.event_no"], name="fk_event_scope_event_no"),
        sa.ForeignKeyConstraint(["scope_no"], ["scope.scope_no"], name="fk_event_scope_scope_no"),
        sa.PrimaryKeyConstraint("event_no", name="pk_event_scope"),
        sa.UniqueConstraint("scope_no", name="uq_event_scope_scope_no"),
    )
    op.create_table(
        "event_seat",
        sa.Column("event_no", NUMBER, nullable=False),
        sa.Column("seat", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=True),
        sa.Column("held_until", sa.BigInteger(), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["event_no"], ["event.event_no"], name="fk_event_seat_event_no"),
        sa.ForeignKeyConstraint(
            ["released_by"], ["ticket.ticket_id"], name="fk_event_seat_released_by"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.ticket_id"], name="fk_event_seat_ticket_id"
        ),
        sa.PrimaryKeyConstraint("event_no", "seat", name="pk_event_seat"),
    )
    op.create_index("ix_event_seat_released_by", "event_seat", ["released_by"], unique=False)
    op.create_index("ix_event_seat_ticket_id", "event_seat", ["ticket_id"], unique=False)
    op.create_table(
        "seat_credit",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("event_no", NUMBER, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["event_no"], ["event.event_no"], name="fk_seat_credit_event_no"),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.ticket_id"], name="fk_seat_credit_ticket_id"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "event_no", name="pk_seat_credit"),
    )


def _create_seat_tickets() -> None:
    op.create_table(
        "seat_ticket",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("season_no", NUMBER, nullable=False),
        sa.Column("seat", sa.Text(), nullable=False),
        sa.Column("event_no", NUMBER, nullable=True),
        sa.Column("is_per_event", sa.SmallInteger(), nullable=False),
        sa.Column("was_received", sa.SmallInteger(), nullable=False),
        sa.Column("card_ticket_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["card_ticket_id"], ["ticket.ticket_id"], name="fk_seat_ticket_card_ticket_id"
        ),
        sa.ForeignKeyConstraint(["event_no"], ["event.event_no"], name="fk_seat_ticket_event_no"),
        sa.ForeignKeyConstraint(
            ["season_no"], ["season.season_no"], name="fk_seat_ticket_season_no"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.ticket_id"], name="fk_seat_ticket_ticket_id"
        ),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_seat_ticket"),
    )
    op.create_index(
        "ix_seat_ticket_card_ticket_id", "seat_ticket", ["card_ticket_id"], unique=False
    )
    op.create_index("ix_seat_ticket_event_no", "seat_ticket", ["event_no"], unique=False)


def _create_exceptions() -> None:
    op.create_table(
        "seat_right",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("event_no", NUMBER, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("seat", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=True),
        sa.Column("offered_to", sa.Text(), nullable=True),
        sa.Column("to_ticket_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["event_no"], ["event.event_no"], name="fk_seat_right_event_no"),
        sa.ForeignKeyConstraint(
            ["offered_to"], ["customer.customer_id"], name="fk_seat_right_offered_to"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.ticket_id"], name="fk_seat_right_ticket_id"
        ),
        sa.ForeignKeyConstraint(
            ["to_ticket_id"], ["ticket.ticket_id"], name="fk_seat_right_to_ticket_id"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "event_no", name="pk_seat_right"),
    )
    op.create_index("ix_seat_right_to_ticket_id", "seat_right", ["to_ticket_id"], unique=False)
    op.create_table(
        "grant_event",
        sa.Column("grant_no", NUMBER, nullable=False),
        sa.Column("event_no", NUMBER, nullable=False),
        sa.Column("seat", sa.Text(), nullable=True),
        sa.Column("deny_reason", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["event_no"], ["event.event_no"], name="fk_grant_event_event_no"),
        sa.ForeignKeyConstraint(
            ["grant_no"], ["access_grant.grant_no"], name="fk_grant_event_grant_no"
        ),
        sa.PrimaryKeyConstraint("grant_no", "event_no", name="pk_grant_event"),
    )


def _create_campaigns() -> None:
    op.create_table(
        "campaign",
        sa.Column("campaign_no", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("season_no", NUMBER, nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("charge_at", sa.BigInteger(), nullable=True),
        sa.Column("priority_ends_on", sa.Text(), nullable=False),
        sa.Column("keeps_codes", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["season_no"], ["season.season_no"], name="fk_campaign_season_no"),
        sa.PrimaryKeyConstraint("campaign_no", name="pk_campaign"),
        sa.UniqueConstraint("name", name="uq_campaign_name"),
        sqlite_autoincrement=True,
    )


def _create_members() -> None:
    op.create_table(
        "campaign_member",
        sa.Column("campaign_no", NUMBER, nullable=False),
        sa.Column("seat", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("is_released", sa.SmallInteger(), nullable=False),
        sa.Column("new_ticket_id", sa.Text(), nullable=True),
        sa.Column("is_superseded", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_no"], ["campaign.campaign_no"], name="fk_campaign_member_campaign_no"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.customer_id"], name="fk_campaign_member_customer_id"
        ),
        sa.ForeignKeyConstraint(
            ["new_ticket_id"], ["ticket.ticket_id"], name="fk_campaign_member_new_ticket_id"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.ticket_id"], name="fk_campaign_member_ticket_id"
        ),
        sa.PrimaryKeyConstraint("campaign_no", "seat", name="pk_campaign_member"),
        sa.UniqueConstraint("link", name="uq_campaign_member_link"),
    )
    op.create_index("ix_campaign_member_ticket_id", "campaign_member", ["ticket_id"], unique=False)
    op.create_table(
        "campaign_charge",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("campaign_no", NUMBER, nullable=False),
        sa.Column("seat", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("is_refund_due", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_no"], ["campaign.campaign_no"], name="fk_campaign_charge_campaign_no"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_campaign_charge"),
    )
    op.create_index("ix_campaign_charge_answer", "campaign_charge", ["answer"], unique=False)
    op.create_index(
        "ix_campaign_charge_campaign_no_seat",
        "campaign_charge",
        ["campaign_no", "seat"],
        unique=False,
    )
