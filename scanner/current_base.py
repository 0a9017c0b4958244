"""Which base the lane decides by: followed between scans, and never lost for a worse one.

Law: one ``stat`` of the pointer before each look-up tells whether anything changed; only then is a file opened. A delta
changes the base in use: a look-up is one `moment` of it, with the small tables of that moment. A base
that cannot be used (missing, damaged, another site's, under a pepper this device does not hold) changes nothing: the
one in use stays, or at start the newest that can be used is taken, and the fault is told once. No pointer = no base:
that is how a revoked device forgets its site.

Source: docs/architecture.md, "Processes".
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from scanner.core.errors import StoreError
from scanner.core.grants import Gate
from scanner.core.presenting import Reader
from scanner.core.units import GateNo, ZoneNo
from scanner.logs import OnceLog
from scanner.snapshot_base import SnapshotBase
from sync.device import Device, load_device

LOG = logging.getLogger("portillon.lookups")

POINTER_BYTES = 4_096


NO_ZONE = ZoneNo(0)
"""The zone of a lane that no snapshot knows; zones are numbered from 1."""


class InUse(NamedTuple):
    """A base with what this device needs of it at every scan."""

    base: SnapshotBase
    reader: Reader
    gate: Gate


class _Pointer(msgspec.Struct):
    """Of `sync.cache.Pointer` only the name matters here."""

    file: str


class CurrentBase:
    """The base in use, reopened between scans when sync has named another."""

    def __init__(self, cache_dir: Path) -> None:
        self._folder = cache_dir
        self._pointer_path = cache_dir / "current"
        self._device_path = cache_dir / "device.json"
        self._seen: tuple[object, ...] | None = None
        self._in_use: InUse | None = None
        self._file: Path | None = None
        self._broken: set[Path] = set()
        self.device: Device | None = None
        self.doubts = OnceLog(LOG)
        """What cannot be used now; each is logged when it begins and when it ends."""

    def follow(self) -> InUse | None:
        """The base to decide by now; None = there is none."""
        seen = (_stamp(self._pointer_path), _stamp(self._device_path))
        if seen != self._seen:
            self._seen = seen
            self._broken.clear()
            with self.doubts.looked_at_anew():
                self._reopen()
        return self._in_use

    @contextlib.contextmanager
    def moment(self, in_use: InUse) -> Iterator[InUse]:
        """The base in use as it is now, for one look-up.

        Raises:
            sqlite3.DatabaseError: it cannot be read any more.
        """
        with in_use.base.moment():
            yield self._fitted_anew(in_use)

    @property
    def unknown_gate(self) -> Gate:
        """This lane while no snapshot knows it: its device's number, in no zone."""
        gate_no = GateNo(0 if self.device is None else self.device.gate_no)
        return Gate(gate_no=gate_no, name=f"gate {gate_no}", zone_no=NO_ZONE, direction=None)

    @property
    def in_use(self) -> InUse | None:
        """The base of the last look-up, without looking for another."""
        return self._in_use

    def give_up(self, error: Exception) -> InUse | None:
        """The base in use failed while it was read: the next best, until sync names another."""
        if self._file is not None:
            self._broken.add(self._file)
            self.doubts.doubt(_unusable(self._file, str(error)))
        self._use(None, None)
        self._take_newest()
        return self._in_use

    def close(self) -> None:
        """Let go of the file."""
        self._use(None, None)
        self._seen = None

    def _reopen(self) -> None:
        self._load_device()
        if not self._pointer_path.exists():
            self._use(None, None)
            return
        named = self._named()
        is_usable = named is not None and self._try(named)
        if not is_usable and self._in_use is None:
            self._take_newest()
        if self._in_use is not None and self._in_use.gate.zone_no == NO_ZONE:
            self.doubts.doubt(_not_in_snapshot(self._in_use.gate.gate_no))

    def _load_device(self) -> None:
        try:
            self.device = load_device(self._device_path)
        except StoreError as fault:
            self.doubts.doubt(fault)

    def _named(self) -> Path | None:
        try:
            with self._pointer_path.open("rb") as file:
                name = msgspec.json.decode(file.read(POINTER_BYTES), type=_Pointer).file
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            self.doubts.doubt(_unusable(self._pointer_path, str(error)))
            return None
        return self._folder / Path(name).name

    def _take_newest(self) -> None:
        for path in _newest_first(self._folder):
            if path not in self._broken and self._try(path):
                return

    def _try(self, path: Path) -> bool:
        if path == self._file and self._in_use is not None:
            self._refit(self._in_use)
            return True
        try:
            base = SnapshotBase.open(path)
        except StoreError as fault:
            self.doubts.doubt(fault)
            self._broken.add(path)
            return False
        fitted = self._fit(base)
        if fitted is None:
            self._broken.add(path)
            base.close()
            return False
        self._use(fitted, path)
        return True

    def _refit(self, in_use: InUse) -> None:
        """The same base after a delta, or under papers that changed (a pepper was added, the event master came)."""
        try:
            with in_use.base.moment():
                self._in_use = self._fit(in_use.base) or in_use
        except sqlite3.DatabaseError as error:
            # the next look-up gives it up
            self.doubts.doubt(_unusable(self._folder / "current", str(error)))

    def _fitted_anew(self, in_use: InUse) -> InUse:
        if in_use.reader.ring is not in_use.base.tables.ring:
            in_use = self._fit(in_use.base) or in_use
            self._in_use = in_use
        return in_use

    def _fit(self, base: SnapshotBase) -> InUse | None:
        """The base with this device's gate and secrets, if it is one of this device's."""
        device, tables = self.device, base.tables
        if device is None:
            return None
        try:
            pepper = _pepper(device, tables.site, tables.pepper_id)
        except StoreError as fault:
            self.doubts.doubt(fault)
            return None
        gate = tables.gates.get(GateNo(device.gate_no), self.unknown_gate)
        return InUse(base, Reader(tables.ring, pepper, device.master()), gate)

    def _use(self, in_use: InUse | None, path: Path | None) -> None:
        if self._in_use is not None and (in_use is None or in_use.base is not self._in_use.base):
            self._in_use.base.close()
        self._in_use, self._file = in_use, path


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _newest_first(folder: Path) -> Iterator[Path]:
    numbered = [(int(path.stem), path) for path in folder.glob("*.db") if path.stem.isdecimal()]
    for _seq, path in sorted(numbered, reverse=True):
        yield path


def _pepper(device: Device, site: str, pepper_id: str) -> bytes:
    if site != device.site:
        raise StoreError(
            "snapshot_of_another_site",
            f"the snapshot is of site {site!r}, this device of {device.site!r}; it is not used",
            "was this disk copied? revoke the device at the central and enrol it again",
        )
    try:
        return base64.b64decode(device.peppers[pepper_id], validate=True)
    except (KeyError, binascii.Error) as error:
        raise StoreError(
            "snapshot_pepper_missing",
            f"the snapshot is keyed with pepper {pepper_id!r}, which this device does not hold",
            "the next contact with the central brings it; the gate keeps the last snapshot until then",
        ) from error


def _not_in_snapshot(gate_no: GateNo) -> StoreError:
    return StoreError(
        "gate_not_in_snapshot",
        f"gate {gate_no} is not in the snapshot; this lane stands in no zone and admits nobody",
        "make the gate at the central and publish, or enrol this device for a gate that exists",
    )


def _unusable(path: Path, why: str) -> StoreError:
    return StoreError(
        "snapshot_unusable",
        f"{path.name!r} in the cache cannot be used ({why}); the gate keeps the last good snapshot",
        "the next contact with the central repairs it",
    )
