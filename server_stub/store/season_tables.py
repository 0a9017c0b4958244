"""The central's tables of seats: seasons, who has which seat, what differs at one match, renewal campaigns.

Law: as `server_stub.store.tables`. A seat of a season stands in one row, and so does a seat at one event: their
primary keys are what makes it impossible to sell it twice, whoever asks, from whichever process. A charge is recorded
under its key before the provider is asked, and answered once.

Source: docs/model-c.md; docs/membership-rules.md, "Seasons and seats", "Transfers", "Campaigns".
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Text

from server_stub.store.columns import (
    NUMBER,
    counted,
    flag,
    instant,
    ref,
    ref_text,
    table,
    text,
    whole,
)

season = table(
    "season",
    counted("season_no"),
    text("name", unique=True),
    Column("scope_no", NUMBER, ForeignKey("scope.scope_no"), nullable=False, unique=True),
    ref("card_type_no", "ticket_type.type_no"),
    ref("match_type_no", "ticket_type.type_no"),
    text("first_day"),
    text("last_day"),
    ref("follows_no", "season.season_no", nullable=True),
    whole("cut_off_hours"),
    flag("allows_retransfer"),
    instant("created_at"),
)
"""Its matches are those of its scope. ``card_type_no``: sold for all of them, ``match_type_no``: for one.
``follows_no``: the season whose holders may renew into this one."""

season_seat = table(
    "season_seat",
    ref("season_no", "season.season_no", primary=True),
    Column("seat", Text, primary_key=True),
    flag("is_on_map"),
    text("state"),
    Column("customer_id", Text, ForeignKey("customer.customer_id"), nullable=True),
    instant("held_until", nullable=True),
    Column("ticket_id", Text, ForeignKey("ticket.ticket_id"), nullable=True),
    text("method", nullable=True),
    Index(None, "ticket_id"),
)
"""A `Holding`: at most one owner or hold a seat. ``ticket_id``: the card, or the draft that holds it; a claim of a
renewal has none. ``method``: what the provider calls the card that a renewal is charged to."""

event_scope = table(
    "event_scope",
    ref("event_no", "event.event_no", primary=True),
    Column("scope_no", NUMBER, ForeignKey("scope.scope_no"), nullable=False, unique=True),
)
"""The scope that has only this event: what a ticket for one match is for."""

event_seat = table(
    "event_seat",
    ref("event_no", "event.event_no", primary=True),
    Column("seat", Text, primary_key=True),
    Column("ticket_id", Text, ForeignKey("ticket.ticket_id"), nullable=True),
    instant("held_until", nullable=True),
    Column("released_by", Text, ForeignKey("ticket.ticket_id"), nullable=True),
    Index(None, "ticket_id"),
    Index(None, "released_by"),
)
"""Who has a seat at one event: one admitting right. ``ticket_id`` null: whoever ``released_by`` has, gave it to public
sale. ``held_until``: it is only in somebody's cart."""

seat_ticket = table(
    "seat_ticket",
    Column("ticket_id", Text, ForeignKey("ticket.ticket_id"), primary_key=True),
    ref("season_no", "season.season_no"),
    text("seat"),
    ref("event_no", "event.event_no", nullable=True),
    flag("is_per_event"),
    flag("was_received"),
    Column("card_ticket_id", Text, ForeignKey("ticket.ticket_id"), nullable=True),
    Index(None, "event_no"),
    Index(None, "card_ticket_id"),
)
"""A ticket with a seat: for one event, or (null) for the season. ``is_per_event``: a season handed out as one ticket a
match; those name it in ``card_ticket_id``. ``was_received``: by a transfer."""

seat_right = table(
    "seat_right",
    Column("ticket_id", Text, ForeignKey("ticket.ticket_id"), primary_key=True),
    ref("event_no", "event.event_no", primary=True),
    text("state"),
    text("seat", nullable=True),
    text("flags", nullable=True),
    Column("offered_to", Text, ForeignKey("customer.customer_id"), nullable=True),
    Column("to_ticket_id", Text, ForeignKey("ticket.ticket_id"), nullable=True),
    Index(None, "to_ticket_id"),
)
"""An `EventSeat` that differs from its ticket; no row = ``own``. ``to_ticket_id``: the recipient's or the buyer's."""

grant_event = table(
    "grant_event",
    ref("grant_no", "access_grant.grant_no", primary=True),
    ref("event_no", "event.event_no", primary=True),
    text("seat", nullable=True),
    text("deny_reason", nullable=True),
    text("flags", nullable=True),
    whole("version"),
)
"""What differs for a right at one event, column for column as in the snapshot: a pure function of `seat_right`."""

seat_credit = table(
    "seat_credit",
    Column("ticket_id", Text, ForeignKey("ticket.ticket_id"), primary_key=True),
    ref("event_no", "event.event_no", primary=True),
    whole("amount_minor"),
    text("currency"),
    instant("at"),
)
"""What a holder is to be given for a match that was sold for them: once."""

seat_upgrade = table(
    "seat_upgrade",
    Column("ticket_id", Text, ForeignKey("ticket.ticket_id"), primary_key=True),
    ref("event_no", "event.event_no", primary=True),
    whole("amount_minor"),
    text("currency"),
    text("paid_by"),
    instant("at"),
    instant("undone_at", nullable=True),
)
"""What was paid so that a ticket is no concession at one match. ``undone_at``: the money was given back."""

waiting = table(
    "waiting",
    ref("season_no", "season.season_no", primary=True),
    Column("seat", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customer.customer_id"), primary_key=True),
    instant("at"),
)
"""Who would like a seat that somebody else has."""

campaign = table(
    "campaign",
    counted("campaign_no"),
    text("name", unique=True),
    ref("season_no", "season.season_no"),
    text("mode"),
    text("state"),
    whole("price_minor"),
    text("currency"),
    instant("charge_at", nullable=True),
    text("priority_ends_on"),
    flag("keeps_codes"),
    instant("created_at"),
)
"""A `Campaign`: the holders of the season before are asked for ``season_no``."""

campaign_member = table(
    "campaign_member",
    ref("campaign_no", "campaign.campaign_no", primary=True),
    Column("seat", Text, primary_key=True),
    ref_text("ticket_id", "ticket.ticket_id"),
    ref_text("customer_id", "customer.customer_id"),
    text("choice"),
    text("link", unique=True),
    flag("is_released"),
    Column("new_ticket_id", Text, ForeignKey("ticket.ticket_id"), nullable=True),
    flag("is_superseded"),
    Index(None, "ticket_id"),
)
"""A `Member`. ``ticket_id``: the old card. ``link``: the secret of the pay link. ``is_superseded``: the old
card's code is to be revoked when the new season starts."""

campaign_charge = table(
    "campaign_charge",
    Column("key", Text, primary_key=True),
    ref("campaign_no", "campaign.campaign_no"),
    text("seat"),
    text("provider"),
    text("method", nullable=True),
    whole("amount_minor"),
    text("currency"),
    instant("asked_at"),
    text("answer"),
    instant("answered_at", nullable=True),
    flag("is_refund_due"),
    Index(None, "campaign_no", "seat"),
    Index(None, "answer"),
)
"""One request for a renewal's money. ``is_refund_due``: it came when the seat could not be renewed any more."""
