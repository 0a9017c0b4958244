"""A sign: one thing a technician looks at, with a light, a sentence and what to do.

Law: values. A colour never stands alone: each light has an icon and a word. The worst light is the gate's.

Source: docs/hardware.md, "Health".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Light(IntEnum):
    """How bad it is; the number is the exit code of `portillon doctor`."""

    GREEN = 0
    AMBER = 1
    RED = 2

    @property
    def icon(self) -> str:
        """For those who see no colours."""
        return "✔▲✖"[self.value]

    @property
    def word(self) -> str:
        """For those who see no icons either."""
        return ("good", "look", "bad")[self.value]


@dataclass(frozen=True, slots=True)
class Sign:
    """``says`` is one sentence; ``hint`` what to do, empty where there is nothing."""

    name: str
    light: Light
    says: str
    hint: str = ""


def good(name: str, says: str) -> Sign:
    """Nothing to do."""
    return Sign(name, Light.GREEN, says)


def look(name: str, says: str, hint: str) -> Sign:
    """It works, and somebody should look."""
    return Sign(name, Light.AMBER, says, hint)


def bad(name: str, says: str, hint: str) -> Sign:
    """It does not work, or soon will not."""
    return Sign(name, Light.RED, says, hint)


def worst(signs: Iterable[Sign]) -> Light:
    """The light of them all."""
    return max((sign.light for sign in signs), default=Light.GREEN)
