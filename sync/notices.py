"""Hearing at once that there is something new: a stream from the central, held open by a thread of its own.

Law: a notice only wakes the worker, which asks; what it gets is verified as ever. So a false notice costs one exchange,
a lost one costs at most the next poll, and without a stream (an older central, a proxy that buffers) polling goes on.
A stream that was lost is begun again after a random wait (`sync.backoff`); the worker is woken when one begins, because
nobody tells what was missed.

Source: docs/sync.md, "Notices"; docs/sync-protocol.md, "Notices".
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Self

import msgspec

from scanner.core.errors import GateError
from sync.backoff import delay_s
from sync.central_faults import LineError, RefusedError
from sync.client import CentralClient, Identity
from sync.clock_proof import Clock
from sync.contact import load_proof
from sync.device import Device, load_device
from sync.device_key import load_signer
from sync.push_state import PushState, forget_push, save_push
from sync.settings import SyncSettings
from sync.wire import HEART_BEAT_S, NoticeReader

NOTICES_PATH = "/v1/notices"
SILENCE_S = 3 * HEART_BEAT_S
"""A stream without a heart-beat for this long is dead."""
NOT_YET_S = 1.0
"""How often a device that cannot listen yet (not enrolled, no signed time in this boot) looks whether it can."""

_LOG = logging.getLogger("portillon.sync")
_DICE = random.SystemRandom()


class Listener:
    """The stream of one gate; ``wake`` is called for each notice, from the listener's thread."""

    def __init__(self, settings: SyncSettings, clock: Clock, wake: Callable[[], None]) -> None:
        self._settings = replace(settings, read_timeout_s=SILENCE_S)
        self._clock = clock
        self._wake = wake
        self._stopped = threading.Event()
        self._client: CentralClient | None = None
        self._failures = 0
        self._push: PushState | None = None
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        """Ends the stream. A name look-up under way is left behind: nothing can cut it."""
        self._stopped.set()
        forget_push(self._settings.push_path)
        client = self._client
        if client is not None:
            client.cut()

    def _run(self) -> None:
        while not self._stopped.wait(self._turn()):
            pass

    def _turn(self) -> float:
        """Listen for as long as it goes; seconds until the next try."""
        try:
            device = load_device(self._settings.device_path)
            now_ms = self._signed_now_ms()
            if device is None or device.is_revoked or now_ms is None:
                return NOT_YET_S
            with self._opened(device, now_ms) as client:
                self._listen(client)
        except GateError as error:
            return self._pause_s(error)
        return NOT_YET_S

    def _signed_now_ms(self) -> int | None:
        """The central's time of this boot; None before the first contact."""
        proof = load_proof(self._settings)
        now = (self._clock.boot_id(), self._clock.monotonic_ms())
        return None if proof is None else proof.now_at(*now)

    @contextlib.contextmanager
    def _opened(self, device: Device, now_ms: int) -> Iterator[CentralClient]:
        url = self._settings.central_url or device.central_url
        identity = Identity(device.device, load_signer(self._settings.key_path))
        pin = device.tls_spki_sha256
        with CentralClient(url, self._settings, self._clock, identity, pin) as client:
            client.judge_certificates_at(now_ms)
            self._client = client
            try:
                yield client
            finally:
                self._client = None

    def _listen(self, client: CentralClient) -> None:
        reader = NoticeReader()
        for piece in client.listen(NOTICES_PATH):
            if self._stopped.is_set():
                return
            is_begun = self._push is None or not self._push.is_connected
            is_told = bool(reader.feed(piece))
            self._note(is_told=is_told)
            if is_begun:
                _LOG.info("notices: listening")
                self._failures = 0
            if is_begun or is_told:
                self._wake()

    def _note(self, *, is_told: bool) -> None:
        """The stream is open and has just been heard."""
        now_ms, before = self._clock.now_ms(), self._push
        if before is None or not before.is_connected:
            told_ms = None if before is None else before.told_at_ms
            before = PushState(is_connected=True, since_ms=now_ms, told_at_ms=told_ms)
        told_ms = now_ms if is_told else before.told_at_ms
        self._save(msgspec.structs.replace(before, heard_at_ms=now_ms, told_at_ms=told_ms))

    def _note_lost(self, code: str) -> None:
        """There is no stream: the central is polled."""
        now_ms, before = self._clock.now_ms(), self._push
        if before is None:
            self._save(PushState(is_connected=False, since_ms=now_ms, code=code))
        elif before.is_connected or before.code != code:
            since_ms = now_ms if before.is_connected else before.since_ms
            self._save(
                msgspec.structs.replace(before, is_connected=False, since_ms=since_ms, code=code)
            )

    def _save(self, state: PushState) -> None:
        self._push = state
        if not self._stopped.is_set():
            save_push(self._settings.push_path, state)

    def _pause_s(self, error: GateError) -> float:
        is_new = self._push is None or self._push.is_connected
        if is_new and not self._stopped.is_set():
            _LOG.info("notices: polling (%s)", error.code, extra={"code": error.code})
        self._note_lost(error.code)
        self._failures += 1
        asked_s = error.retry_after_s if isinstance(error, RefusedError) else 0.0
        wait_s = delay_s(self._failures, _DICE.random(), asked_s)
        # a central that was heard and gives no stream is asked again when it would be polled
        return wait_s if isinstance(error, LineError) else max(wait_s, self._settings.poll_s)
