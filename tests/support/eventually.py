"""Waiting for what another thread or process will do, with a deadline."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

_STEP_S = 0.005


def eventually(claim: Callable[[], bool], within_s: float = 10.0) -> bool:
    """True as soon as the claim holds; False when it never did."""
    pause = Event()
    for _ in range(int(within_s / _STEP_S)):
        if claim():
            return True
        pause.wait(_STEP_S)
    return claim()
