"""A sign: one thing a technician looks at, with a light, a sentence and what to do.

Law: values. A colour never stands alone: each light has an icon and a word. The worst light is the gate's.

Source: docs/hardware.md, "Health".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from scanner.texts.health_texts import HINTS, SAYS

Value = str | int
"""A whole number is told as the reader's language writes it."""


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
    """``text`` names its sentence and hint in `scanner.texts.health_texts`, ``values`` fill their places.

    ``told``: sentence and hint of a fault, in its own words, where it has no such name.
    """

    name: str
    light: Light
    text: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    told: tuple[str, str] = ("", "")

    @property
    def says(self) -> str:
        """One sentence, in English."""
        values = {key: f"{v:,}" if isinstance(v, int) else v for key, v in self.values.items()}
        return SAYS[self.text].format(**values) if self.text else self.told[0]

    @property
    def hint(self) -> str:
        """What to do, in English; empty where there is nothing."""
        known = HINTS.get(self.text, "") if self.text else self.told[1]
        return known if self.light else ""


def good(name: str, text: str, **values: Value) -> Sign:
    """Nothing to do."""
    return Sign(name, Light.GREEN, text, values)


def look(name: str, text: str, **values: Value) -> Sign:
    """It works, and somebody should look."""
    return Sign(name, Light.AMBER, text, values)


def bad(name: str, text: str, **values: Value) -> Sign:
    """It does not work, or soon will not."""
    return Sign(name, Light.RED, text, values)


def failed(name: str, says: str, hint: str) -> Sign:
    """It could not be looked at: the fault's own words."""
    return Sign(name, Light.RED, told=(says, hint))


def worst(signs: Iterable[Sign]) -> Light:
    """The light of them all."""
    return max((sign.light for sign in signs), default=Light.GREEN)
