"""SQLite for SQLAlchemy, as one dialect with one cache of compiled statements for every database of this process.

A central keeps its compiled statements for as long as it runs. A test run opens hundreds of centrals, and compiling the
same statements again for each took a quarter of what their tests cost. Nothing else differs from what is shipped.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite


class OneDialect(SQLiteDialect_pysqlite):
    """However often it is built, the same: the dialect is part of a compiled statement's key."""

    supports_statement_cache = True
    _one: Self | None = None
    _compiled: ClassVar[dict[Any, Any]] = {}

    def __new__(cls, *_arguments: Any, **_named: Any) -> Self:
        if cls._one is None:
            cls._one = super().__new__(cls)
        return cls._one

    def __init__(self, *arguments: Any, **named: Any) -> None:
        if not hasattr(self, "positional"):
            super().__init__(*arguments, **named)

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=cls._compiled)


def share_compiled_statements() -> None:
    """From now on, for every SQLite database that is opened."""
    registry.register("sqlite", __name__, OneDialect.__name__)
