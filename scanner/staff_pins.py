"""Who speaks at the control socket: an operator of the snapshot, proven by a PIN, with few tries.

Law: called by the callers' own threads and never by the lane's. scrypt is made to be slow (16 MiB, 0.1 s or more, most
on a small computer), and it lets go of the interpreter while it works, so a scan does not wait for it; one PIN is
hashed at a time, so that callers take one processor at most. A PIN goes no further than this: into no fact, log or
reply. An unknown name costs as much as a wrong PIN and is answered with the same words.

Source: docs/architecture.md, "Control socket"; docs/limits.md.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from scanner.core.errors import InputError
from scanner.core.override import Operator
from sync.operator_pins import BLOCK_SIZE, COST, is_pin

WRONG_MAX = 5
"""Wrong PINs in a row for one name before it has to wait."""
WAIT_MS = 5 * 60 * 1_000
"""How long; each further wrong one costs as much again. All PINs of 4 digits would take a month."""

PIN_CHARACTERS = 64
STRANGER = ""
"""All unknown names share one count, so that made-up ones fill no memory."""
NOBODYS_PIN = f"scrypt${COST}${BLOCK_SIZE}${bytes(16).hex()}${bytes(32).hex()}"


class StaffPins:
    """Of one gate. ``operators``: those of the snapshot in use; ``now_ms``: monotonic."""

    def __init__(
        self, operators: Callable[[], Mapping[str, Operator]], now_ms: Callable[[], int]
    ) -> None:
        self._operators = operators
        self._now_ms = now_ms
        self._wrong: dict[str, int] = {}
        self._locked_until: dict[str, int] = {}
        self._one_at_a_time = threading.Lock()

    def identify(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The request without its PIN, with the ``Operator`` who made it in place of the name.

        Raises:
            InputError: ``operator_pin_wrong``, ``operator_must_wait``.
        """
        name, pin = str(body.get("operator")), body.get("pin")
        with self._one_at_a_time:
            operator = self._operators().get(name)
            counted = STRANGER if operator is None else operator.name
            self._require_turn(counted)
            kept = NOBODYS_PIN if operator is None else operator.pin_scrypt
            is_text = isinstance(pin, str) and len(pin) <= PIN_CHARACTERS
            is_right = is_text and is_pin(str(pin), kept)
            if operator is None or not is_right:
                raise self._count_wrong(counted)
            self._wrong.pop(counted, None)
        return {**{key: value for key, value in body.items() if key != "pin"}, "operator": operator}

    def _require_turn(self, name: str) -> None:
        left_ms = self._locked_until.get(name, 0) - self._now_ms()
        if self._wrong.get(name, 0) >= WRONG_MAX and left_ms > 0:
            raise InputError(
                "operator_must_wait",
                f"{self._wrong[name]} wrong PINs in a row; the next is looked at in {-(-left_ms // 1000)} s",
                "wait, or ask another operator; a new PIN is set at the central",
            )

    def _count_wrong(self, name: str) -> InputError:
        self._wrong[name] = self._wrong.get(name, 0) + 1
        self._locked_until[name] = self._now_ms() + WAIT_MS
        return InputError(
            "operator_pin_wrong",
            "the snapshot has no operator of this name with this PIN; nothing was done",
            "type it again; operators are set at the central and come with the next snapshot",
        )
