"""How an older ledger file becomes one of today's format: the only user of sqlite-utils at the gate.

Law: imported only when a migration is due, because sqlite-utils takes longer to import than the gate takes to start.
A migration and its record are one transaction; a migration that was ever released is never edited.

Source: docs/ledger.md, "Formats".
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from sync.ledger_format import APPLICATION_ID, FORMAT, schema_sql

ledger_migrations = Migrations("ledger")


@ledger_migrations()
def m001_facts_and_whose_they_are(db: Database) -> None:
    """Make format 1. Its text moves here, frozen, on the day a format 2 exists."""
    for statement in schema_sql():
        db.conn.execute(statement)
    db.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.conn.execute("PRAGMA user_version = 1")


def apply_migrations(connection: sqlite3.Connection) -> None:
    """Bring the file behind this connection to today's format."""
    ledger_migrations.apply(Database(connection))
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found != FORMAT:
        raise RuntimeError(f"migrations end at format {found}, not {FORMAT}")
