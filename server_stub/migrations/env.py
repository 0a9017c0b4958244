"""Runs the migrations on the connection that `server_stub.store.database` hands over, in its one transaction."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from server_stub.store.all_tables import METADATA

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
