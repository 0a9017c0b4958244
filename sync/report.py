"""How a contact went, as a value and as a small file for screens.

Law: no payload, no key, no secret. A fault that only says "the line is down" is normal life of a gate; an alarm is a
fault that a person has to look at.

Source: docs/sync.md, "Status".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from scanner.core.errors import GateError
from sync.central_faults import LineError, RefusedError
from sync.durable import save_atomically
from sync.holding import Hold
from sync.session import QUIET, Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactReport:
    """One contact.

    ``state``: what the central thinks of this device. ``proven_now_ms``: the signed time, None if it proved nothing.
    ``have`` of ``held`` rows are receipted; ``sent`` rows went up now, ``rejected`` of them cannot be read there.
    """

    at_ms: int
    device: str = ""
    site: str = ""
    state: str = ""
    proven_now_ms: int | None = None
    snapshot_seq: int = 0
    has_new_snapshot: bool = False
    have: int = 0
    held: int = 0
    sent: int = 0
    rejected: int = 0
    peer_facts: int = 0
    is_unfinished: bool = False
    retry_after_s: float = 0.0
    faults: tuple[Fault, ...] = field(default=())
    held_snapshot: Hold | None = None

    @property
    def is_ok(self) -> bool:
        """True when nothing went wrong."""
        return not self.faults

    @property
    def unsent(self) -> int:
        """Facts that the central has not receipted."""
        return max(0, self.held - self.have)

    @property
    def alarms(self) -> tuple[Fault, ...]:
        """Faults a person has to look at, and a snapshot that waits for one."""
        faults = tuple(f for f in self.faults if not f.is_line and f.code not in QUIET)
        return (*faults, *self.waiting)

    @property
    def waiting(self) -> tuple[Fault, ...]:
        """A snapshot that waits for a person's yes; no fault of the contact."""
        hold = self.held_snapshot
        return () if hold is None else (Fault.of(hold.doubt),)


class SyncStatus(msgspec.Struct, frozen=True, kw_only=True):
    """``peers/status.json``: the last contact, the last good one, and what is wrong."""

    report: ContactReport
    last_ok_at_ms: int | None = None
    failures: int = 0


def fault_of(error: GateError) -> Fault:
    """A fault as a value."""
    wait_s = error.retry_after_s if isinstance(error, RefusedError) else 0.0
    return Fault.of(error, is_line=isinstance(error, LineError), retry_after_s=wait_s)


def save_status(path: Path, status: SyncStatus) -> None:
    """Write the status file."""
    save_atomically(path, msgspec.json.format(msgspec.json.encode(status), indent=1))


def load_status(path: Path) -> SyncStatus | None:
    """The newest status, None when there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=SyncStatus)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def describe_report(report: ContactReport) -> str:
    """A contact in a few lines for people."""
    mark, site = ("✔" if report.is_ok else "✖"), report.site or "no site"
    new = " (new)" if report.has_new_snapshot else ""
    facts = f"{report.sent} facts sent, {report.have} of {report.held} receipted"
    lines = [f"{mark} {site} · snapshot {report.snapshot_seq or 'none'}{new} · {facts}"]
    for fault in (*report.faults, *report.waiting):
        lines.append(f"  {fault.message} [{fault.code}]")
        lines += [f"    → {fault.hint}"] if fault.hint else []
    return "\n".join(lines)
