"""The central's tables of what is left when facts are purged.

Law: as `server_stub.store.tables`. A fact is in its own row, or in these sums, never in both and never in neither. No
row of `daily_count` can be led back to a right, a code or a person; `kept_tally` holds what a right has used up,
because a pass must not become new when its facts are old.

Source: docs/privacy.md, "How long"; docs/central.md, "Tables".
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Text

from server_stub.store.columns import counted, table, text, whole

daily_count = table(
    "daily_count",
    Column("day", Text, primary_key=True),
    Column("gate_no", BigInteger, primary_key=True, autoincrement=False),
    Column("type_no", BigInteger, primary_key=True, autoincrement=False),
    Column("outcome", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    whole("scans"),
    whole("entries"),
    whole("persons"),
    whole("charged"),
    whole("given_back"),
    whole("exits"),
)
"""One business day of one gate; ``type_no`` 0 = unknown, ``outcome`` and ``reason`` empty = none. ``scans``: answers of
the gate itself; the rest as in a report."""

kept_tally = table(
    "kept_tally",
    counted("kept_no"),
    whole("grant_no", nullable=True),
    text("key", nullable=True),
    whole("zone_no"),
    text("counts"),
    Index(None, "grant_no"),
    Index(None, "key"),
)
"""What purged facts had counted, of a right or of a code that had none, in one zone; ``counts`` as in a base."""
