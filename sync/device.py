"""Who this device is: what enrolment gave it, in one file.

Law: the file is the enrolment. It is written last, whole, and readable by the gate's account only; it holds the
peppers and the event master and never leaves the device. A revoked device keeps its name, so that its signed facts can
still go up, and nothing else.

Source: docs/sync.md, "Files"; docs/sync-protocol.md, "Enrolment".
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from scanner.core.errors import InputError, StoreError
from sync.durable import save_atomically
from sync.wire import parse_base64

DEVICE_BYTES = 256 * 1024
PUBLIC_KEY_BYTES = 32
MASTER_BYTES = 32


class Device(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``cache/device.json``. ``peppers`` and ``central_keys`` are base64 by id, ``public_key`` is the device's own.

    ``event_master``: base64 of what rotating codes are proven with; None = the central has not said.
    """

    device: str
    site: str
    gate_no: int
    peppers: dict[str, str]
    central_keys: dict[str, str]
    central_url: str
    root_version: int
    root_sha256: str
    public_key: str = ""
    event_master: str | None = None
    tls_spki_sha256: str | None = None
    is_revoked: bool = False

    def __repr__(self) -> str:
        """Without its secrets: a value that is printed ends in a log."""
        return f"Device({self.device!r}, site={self.site!r}, gate_no={self.gate_no})"

    def public_keys(self) -> dict[str, bytes]:
        """The central's signing keys; those that cannot be read are left out."""
        keys = {}
        for kid, text in self.central_keys.items():
            try:
                keys[kid] = parse_base64(text, PUBLIC_KEY_BYTES)
            except InputError:
                continue
        return keys

    def master(self) -> bytes | None:
        """What rotating codes are proven with; None = there is none here, or it cannot be read."""
        try:
            return (
                None if self.event_master is None else parse_base64(self.event_master, MASTER_BYTES)
            )
        except InputError:
            return None


def load_device(path: Path) -> Device | None:
    """The device, or None before enrolment.

    Raises:
        StoreError: ``device_unreadable``.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(DEVICE_BYTES + 1)
        return msgspec.json.decode(raw, type=Device)
    except FileNotFoundError:
        return None
    except OSError as error:
        hint = "run it as the gate's account (portillon, or root), or mend gate.data_dir"
        raise _unreadable(path, error.strerror, hint) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        hint = "revoke the device at the central, delete the file and enrol again"
        raise _unreadable(path, type(error).__name__, hint) from error


def _unreadable(path: Path, why: str | None, hint: str) -> StoreError:
    words = f"{str(path)!r} cannot be read ({why}); this gate cannot sync"
    return StoreError("device_unreadable", words, hint)


def save_device(path: Path, device: Device) -> None:
    """Write the device's papers, whole or not at all."""
    save_atomically(path, msgspec.json.format(msgspec.json.encode(device), indent=1))
