"""Which of the codes in view is the visitor's: a ticket beside a poster, a card beside a price tag.

Law: pure. Ticket syntax or a key the snapshot knows decides, never "the first"; of several such codes the largest. A
code that is neither is answered only after it was in view for `PATIENCE_MS` without a better one, so that a frame in
which only the poster could be read refuses nobody.

Source: docs/decoding.md, "Several codes in one picture".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scanner.core.credential import clean
from scanner.reading.candidate import Candidate, bounds

TICKET_PREFIXES = (b"TK1:", b"TR1:")
PATIENCE_MS = 300
"""How long a code that says nothing to this gate must be in view before it is answered."""
COMPANY_MS = 1_000
"""For so long after the visitor's own code was seen, other codes beside it are nobody's."""
OUT_OF_VIEW_MS = 1_200
"""A code that was not read for so long has left; patience begins anew. A lane in which nothing moves is looked at only
twice a second, and a code may be missed once."""


class Choice:
    """Remembers what has been in view."""

    def __init__(self, is_known: Callable[[Candidate], bool]) -> None:
        self._is_known = is_known
        self._own_seen_ms: int | None = None
        self._strangers: dict[bytes, tuple[int, int]] = {}

    def of(self, candidates: Sequence[Candidate], now_ms: int) -> Candidate | None:
        """The candidate to decide on now, or None."""
        own = [c for c in candidates if is_ticket(c) or self._is_known(c)]
        if own:
            self._own_seen_ms = now_ms
            self._strangers.clear()
            return max(own, key=lambda c: (bounds(c.quad).area, c.payload))
        return self._patient(candidates, now_ms)

    def _patient(self, candidates: Sequence[Candidate], now_ms: int) -> Candidate | None:
        if self._own_seen_ms is not None and now_ms - self._own_seen_ms < COMPANY_MS:
            return None
        self._strangers = {
            payload: (since, last)
            for payload, (since, last) in self._strangers.items()
            if now_ms - last < OUT_OF_VIEW_MS
        }
        ripe = []
        for candidate in candidates:
            since, _last = self._strangers.get(candidate.payload, (now_ms, now_ms))
            self._strangers[candidate.payload] = (since, now_ms)
            if now_ms - since >= PATIENCE_MS:
                ripe.append(candidate)
        return max(ripe, key=lambda c: (bounds(c.quad).area, c.payload), default=None)


def is_ticket(candidate: Candidate) -> bool:
    """True for the syntax of a signed or rotating ticket (a forged one too: it must be answered as such)."""
    return clean(candidate.payload).startswith(TICKET_PREFIXES)
