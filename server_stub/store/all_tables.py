"""Every table of the central, for the migrations and for whoever compares them with a database.

Law: a file of tables that is not named here is not there: the tests compare this with what the migrations make.
"""

from __future__ import annotations

from server_stub.store import (
    benefit_tables,
    columns,
    retention_tables,
    season_tables,
    staff_tables,
    subscription_tables,
    tables,
)

MODULES = (
    tables,
    staff_tables,
    benefit_tables,
    subscription_tables,
    season_tables,
    retention_tables,
)
METADATA = columns.METADATA
