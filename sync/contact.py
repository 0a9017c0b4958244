"""One contact as it is done: the steps of `sync.session` over a real line, a real ledger and a real cache.

Law: `sync.session` decides, this performs; every fault becomes an event. Nothing is stored that was not verified, and
nothing that was stored is taken back.

Source: docs/sync.md, "One contact".
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from scanner.core.errors import CentralError, GateError
from sync.bundle import known_vector
from sync.cache import Cache
from sync.client import CentralClient, Identity
from sync.clock_proof import Asked, Clock, TimeProof, verify_time
from sync.device import Device, save_device
from sync.device_key import Signer
from sync.durable import save_atomically
from sync.fetching import fetch_snapshot
from sync.holding import Hold
from sync.outbox import Outbox
from sync.report import ContactReport, fault_of
from sync.session import (
    DeviceAnswered,
    Erased,
    Event,
    Failed,
    NothingRecorded,
    Receipted,
    Session,
    SnapshotHeld,
    SnapshotVerified,
    Step,
    TimeAnswered,
    advance,
)
from sync.settings import SyncSettings
from sync.trust import SignedFetcher
from sync.wire import DeviceReply, DeviceState, Exchange, TimeReply, encode_message

if TYPE_CHECKING:
    # sqlite-utils is slow to import (and brings numpy along): only the worker that opens the file does
    from sync.peers import Peers

TIME_PATH = "/v1/time"
DEVICE_PATH = "/v1/device"
SCANS_PATH = "/v1/scans"
CHALLENGE_BYTES = 24
PROOF_BYTES = 4_096

PROVES_NOTHING = frozenset({"central_key_unknown", "time_too_slow"})
"""Faults of signed time with which a contact goes on: newer keys or the next contact mend them."""


class Files(NamedTuple):
    """What a contact reads and writes. ``outbox`` is None before the gate's first start."""

    cache: Cache
    peers: Peers
    outbox: Outbox | None


@dataclass(slots=True)
class _Seen:
    """What there is to report."""

    state: str = ""
    proven_now_ms: int | None = None
    has_new_snapshot: bool = False
    held_snapshot: Hold | None = None
    held: int = 0
    sent: int = 0
    rejected: int = 0
    peer_facts: int = 0


@dataclass(slots=True)
class Contact:
    """One contact of an enrolled device."""

    settings: SyncSettings
    clock: Clock
    device: Device
    signer: Signer
    files: Files
    is_snapshot_due: bool = True
    is_thorough: bool = False
    """See whether the base in use is still whole."""
    known_state: str | None = None
    """What the central thought of this device a moment ago: then time and state are not asked for again."""
    _seen: _Seen = field(default_factory=_Seen)

    def run(self) -> ContactReport:
        """Do it, from the first question to the last answer."""
        session = self._begin()
        url = self.settings.central_url or self.device.central_url
        identity = Identity(self.device.device, self.signer)
        pin = self.device.tls_spki_sha256
        with CentralClient(url, self.settings, self.clock, identity, pin) as client:
            if session.step is Step.EXCHANGE:
                client.judge_certificates_at(self._reference_ms())
            steps: dict[Step, Callable[[CentralClient, Session], Event]] = {
                Step.TIME: self._ask_time,
                Step.DEVICE: self._ask_device,
                Step.ERASE: self._erase,
                Step.EXCHANGE: self._exchange,
                Step.SNAPSHOT: self._fetch,
            }
            while session.step is not Step.END:
                session = advance(session, self._perform(steps[session.step], client, session))
        return self._report(session)

    def _begin(self) -> Session:
        current = self.files.cache.current()
        receipt = None
        if (outbox := self.files.outbox) is not None:
            receipt = self.files.peers.receipt(outbox.device, outbox.epoch)
            self._seen.held = outbox.head().seq
        is_brief = self.known_state is not None and current is not None
        self._seen.state = self.known_state or ""
        return Session(
            step=Step.EXCHANGE if is_brief else Step.TIME,
            have=receipt.have if receipt else 0,
            snapshot_seq=current.seq if current else 0,
            is_snapshot_due=self.is_snapshot_due or current is None,
        )

    @staticmethod
    def _perform(
        step: Callable[[CentralClient, Session], Event], client: CentralClient, session: Session
    ) -> Event:
        try:
            return step(client, session)
        except GateError as error:
            return Failed(fault_of(error))

    def _ask_time(self, client: CentralClient, _session: Session) -> Event:
        challenge = secrets.token_urlsafe(CHALLENGE_BYTES)
        sent = self.clock.monotonic_ms()
        path = f"{TIME_PATH}?nonce={challenge}"
        reply = client.call("GET", path, TimeReply, is_signed=False)
        asked = Asked(
            nonce=challenge,
            boot=self.clock.boot_id(),
            sent_mono_ms=sent,
            received_mono_ms=self.clock.monotonic_ms(),
        )
        try:
            proof = verify_time(reply, asked, self.device.public_keys())
        except CentralError as error:
            if error.code not in PROVES_NOTHING:
                raise
            return TimeAnswered(fault_of(error))
        save_atomically(self.settings.time_path, msgspec.json.encode(proof))
        self._seen.proven_now_ms = proof.now_ms
        client.judge_certificates_at(proof.now_ms)
        return TimeAnswered()

    def _ask_device(self, client: CentralClient, _session: Session) -> Event:
        reply = client.call("GET", DEVICE_PATH, DeviceReply)
        if reply.device != self.device.device:
            raise CentralError(
                "device_reply_wrong",
                "the central answered about another device; nothing of it is used",
                "look at the central's log, and for a caching proxy on the way",
            )
        self._seen.state = reply.state[:32]
        if reply.state == DeviceState.ACTIVE and reply.peppers:
            papers = {"peppers": reply.peppers, "event_master": reply.event_master}
            self._keep(msgspec.structs.replace(self.device, **papers))
        return DeviceAnswered(
            is_revoked=reply.state == DeviceState.REVOKED,
            is_quarantined=reply.state == DeviceState.QUARANTINED,
        )

    def _erase(self, _client: CentralClient, _session: Session) -> Event:
        self.device = erase_site(self.settings, self.device, self.files.peers)
        return Erased()

    def _exchange(self, client: CentralClient, session: Session) -> Event:
        outbox = self.files.outbox
        if outbox is None:
            return NothingRecorded()
        outbox.require_device(self.device.device)
        batch = outbox.build_batch(session.have, self.signer, self._vector(outbox))
        exchange = client.call("POST", SCANS_PATH, Exchange, encode_message(batch))
        outbox.verify_receipt(exchange.receipt, self.device.public_keys())
        self.files.peers.apply_exchange(exchange)
        self._seen.held = outbox.head().seq
        self._seen.sent += len(batch.rows)
        self._seen.rejected += len(exchange.rejected)
        self._seen.peer_facts += len(exchange.facts)
        return Receipted(
            have=exchange.receipt.have,
            held=self._seen.held,
            sent=len(batch.rows),
            facts=len(exchange.facts),
            more=exchange.more,
            snapshot_seq=exchange.snapshot_seq,
        )

    def _vector(self, outbox: Outbox) -> dict[tuple[str, str], int]:
        """What is known of other ledgers: by the bases that are kept, and by facts that came since."""
        vector = known_vector(self.files.cache.vector(), self.files.peers.vector())
        vector.pop((outbox.device, outbox.epoch), None)
        return vector

    def _fetch(self, client: CentralClient, _session: Session) -> Event:
        fetched = fetch_snapshot(
            SignedFetcher(client, self.settings.parts_dir),
            self.settings,
            self.device,
            self._reference_ms(),
            is_thorough=self.is_thorough,
        )
        self._keep(fetched.device)
        self._seen.has_new_snapshot |= fetched.is_new
        self._seen.held_snapshot = fetched.held
        return SnapshotVerified(fetched.seq) if fetched.held is None else SnapshotHeld()

    def _reference_ms(self) -> int:
        return reference_ms(self.settings, self.files.cache, self.clock)

    def _keep(self, device: Device) -> None:
        if device != self.device:
            save_device(self.settings.device_path, device)
            self.device = device

    def _report(self, session: Session) -> ContactReport:
        return ContactReport(
            at_ms=self.clock.now_ms(),
            device=self.device.device,
            site=self.device.site,
            state=self._seen.state,
            proven_now_ms=self._seen.proven_now_ms,
            snapshot_seq=session.snapshot_seq,
            has_new_snapshot=self._seen.has_new_snapshot,
            held_snapshot=self._seen.held_snapshot,
            have=session.have,
            held=self._seen.held,
            sent=self._seen.sent,
            rejected=self._seen.rejected,
            peer_facts=self._seen.peer_facts,
            is_unfinished=not session.is_drained,
            retry_after_s=session.retry_after_s,
            faults=session.faults,
        )


def erase_site(settings: SyncSettings, device: Device, peers: Peers) -> Device:
    """Forget what a revoked device holds of its site; its name, receipts and signed facts stay.

    Raises:
        StoreError: the disk.
    """
    revoked = msgspec.structs.replace(device, peppers={}, event_master=None, is_revoked=True)
    save_device(settings.device_path, revoked)
    cache = Cache(settings.cache_dir)
    with cache.turn():
        cache.erase()
    peers.erase_facts()
    return revoked


def load_proof(settings: SyncSettings) -> TimeProof | None:
    """The newest signed time, of whatever boot."""
    try:
        with settings.time_path.open("rb") as file:
            return msgspec.json.decode(file.read(PROOF_BYTES), type=TimeProof)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def reference_ms(settings: SyncSettings, cache: Cache, clock: Clock) -> int:
    """Signed time where there was one in this boot, else the newest instant that is known to have passed.

    Signed time may be earlier than that: a central whose clock was a year ahead, and was mended, is believed again.
    """
    current, proof = cache.current(), load_proof(settings)
    now = proof.now_at(clock.boot_id(), clock.monotonic_ms()) if proof else None
    if now is not None:
        return now
    return max(current.created_at if current else 0, proof.now_ms if proof else 0)
