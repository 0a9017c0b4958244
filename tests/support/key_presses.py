"""Presses of keys, as the kernel hands them over: what a keyboard wedge sends."""

from __future__ import annotations

from hardware.key_events import EV_KEY, EV_SYN, EVENT, PLAIN, SHIFTED

LEFT_SHIFT = 42


def event(kind: int, code: int, value: int) -> bytes:
    """One event."""
    return EVENT.pack(0, 0, kind, code, value)


def press(code: int) -> bytes:
    """A key down and up again, each with its report."""
    report = event(EV_SYN, 0, 0)
    return event(EV_KEY, code, 1) + report + event(EV_KEY, code, 0) + report


def typed(text: str) -> bytes:
    """All the events of a text."""
    plain = {char: code for code, char in reversed(PLAIN.items())}
    shifted = {char: code for code, char in reversed(SHIFTED.items())}
    return b"".join(press(plain[c]) if c in plain else _with_shift(press(shifted[c])) for c in text)


def _with_shift(presses: bytes) -> bytes:
    return event(EV_KEY, LEFT_SHIFT, 1) + presses + event(EV_KEY, LEFT_SHIFT, 0)
