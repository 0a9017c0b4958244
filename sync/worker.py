"""The network side as a process: contact after contact, for as long as it is wanted.

Law: one worker a data folder. A contact that fails is waited out (`sync.backoff`), never given up; a worker that is
killed anywhere leaves whole files. What is wrong is logged once when it begins and once when it is over; the newest
status is in ``peers/status.json``. Never a payload, a key or a secret in a log.

Source: docs/sync.md, "The worker".
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.core.errors import ConfigError, GateError, StoreError
from sync.backoff import delay_s
from sync.cache import Cache
from sync.clock_proof import Clock
from sync.contact import Contact, Files
from sync.device import Device, load_device
from sync.device_key import load_signer
from sync.durable import OWNER_FILE, make_folder
from sync.enrolment import TEXT_BYTES, enrol, parse_invitation
from sync.outbox import Outbox
from sync.report import ContactReport, SyncStatus, fault_of, save_status
from sync.session import Fault
from sync.settings import SyncSettings
from sync.waking import Alarm

if TYPE_CHECKING:
    from sync.peers import Peers

LOOK_FOR_CODE_S = 1.0
"""How often a device that is not enrolled looks for a code that its camera read."""
REFRESH_MS = 10 * 60 * 1_000
"""The repository is looked at this often even if the exchange says that nothing is new: keys may have been changed."""
POLL_JITTER = 0.1
BRIEF_FOR_MS = 30 * 1_000
"""After a whole contact: for so long what it asked for need not be asked again."""
PEERS_UNUSABLE = "peers_unusable"

_LOG = logging.getLogger("portillon.sync")
_DICE = random.SystemRandom()


def run_once(settings: SyncSettings, clock: Clock) -> ContactReport:
    """One contact now, whatever came before.

    Raises:
        StoreError: ``sync_already_running``, ``peers_unusable``.
    """
    with Worker.open(settings, clock) as worker:
        return worker.contact()


def run(settings: SyncSettings, clock: Clock, stop: threading.Event) -> None:
    """Contact after contact until ``stop`` is set.

    Raises:
        StoreError: ``sync_already_running``, ``peers_unusable``.
    """
    from sync.notices import Listener

    with contextlib.ExitStack() as stack:
        worker = stack.enter_context(Worker.open(settings, clock))
        alarm = Alarm(settings.ledger_path, clock, stop, worker.has_unsent)
        stack.enter_context(Listener(settings, clock, alarm.ring))
        is_woken = False
        while not stop.is_set():
            alarm.begin()
            pause_s = worker.turn(is_woken=is_woken)
            is_woken = alarm.wait(pause_s, hears=worker.may_be_told, watches=worker.is_well)


class Worker:
    """What lasts from one contact to the next."""

    def __init__(self, settings: SyncSettings, clock: Clock, peers: Peers) -> None:
        self._settings = settings
        self._clock = clock
        self._peers = peers
        self._cache = Cache(settings.cache_dir)
        self._refreshed_ms: int | None = None
        self._failures = 0
        self._last_ok_at_ms: int | None = None
        self._doubts: frozenset[str] = frozenset()
        self._last: ContactReport | None = None
        self._whole_ms: int | None = None

    @classmethod
    @contextlib.contextmanager
    def open(cls, settings: SyncSettings, clock: Clock) -> Iterator[Worker]:
        """The worker of a data folder, if no other one is at work there."""
        with only_worker(settings.peers_dir):
            worker = cls(settings, clock, _open_peers(settings.peers_path))
            try:
                yield worker
            finally:
                worker.close()

    def close(self) -> None:
        """Close the files. Idempotent."""
        self._peers.close()

    @property
    def is_well(self) -> bool:
        """True after a contact that went well: a failed one is waited out, whatever the gate records meanwhile."""
        return self._last is not None and self._last.is_ok

    def has_unsent(self) -> bool:
        """True when the gate's ledger does not end where it ended at the last contact."""
        try:
            with Outbox.open(self._settings.ledger_path) or contextlib.nullcontext() as outbox:
                held = 0 if self._last is None else self._last.held
                return outbox is not None and outbox.head().seq != held
        except GateError:
            # the next contact tells it
            return False

    @property
    def may_be_told(self) -> bool:
        """True when a central that speaks again need not be waited for: it did not ask for that."""
        return self._last is not None and not self._last.retry_after_s

    def turn(self, *, is_woken: bool = False) -> float:
        """Enrol if there is a code, or make contact. Returns seconds until the next turn.

        Woken a moment after a whole contact, only an exchange is made: time and state were just asked for.
        """
        if not self._is_trusted() and not self._enrol_by_code() and not self._is_enrolled():
            self._tell((_not_enrolled(),))
            return LOOK_FOR_CODE_S
        self._read_letter()
        report = self.contact(is_brief=is_woken)
        if report.is_unfinished and report.is_ok:
            return 0.0
        return self._pause_s(report)

    def contact(self, *, is_brief: bool = False) -> ContactReport:
        """One contact; its status is written."""
        is_brief = is_brief and self._was_whole_just_now()
        report = self._contact(is_brief=is_brief)
        self._last = report
        if report.is_ok and not is_brief:
            self._whole_ms = self._clock.monotonic_ms()
        self._failures = 0 if report.is_ok else self._failures + 1
        if report.is_ok:
            self._last_ok_at_ms = report.at_ms
        self._tell((*report.faults, *report.waiting))
        _log_progress(report)
        if any(fault.code == PEERS_UNUSABLE for fault in report.faults):
            self._reopen_peers()
        self._save_status(report)
        return report

    def _reopen_peers(self) -> None:
        """Opening sees whether it is the disk or the file, and sets a damaged file aside."""
        self._peers.close()
        # while the disk takes nothing the closed one stays, and the next contact comes here again
        with contextlib.suppress(StoreError):
            self._peers = _open_peers(self._settings.peers_path)

    def _was_whole_just_now(self) -> bool:
        if self._whole_ms is None or not self.is_well or self._is_refresh_due():
            return False
        return self._clock.monotonic_ms() - self._whole_ms < BRIEF_FOR_MS

    def _contact(self, *, is_brief: bool) -> ContactReport:
        at_ms = self._clock.now_ms()
        try:
            device = load_device(self._settings.device_path)
            if device is None:
                return ContactReport(at_ms=at_ms, faults=(_not_enrolled(),))
            with Outbox.open(self._settings.ledger_path) or contextlib.nullcontext() as outbox:
                return self._contact_as(device, outbox, is_brief=is_brief)
        except GateError as error:
            return ContactReport(at_ms=at_ms, faults=(fault_of(error),))

    def _contact_as(
        self, device: Device, outbox: Outbox | None, *, is_brief: bool
    ) -> ContactReport:
        is_due = self._is_refresh_due()
        contact = Contact(
            self._settings,
            self._clock,
            device,
            load_signer(self._settings.key_path),
            Files(self._cache, self._peers, outbox),
            is_snapshot_due=is_due,
            # once a process: it reads the whole base, which the lane's disk feels
            is_thorough=self._refreshed_ms is None,
            known_state=self._last.state if is_brief and self._last else None,
        )
        report = contact.run()
        if is_due and report.is_ok:
            self._refreshed_ms = self._clock.monotonic_ms()
        return report

    def _is_refresh_due(self) -> bool:
        if self._refreshed_ms is None:
            return True
        return self._clock.monotonic_ms() - self._refreshed_ms >= REFRESH_MS

    def _is_enrolled(self) -> bool:
        return self._settings.device_path.exists()

    def _is_trusted(self) -> bool:
        """False also for a revoked device: a new code makes it a gate again."""
        try:
            device = load_device(self._settings.device_path)
        except StoreError:
            # the contact tells it
            return True
        return device is not None and not device.is_revoked

    def _enrol_by_code(self) -> bool:
        """Use the code that the gate's camera read, once; True when it made us a gate."""
        path = self._settings.invitation_path
        try:
            with path.open("rb") as file:
                text = file.read(TEXT_BYTES + 1)
            path.unlink()
        except OSError:
            return False
        try:
            invitation = parse_invitation(text, self._settings.central_url)
            device = enrol(invitation, self._settings, self._clock)
        except GateError as error:
            _LOG.warning(error.message, extra={"code": error.code, "hint": error.hint})
            return False
        _LOG.info("enrolled", extra={"site": device.site, "gate": device.gate_no})
        return True

    def _read_letter(self) -> None:
        """Take in what came on a stick."""
        from sync.letters import take_letter

        try:
            letter = take_letter(self._settings, self._peers)
        except GateError as error:
            _LOG.warning(error.message, extra={"code": error.code, "hint": error.hint})
            return
        if letter is not None:
            _LOG.info("letter taken", extra={"have": letter.have, "peer_facts": letter.facts})

    def _pause_s(self, report: ContactReport) -> float:
        roll = _DICE.random()
        poll_s = self._settings.poll_s * (1 - POLL_JITTER * roll)
        if report.is_ok:
            return poll_s
        wait_s = delay_s(self._failures, roll, report.retry_after_s)
        # a central that was heard is asked again at its usual time; a dead line is tried at once
        return wait_s if any(fault.is_line for fault in report.faults) else max(wait_s, poll_s)

    def _tell(self, faults: tuple[Fault, ...]) -> None:
        """Log what is wrong when it begins and when it is over."""
        codes = frozenset(fault.code for fault in faults)
        for fault in faults:
            if fault.code not in self._doubts:
                _LOG.warning(fault.message, extra={"code": fault.code, "hint": fault.hint})
        for code in sorted(self._doubts - codes):
            _LOG.info("over: %s", code, extra={"code": code})
        self._doubts = codes

    def _save_status(self, report: ContactReport) -> None:
        status = SyncStatus(
            report=report, last_ok_at_ms=self._last_ok_at_ms, failures=self._failures
        )
        try:
            save_status(self._settings.status_path, status)
        except StoreError as error:
            _LOG.warning(error.message, extra={"code": error.code, "hint": error.hint})


def _open_peers(path: Path) -> Peers:
    from sync.peers import open_peers

    peers, aside = open_peers(path)
    if aside is not None:
        _LOG.warning("peers.db was damaged", extra={"set_aside": aside.name})
    return peers


def _log_progress(report: ContactReport) -> None:
    if report.sent or report.has_new_snapshot or report.peer_facts:
        _LOG.info(
            "synced",
            extra={
                "sent": report.sent,
                "have": report.have,
                "held": report.held,
                "rejected": report.rejected,
                "peer_facts": report.peer_facts,
                "snapshot": report.snapshot_seq,
            },
        )


def _not_enrolled() -> Fault:
    return fault_of(
        ConfigError(
            "sync_not_enrolled",
            "this device is not enrolled; nothing is sent or fetched",
            "make a code at the central (portillon-central device add), then: portillon enrol CODE",
        )
    )


@contextlib.contextmanager
def only_worker(folder: Path) -> Iterator[None]:
    """Hold the right to write ``cache/`` and ``peers/``; the kernel gives it back whatever happens to us.

    Raises:
        StoreError: ``sync_already_running``.
    """
    handle = os.open(make_folder(folder) / "sync.lock", os.O_RDWR | os.O_CREAT, OWNER_FILE)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(
                "sync_already_running",
                f"another sync is at work in {str(folder.parent)!r}; this one does nothing",
                "stop the other one (systemctl stop portillon-sync), or let it do the work",
            ) from error
        yield
    finally:
        os.close(handle)
