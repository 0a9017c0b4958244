"""The floor: the shortest honest Python for the same work, that every figure of a scan stands beside.

Law: verify an Ed25519 signature, one indexed look-up, one insert with a durable commit (WAL, FULL). SQLite as it comes
otherwise. Nothing here is tuned down: a shorter honest way belongs here at once.

Source: docs/performance.md, "Floor".
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MESSAGE = bytes(90)
"""As long as what a ticket's signature is over."""

BODY = {
    "at": 1_761_000_000_000,
    "device": "gate3",
    "epoch": "eeeeeeeeeeeeeeeeeeeeee",
    "gate_no": 3,
    "key": "00112233445566778899aabbccddeeff",
    "outcome": "SUCCESS",
    "reason": "OK",
    "zone_no": 1,
}


class Floor:
    """One signature, ``grants`` rows to look in, one table to insert into."""

    def __init__(self, folder: Path, grants: int) -> None:
        private = Ed25519PrivateKey.generate()
        self._public = private.public_key()
        self._signature = private.sign(MESSAGE)
        self._snapshot = _connect(folder / "floor-snapshot.db")
        self._ledger = _connect(folder / "floor-ledger.db")
        chance = Random(7)
        rows = [(chance.randbytes(16), number, 1, 0) for number in range(grants)]
        self._snapshot.execute("CREATE TABLE held (key BLOB PRIMARY KEY, grant_no, rule_no, until)")
        self._snapshot.execute("BEGIN")
        self._snapshot.executemany("INSERT INTO held VALUES (?, ?, ?, ?)", rows)
        self._snapshot.execute("COMMIT")
        self._ledger.execute("CREATE TABLE happened (seq INTEGER PRIMARY KEY, body TEXT)")
        self._keys = [key for key, *_ in chance.sample(rows, min(grants, 2_000))]
        self._turn = 0

    def verify(self) -> None:
        """The bare signature check."""
        self._public.verify(self._signature, MESSAGE)

    def scan(self) -> None:
        """The whole floor."""
        self._public.verify(self._signature, MESSAGE)
        self._turn += 1
        key = self._keys[self._turn % len(self._keys)]
        found = self._snapshot.execute("SELECT * FROM held WHERE key = ?", (key,)).fetchone()
        body = json.dumps(BODY | {"grant_no": found[1]})
        self._ledger.execute("INSERT INTO happened (body) VALUES (?)", (body,))

    def close(self) -> None:
        """Let go of the files."""
        self._snapshot.close()
        self._ledger.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection
