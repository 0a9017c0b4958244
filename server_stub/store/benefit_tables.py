"""The central's tables of benefits: tags, segments, entitlements, shops, and customers who sign in.

Law: as `server_stub.store.tables`. A tag is never stored as present, a segment never as a list of people: both are
judged when asked. Codes that open a shop or a session are kept as HMAC or SHA-256 only.

Source: docs/central.md, "Tables"; docs/membership-rules.md.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)

from server_stub.store.columns import METADATA, NUMBER

type_tag = Table(
    "type_tag",
    METADATA,
    Column("type_no", NUMBER, ForeignKey("ticket_type.type_no"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("expiry", Text, nullable=False),
    Column("after", Text, nullable=True),
)
"""What a ticket type pins on its buyer: a `TagRule`."""

plan_tag = Table(
    "plan_tag",
    METADATA,
    Column("plan_no", NUMBER, ForeignKey("plan.plan_no"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("expiry", Text, nullable=False),
    Column("after", Text, nullable=True),
)
"""What a plan pins on its subscribers: a `TagRule`."""

event_attribute = Table(
    "event_attribute",
    METADATA,
    Column("event_no", NUMBER, ForeignKey("event.event_no"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

tag_assignment = Table(
    "tag_assignment",
    METADATA,
    Column("customer_id", Text, ForeignKey("customer.customer_id"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("granted_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=True),
    Index(None, "source"),
    Index(None, "tag"),
)
"""``source``: ``ticket:ID`` or ``subscription:ID``, a pure function of what was sold; or ``staff``."""

customer_attribute = Table(
    "customer_attribute",
    METADATA,
    Column("customer_id", Text, ForeignKey("customer.customer_id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

segment = Table(
    "segment",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("condition", Text, nullable=False),
)
"""``condition``: a `ConditionForm` as JSON."""

entitlement = Table(
    "entitlement",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("is_active", SmallInteger, nullable=False),
)
"""``body``: an `EntitlementForm` as JSON."""

shop = Table(
    "shop",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("tags", Text, nullable=False),
    Column("segments", Text, nullable=False),
    Column("unlock", Text, nullable=False),
    Column("secret_hmac", LargeBinary, nullable=True),
    Column("opens_at", BigInteger, nullable=True),
    Column("closes_at", BigInteger, nullable=True),
)
"""``tags`` and ``segments``: JSON arrays; any of them is a way in. ``secret_hmac``: of its code or link."""

shop_type = Table(
    "shop_type",
    METADATA,
    Column("shop", Text, ForeignKey("shop.name"), primary_key=True),
    Column("type_no", NUMBER, ForeignKey("ticket_type.type_no"), primary_key=True),
)
"""What a shop sells."""

customer_login = Table(
    "customer_login",
    METADATA,
    Column("login_id", Text, primary_key=True),
    Column("email", Text, nullable=False),
    Column("code_hmac", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("tries", BigInteger, nullable=False),
    Index(None, "email"),
)
"""One-time codes that were sent; a code that was used is gone."""

customer_session = Table(
    "customer_session",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("customer_id", Text, ForeignKey("customer.customer_id"), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "customer_id"),
)
