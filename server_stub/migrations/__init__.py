"""The central's alembic migrations, from the first table on."""
