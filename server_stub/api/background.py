"""The publisher beside the server: what was sold or revoked reaches the gates without anybody asking.

Law: it publishes when rights changed (by this process or another), and at least every ``refresh_s`` so that a gate can
tell an unchanged site from a dead central. It rests as long as a publication took. Where it is known which rights were
touched it rests no longer, so that a revocation is soon with the gates; before it builds everything once more it rests
ten times as long as that took, so that a big site is not always publishing. A base that is due is renewed in a thread
of its own, so that no revocation waits for it. A failed publication is said once, tried again, and never stops the
server.

Source: docs/central.md, "Publishing".
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable

from sqlalchemy import select

from scanner.core.errors import GateError
from scanner.core.units import SECOND_MS
from server_stub.central import Central
from server_stub.publishing.base_renewal import renew_base
from server_stub.publishing.publisher import Publication, publish
from server_stub.store.changes import load_changed_grants, load_rights_count
from server_stub.store.tables import publication
from sync.delta import ROWS_MOST

QUICK_S = 0.5
REST_FACTOR = 10
"""After everything was built, and that was not quick."""
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
        self._whole_from_ms = 0.0
        self._renewal: threading.Thread | None = None
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Looks at once, then at every interval."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the publication and the renewal under way; may be called twice."""
        self._stopped.set()
        for thread in (self._thread, self._renewal):
            if thread is not None and thread.is_alive():
                thread.join()

    def _run(self) -> None:
        rest_s = 0.0
        while not self._stopped.wait(rest_s):
            began = self._central.clock.monotonic_ms()
            made = self._look()
            now = self._central.clock.monotonic_ms()
            took_s = (now - began) / SECOND_MS
            if made is not None and made.is_whole and took_s > QUICK_S:
                self._whole_from_ms = now + REST_FACTOR * took_s * SECOND_MS
            rest_s = max(self._every_s, took_s)

    def _look(self) -> Publication | None:
        try:
            made = publish(self._central) if self._is_due() else None
            if made is not None:
                self._tell()
                self._renew_if_due(made)
                told = {"snapshot_seq": made.seq, "grants": made.grants, "rows": made.delta_rows}
                _LOG.info("published", extra=told)
        except GateError as error:
            if not self._has_failed:
                _LOG.error("%s", error, extra={"code": error.code})
            self._has_failed = True
            return None
        if self._has_failed:
            _LOG.info("publishing works again")
        self._has_failed = False
        return made

    def _renew_if_due(self, made: Publication) -> None:
        is_at_it = self._renewal is not None and self._renewal.is_alive()
        if made.is_base_due and not is_at_it:
            self._renewal = threading.Thread(target=self._renew, name="renewal", daemon=True)
            self._renewal.start()

    def _renew(self) -> None:
        try:
            base = renew_base(self._central)
        except (GateError, OSError, sqlite3.Error) as error:
            # the next publication asks for it again
            _LOG.warning("no new base: %s", error)
            return
        if base is not None:
            _LOG.info("base renewed", extra={"snapshot_seq": base.seq, "grants": base.rows})

    def _is_due(self) -> bool:
        with self._central.database.read() as connection:
            newest = connection.execute(
                select(publication).order_by(publication.c.snapshot_seq.desc()).limit(1)
            ).first()
            if newest is None:
                return True
            count = load_rights_count(connection)
            known = load_changed_grants(connection, newest.rights_count, ROWS_MOST)
        if known is None and self._central.clock.monotonic_ms() < self._whole_from_ms:
            return False
        if newest.rights_count != count:
            return True
        return bool(self._central.clock.now_ms() - newest.created_at >= self._refresh_ms)
