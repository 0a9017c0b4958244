"""How many examples a property judges: as many as the profile says, or a multiple of that."""

from __future__ import annotations

from typing import Any

from hypothesis import settings


def examples(times: float, **others: Any) -> settings:
    """So many times the profile's number of examples, at least one: less for a property that writes files, more where
    every bug so far was rare.
    """
    return settings(max_examples=max(1, round(settings.default.max_examples * times)), **others)
