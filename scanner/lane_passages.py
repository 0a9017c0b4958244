"""The codes before a lane and the bodies on their way through: what is one presentation, what a passage ends.

Law: a code whose passage is pending is the same presentation, however long it is held up; once the arm did not turn,
its next read is a new scan. What became of a grant is recorded under the grant's own number. An exit that the disk
would not take is written down after its passage, as there is no number yet that a report could name.

Source: docs/architecture.md, "The life of a scan"; docs/decisions.md, "Lane modes".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from scanner import notices
from scanner.core.events import FactKind
from scanner.core.presentation import Presentations
from scanner.core.units import Direction, MonoMs, Seq
from scanner.lane_notebook import Draft, Notebook
from scanner.ports import LookupsPort

UNRECORDED = Seq(0)
"""The grant of an exit that the disk would not take; facts count from 1."""


class Passages:
    """Of one lane."""

    def __init__(
        self,
        lookups: LookupsPort,
        book: Notebook,
        publish: Callable[[notices.Notice], None],
    ) -> None:
        self._lookups = lookups
        self._book = book
        self._publish = publish
        self._shown = Presentations(debounce_ms=lookups.policy.debounce_ms)
        self._pending: dict[Seq, tuple[bytes, Direction]] = {}
        self._unwritten: Draft | None = None

    def is_same(self, cleaned: bytes, direction: Direction, now: MonoMs) -> bool:
        """True for a read that is no new scan."""
        debounce_ms = self._lookups.policy.debounce_ms
        if debounce_ms != self._shown.debounce_ms:
            self._shown = replace(self._shown, debounce_ms=debounce_ms)
        is_same, self._shown = self._shown.see(cleaned, direction, now)
        return is_same

    def await_passage(self, seq: Seq, cleaned: bytes, direction: Direction) -> None:
        """The arm opens for this code."""
        self._pending[seq] = (cleaned, direction)
        self._shown = self._shown.awaiting(cleaned, direction)

    def write_later(self, draft: Draft) -> None:
        """The arm opens for an exit that could not be recorded."""
        self._unwritten = draft

    def passed(self, seq: Seq, persons: int) -> None:
        """Somebody went through."""
        if seq != UNRECORDED:
            self._book.note(FactKind.PASSED, refers_to=seq, persons=persons)
        self._publish(notices.passed(seq, persons))

    def not_passed(self, seq: Seq, persons: int) -> None:
        """Nobody went through: what was counted is given back, and the code may be shown again at once."""
        if seq == UNRECORDED:
            self._unwritten = None
        else:
            self._book.note(FactKind.NOT_PASSED, refers_to=seq, persons=persons)
        held = self._pending.pop(seq, None)
        if held is not None:
            self._shown = self._shown.forget(*held)
        self._publish(notices.not_passed(seq, persons))

    def over(self, seq: Seq) -> None:
        """The grant has ended; its code is a new presentation after the debounce time, or at once if given back."""
        if self._pending.pop(seq, None) is not None:
            self._shown = self._shown.passed()
        if seq == UNRECORDED and self._unwritten is not None:
            draft, self._unwritten = self._unwritten, None
            self._book.write(draft)
