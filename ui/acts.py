"""What a person can do from the console: each act with its question, its fields and what is asked of the gate.

Law: a table and nothing else. Every act that moves the arm, changes the lane or loses something asks first, names its
author and takes a PIN; the gate proves both, the console is not trusted.

Source: docs/console.md, "Acts"; docs/architecture.md, "Control socket".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Act:
    """``do`` and ``fields`` are what the gate is asked. ``takes_why``: a few words are recorded.

    ``takes_way``: it turns the arm one way, so a lane of two is asked which.
    """

    name: str
    do: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    takes_why: bool = False
    takes_way: bool = False


ACTS: dict[str, Act] = {
    act.name: act
    for act in (
        Act("accept", "answer", {"answer": "accept"}),
        Act("refuse", "answer", {"answer": "refuse"}),
        Act("force", "answer", {"answer": "force"}, takes_why=True),
        Act("release", "release", takes_why=True, takes_way=True),
        Act("pulse", "pulse", takes_way=True),
        Act("normal", "mode", {"mode": "normal"}),
        Act("closed", "mode", {"mode": "closed"}),
        Act("free", "mode", {"mode": "free"}),
        Act("lamps", "lamps"),
        Act("roll_back", "roll_back"),
        Act("wipe", "wipe"),
    )
}
