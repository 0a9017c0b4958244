"""A step that is no step is our own mistake, and is told as one."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.core.rehearsal import _do_at_lane


def test_a_step_that_no_lane_knows_is_our_mistake() -> None:
    nothing: Any = object()
    with pytest.raises(RuntimeError, match="no lane can"):
        _do_at_lane(nothing, {})
