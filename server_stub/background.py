"""The publisher beside the server: what was sold or revoked reaches the gates without anybody asking.

Law: it publishes when rights changed (by this process or another), and at least every ``refresh_s`` so that a gate can
tell an unchanged site from a dead central. It rests as long as a quick publication took, so that a revocation is soon
with the gates, and ten times as long as a slow one, so that a big site is not always publishing. A failed publication
is said once, tried again, and never stops the server.

Source: docs/central.md, "Publishing".
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from sqlalchemy import select

from scanner.core.errors import GateError
from scanner.core.units import SECOND_MS
from server_stub.central import Central
from server_stub.changes import load_rights_count
from server_stub.publisher import publish
from server_stub.tables import publication

QUICK_S = 0.5
REST_FACTOR = 10
"""After a publication that was not quick."""
_LOG = logging.getLogger("portillon.central.publisher")


class BackgroundPublisher:
    """A thread that publishes.

    Args:
        every_s: how often it looks for changes.
        refresh_s: how old the newest publication may get without changes.
        tell: called after each publication.
    """

    def __init__(
        self,
        central: Central,
        every_s: float,
        refresh_s: float,
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        self._central = central
        self._every_s = every_s
        self._refresh_ms = refresh_s * SECOND_MS
        self._tell = tell
        self._stopped = threading.Event()
        self._has_failed = False
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Looks at once, then at every interval."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the publication under way; may be called twice."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        rest_s = 0.0
        while not self._stopped.wait(rest_s):
            began = self._central.clock.monotonic_ms()
            self._look()
            took_s = (self._central.clock.monotonic_ms() - began) / SECOND_MS
            factor = 1 if took_s <= QUICK_S else REST_FACTOR
            rest_s = max(self._every_s, factor * took_s)

    def _look(self) -> None:
        try:
            if self._is_due():
                made = publish(self._central)
                self._tell()
                _LOG.info("published", extra={"snapshot_seq": made.seq, "grants": made.grants})
        except GateError as error:
            if not self._has_failed:
                _LOG.error("%s", error, extra={"code": error.code})
            self._has_failed = True
            return
        if self._has_failed:
            _LOG.info("publishing works again")
        self._has_failed = False

    def _is_due(self) -> bool:
        with self._central.database.read() as connection:
            newest = connection.execute(
                select(publication).order_by(publication.c.snapshot_seq.desc()).limit(1)
            ).first()
            changed = load_rights_count(connection)
        if newest is None or newest.rights_count != changed:
            return True
        return bool(self._central.clock.now_ms() - newest.created_at >= self._refresh_ms)
