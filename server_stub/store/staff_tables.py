"""Staff: their accounts, their sessions, and what they asked for once.

Law: no password, no token and no code is stored readable.

Source: docs/central.md, "Tables".
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Text

from server_stub.store.columns import flag, instant, table, text

staff_account = table(
    "staff_account",
    Column("name", Text, primary_key=True),
    text("role"),
    text("password_argon2"),
    flag("must_change"),
    instant("created_at"),
    instant("disabled_at", nullable=True),
)
"""Who may use the API, and as what (`StaffRole`). ``must_change``: the password is a one-time one."""

staff_session = table(
    "staff_session",
    Column("token_hash", LargeBinary, primary_key=True),
    Column("name", Text, ForeignKey("staff_account.name"), nullable=False),
    instant("created_at"),
    instant("expires_at"),
    Index(None, "name"),
)
"""Who is signed in; of the token only its SHA-256 is here."""

idempotency = table(
    "idempotency",
    Column("staff", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_sha256", LargeBinary, nullable=False),
    Column("sealed_answer", LargeBinary, nullable=False),
    instant("at"),
    Index(None, "at"),
)
"""What was answered to a request that must not happen twice. The answer may hold a code, so it is sealed."""
