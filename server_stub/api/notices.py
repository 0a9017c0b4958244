"""Telling gates at once: one stream a gate, held open, that says "there is something new".

Law: a notice says that there is something, never what: the gate asks, and what it gets is signed. A held stream costs
no thread. One look at the database serves all streams: at once when this process took facts or published, and every
`LOOK_S` while somebody listens, because another process may share the database. A stream that begins tells nothing of
what was before: its gate asks once when it begins.

Source: docs/sync-protocol.md, "Notices"; WHATWG HTML, "Server-sent events".
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field

from scanner.core.errors import GateError
from server_stub.central import Central
from server_stub.publishing.publisher import load_newest_seq
from server_stub.store.changes import load_facts_counts
from sync.wire import HEART_BEAT_S, NoticeKind, encode_notice

LOOK_S = 0.2
HEART_BEAT = b":\n\n"
_LOG = logging.getLogger("portillon.central")


@dataclass(frozen=True, slots=True)
class Newest:
    """What there is: the newest snapshot, and how many batches for others each device has sent."""

    snapshot_seq: int = 0
    facts: Mapping[str, int] = field(default_factory=dict)

    def of_others(self, device: str) -> int:
        """Batches of everybody else."""
        return sum(count for name, count in self.facts.items() if name != device)


def news(device: str, before: Newest, now: Newest) -> Iterator[bytes]:
    """The events for a device that was told of ``before``."""
    if now.snapshot_seq != before.snapshot_seq:
        yield encode_notice(NoticeKind.SNAPSHOT, now.snapshot_seq)
    if now.of_others(device) != before.of_others(device):
        yield encode_notice(NoticeKind.FACTS, now.of_others(device))


class Notices:
    """The streams of one running server. Everything but `stir` belongs to its event loop."""

    def __init__(self, central: Central) -> None:
        self._central = central
        self._newest = Newest()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looking: asyncio.Task[None] | None = None
        self._stirred = asyncio.Event()
        self._changed = asyncio.Event()
        self._listeners = 0
        self._is_closed = False

    def stir(self) -> None:
        """Something happened: look at once. From any thread."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # that loop has ended, and its streams with it
                loop.call_soon_threadsafe(self._stirred.set)

    def close(self) -> None:
        """End every stream, so that the server may end."""
        self._is_closed = True
        self._tell()

    async def stream(self, device: str) -> AsyncIterator[bytes]:
        """The events for a device, until it goes away or the server ends."""
        told = await self._join()
        try:
            yield HEART_BEAT
            while not self._is_closed:
                changed = self._changed
                if told is self._newest:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(changed.wait(), HEART_BEAT_S)
                events = b"".join(news(device, told, self._newest))
                told = self._newest
                if events or not changed.is_set():
                    yield events or HEART_BEAT
        finally:
            self._leave()

    async def _join(self) -> Newest:
        self._loop = asyncio.get_running_loop()
        if not self._listeners:
            self._newest = await asyncio.to_thread(self._load)
        self._listeners += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        return self._newest

    def _leave(self) -> None:
        self._listeners -= 1
        if not self._listeners and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _look(self) -> None:
        has_failed = False
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), LOOK_S)
            self._stirred.clear()
            try:
                found = await asyncio.to_thread(self._load)
            except GateError as error:
                if not has_failed:
                    _LOG.error("%s", error, extra={"code": error.code})
                has_failed = True
                continue
            has_failed = False
            if found != self._newest:
                self._newest = found
                self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _load(self) -> Newest:
        with self._central.database.read() as connection:
            return Newest(load_newest_seq(connection), load_facts_counts(connection))
