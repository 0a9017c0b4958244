"""The central's tables of subscriptions: plans, who subscribed, what was charged, what the two payment adapters keep.

Law: as `server_stub.store.tables`. A cycle is paid at most once: `paid_cycle` has one row for it, by its primary key. A
charge is recorded under its key before the provider is asked, and answered once. The adapters' tables are theirs:
nothing else reads them.

Source: docs/model-b.md; docs/membership-rules.md, "Billing".
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, SmallInteger, Table, Text

from server_stub.store.columns import METADATA, NUMBER

plan = Table(
    "plan",
    METADATA,
    Column("plan_no", NUMBER, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("type_no", NUMBER, ForeignKey("ticket_type.type_no"), nullable=False),
    Column("period_amount", BigInteger, nullable=False),
    Column("period_unit", Text, nullable=False),
    Column("minimum_cycles", BigInteger, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("grace_days", BigInteger, nullable=False),
    Column("when_unpaid", Text, nullable=False),
    Column("admits", SmallInteger, nullable=False),
    Column("benefit_grace", SmallInteger, nullable=False),
    Column("needs_renewal_notice", SmallInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
"""A `Plan`; never changed, so that what somebody subscribed to stays what it was."""

subscription = Table(
    "subscription",
    METADATA,
    Column("subscription_id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customer.customer_id"), nullable=False),
    Column("plan_no", NUMBER, ForeignKey("plan.plan_no"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("method", Text, nullable=True),
    Column("state", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=True),
    Column("started_at", BigInteger, nullable=True),
    Column("anchor_at", BigInteger, nullable=True),
    Column("paid_cycles", BigInteger, nullable=False),
    Column("minimum_until", BigInteger, nullable=True),
    Column("ends_at", BigInteger, nullable=True),
    Column("credit_minor", BigInteger, nullable=False),
    Column("grant_no", NUMBER, ForeignKey("access_grant.grant_no"), nullable=True, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "customer_id"),
    Index(None, "state"),
)
"""A `Subscription`, its customer, how it is paid (``method``: what the provider calls the card), and its right."""

charge = Table(
    "charge",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("subscription_id", Text, ForeignKey("subscription.subscription_id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("cycle_at", BigInteger, nullable=False),
    Column("to_plan_no", NUMBER, ForeignKey("plan.plan_no"), nullable=True),
    Column("provider", Text, nullable=False),
    Column("method", Text, nullable=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("answer", Text, nullable=False),
    Column("answered_at", BigInteger, nullable=True),
    Index(None, "subscription_id"),
    Index(None, "answer"),
)
"""One request for money: ``purpose`` cycle | upgrade, ``answer`` unknown | succeeded | declined."""

paid_cycle = Table(
    "paid_cycle",
    METADATA,
    Column("subscription_id", Text, ForeignKey("subscription.subscription_id"), primary_key=True),
    Column("cycle_at", BigInteger, primary_key=True, autoincrement=False),
    Column("charge_key", Text, ForeignKey("charge.key"), nullable=True, unique=True),
    Column("paid_at", BigInteger, nullable=False),
)
"""``charge_key`` null: a credit covered it."""

subscription_notice = Table(
    "subscription_notice",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("subscription_id", Text, ForeignKey("subscription.subscription_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=True),
    Column("sent_at", BigInteger, nullable=True),
    Index(None, "subscription_id"),
)
"""What the customer must be told, and what must be given back (``refund_due``, with its amount). ``sent_at``: when its
letter went; null = it waits, or there is no address."""

order_charge = Table(
    "order_charge",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("order_id", Text, ForeignKey("customer_order.order_id"), nullable=False),
    Column("method", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("answer", Text, nullable=False),
    Column("answered_at", BigInteger, nullable=True),
    Index(None, "order_id"),
    Index(None, "answer"),
)
"""One request for the money of an order: ``answer`` unknown | succeeded | declined."""

till_payment = Table(
    "till_payment",
    METADATA,
    Column("payment_no", NUMBER, primary_key=True, autoincrement=True),
    Column("subscription_id", Text, ForeignKey("subscription.subscription_id"), nullable=False),
    Column("means", Text, nullable=False),
    Column("reference", Text, nullable=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Index(None, "subscription_id"),
    sqlite_autoincrement=True,
)
"""Of the manual adapter: cash and transfers as staff recorded them."""

till_charge = Table(
    "till_charge",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("payment_no", NUMBER, ForeignKey("till_payment.payment_no"), nullable=True, unique=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""Of the manual adapter: what became of each request. ``payment_no``: the payment it took; null = nothing lay there."""

simulated_card = Table(
    "simulated_card",
    METADATA,
    Column("token", Text, primary_key=True),
    Column("behaviour", Text, nullable=False),
    Column("last4", Text, nullable=False),
)
"""Of the simulated card: a card's number is not kept."""

simulated_charge = Table(
    "simulated_charge",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("token", Text, ForeignKey("simulated_card.token"), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("is_off_session", SmallInteger, nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""Of the simulated card: what really became of each request, whether or not its answer was heard."""
