"""What is wrong at a lane now, each doubt with the thing that must work again for it to be over.

Law: told once when it begins and once when it is over. A scan that is recorded says nothing about a relay, and a relay
that locks nothing about one that opens.

Source: docs/operations.md, "Logs".
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from scanner.core.lane_state import Lock
from scanner.logs import OnceLog

LOG = logging.getLogger("portillon.lane")


def _once() -> OnceLog:
    return OnceLog(LOG)


@dataclass(frozen=True, slots=True)
class LaneDoubts:
    """Of one lane, by what is in doubt."""

    recording: OnceLog = field(default_factory=_once)
    contacts: OnceLog = field(default_factory=_once)
    opening: OnceLog = field(default_factory=_once)
    locking: OnceLog = field(default_factory=_once)

    def about(self, action: object) -> OnceLog:
        """The doubts about moving the arm so."""
        return self.locking if isinstance(action, Lock) else self.opening

    @property
    def open_codes(self) -> tuple[str, ...]:
        """Everything that is not over, in alphabetical order."""
        logs = (self.recording, self.contacts, self.opening, self.locking)
        return tuple(sorted({code for log in logs for code in log.open_codes}))
