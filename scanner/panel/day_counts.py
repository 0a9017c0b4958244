"""How many came in and went out on this business day, by this lane and by those it heard of.

Law: read-only and by steps: each question reads only the rows that are new. What is given back is taken off. The counts
are for people to look at; what a right has left is counted elsewhere (`scanner.core.tally`).

Source: docs/console.md, "Lane screen"; docs/decisions.md, "Counting".
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from scanner.core.units import Instant

Ledger = tuple[str, str]
"""Device and epoch."""

_MOVED = """
SELECT sum(CASE WHEN way = 'in' THEN n ELSE 0 END), sum(CASE WHEN way = 'out' THEN n ELSE 0 END)
FROM (
  SELECT
    CASE b ->> 'kind' WHEN 'NOT_PASSED' THEN -coalesce(b ->> 'persons', 1) ELSE coalesce(b ->> 'persons', 1) END AS n,
    CASE b ->> 'kind' WHEN 'NOT_PASSED' THEN
      (SELECT CASE WHEN json_valid(g.body) THEN g.body ->> 'movement' END FROM fact AS g
       WHERE g.seq = b ->> 'refers_to' {given})
    ELSE b ->> 'movement' END AS way
  FROM (SELECT CASE WHEN json_valid(body) THEN body ELSE '{{}}' END AS b FROM fact
        WHERE seq > :after AND seq <= :newest {mine})
  WHERE b ->> 'at' >= :since
)
"""
_OF_LEDGER = "AND {0}device = :device AND {0}epoch = :epoch"
MOVED = _MOVED.format(given="", mine="")
MOVED_AT_PEERS = _MOVED.format(given=_OF_LEDGER.format("g."), mine=_OF_LEDGER.format(""))
NEWEST = "SELECT '', '', max(seq) FROM fact HAVING max(seq) IS NOT NULL"
NEWEST_OF_PEERS = "SELECT device, epoch, max(seq) FROM fact GROUP BY 1, 2"


class Came(NamedTuple):
    """Persons."""

    entries: int = 0
    exits: int = 0

    @property
    def inside(self) -> int:
        """Never below nobody: a lane that was not heard of may have let them in."""
        return max(0, self.entries - self.exits)


NOBODY = Came()


@dataclass(slots=True)
class DayCounts:
    """Of one gate; ``ledger`` and ``peers`` are files of others."""

    ledger: Path
    peers: Path
    day_start: Callable[[], Instant]
    _since: int = -1
    _after: dict[Ledger, int] = field(default_factory=dict)
    _came: Came = NOBODY

    def count(self) -> Came:
        """As of now."""
        since = self.day_start()
        if since != self._since:
            self._since, self._after, self._came = since, {}, Came()
        self._read(self.ledger, NEWEST, MOVED)
        self._read(self.peers, NEWEST_OF_PEERS, MOVED_AT_PEERS)
        return self._came

    def _read(self, path: Path, newest_sql: str, moved_sql: str) -> None:
        """A file that cannot be read adds nothing; whoever needs it says so."""
        with contextlib.suppress(sqlite3.Error), closing(_connect(path)) as connection:
            for device, epoch, newest in connection.execute(newest_sql).fetchall():
                of = {"device": device, "epoch": epoch, "newest": newest, "since": self._since}
                after = self._after.get((device, epoch), 0)
                entries, exits = connection.execute(moved_sql, {**of, "after": after}).fetchone()
                self._after[device, epoch] = newest
                came = self._came
                self._came = Came(came.entries + (entries or 0), came.exits + (exits or 0))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=0.5
    )
    connection.execute("PRAGMA query_only = ON")
    return connection
