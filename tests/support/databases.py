"""The databases that the central must work on: the conformance suite runs every test of it on each."""

from __future__ import annotations

from collections.abc import Callable

NewDatabase = Callable[[], str | None]
"""Makes a fresh database and gives its address; None = the SQLite file in the central's folder."""
