"""Faults: what went wrong, by whose fault, and what to do about it.

Law: a refusal is a value (`scanner.core.reasons`), a fault is one of these. Each has a stable ``code`` with an
anchor in docs/troubleshooting.md. A message names the thing, the value with ``!r``, the limit with its unit and what
the gate does now; the hint is the fix. Never a payload, a whole key or a person's name.

Source: docs/troubleshooting.md.
"""

from __future__ import annotations


class GateError(Exception):
    """A fault with a stable code.

    Args:
        code: lower_snake, unique, never renamed; the anchor in docs/troubleshooting.md.
        message: what, where, limit.
        hint: what to do.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(code, message, hint)
        self.code = code
        self.message = message
        self.hint = hint

    def told(self) -> dict[str, str]:
        """As whoever asked over a socket or a pipe gets it."""
        return {"code": self.code, "message": self.message, "hint": self.hint}

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]" + (f"\n  → {self.hint}" if self.hint else "")


class InputError(GateError):
    """Bytes from outside that are not what they should be."""


class ConfigError(GateError):
    """The installer's files."""


class DeviceError(GateError):
    """A cable, a camera, a pin."""


class StoreError(GateError):
    """The disk or a database file."""


class CentralError(GateError):
    """The central or the network on the way to it."""
