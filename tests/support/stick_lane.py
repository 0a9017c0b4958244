"""A lane that never sees a network: its files are real, and sticks are all that connects it with the central."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from scanner.core.events import Fact
from scanner.core.units import BootId, DeviceId, GateNo, GrantNo, Instant, MonoMs
from scanner.records.ledger import Ledger
from server_stub.central import Central
from server_stub.gates.bundle_intake import TakenBundle, take_bundle
from server_stub.gates.devices import add_device, enrol
from server_stub.gates.stick import write_stick
from server_stub.selling.sales import Sold
from server_stub.store import tables
from support.central_site import MARCH_10
from support.fixed_clock import FixedClock
from support.ledgers import ENTRY, REFUSAL, fact
from support.venue import used_by_files
from sync.bundle import Exported, export_bundle
from sync.device import Device, load_device, save_device
from sync.device_key import load_or_create_signer
from sync.fetching import Fetched
from sync.letters import Letter
from sync.settings import SyncSettings
from sync.snapshot_verbs import import_snapshot
from sync.wire import EnrolRequest, enrol_statement, to_base64

NONCE = "nonce-at-the-desk"


def settings_of(folder: Path) -> SyncSettings:
    return SyncSettings(
        data_dir=folder, runtime_dir=folder / "run", key_path=folder / "keys" / "device.key"
    )


@dataclass
class StickLane:
    """One lane, enrolled at the desk; ``carry`` is what happens to a stick on its way."""

    central: Central
    folder: Path
    gate: str
    clock: FixedClock = field(default_factory=FixedClock)

    def __post_init__(self) -> None:
        self.settings = settings_of(self.folder)
        if load_device(self.settings.device_path) is None:
            self._enrol()

    def _enrol(self) -> None:
        signer = load_or_create_signer(self.settings.key_path)
        _device, text = add_device(self.central, self.gate)
        reply = enrol(
            self.central,
            EnrolRequest(
                text.token,
                NONCE,
                to_base64(signer.public_key),
                to_base64(signer.sign(enrol_statement(text.token, NONCE))),
                "test",
            ),
        )
        root = self.central.folder.metadata / f"{reply.root_version}.root.json"
        self.settings.tuf_dir.mkdir(parents=True)
        self.settings.root_path.write_bytes(root.read_bytes())
        device = Device(
            device=reply.device,
            site=reply.site,
            gate_no=reply.gate_no,
            peppers=reply.peppers,
            central_keys=reply.central_keys,
            central_url="",
            root_version=reply.root_version,
            root_sha256=reply.root_sha256,
            public_key=to_base64(signer.public_key),
        )
        save_device(self.settings.device_path, device)

    @property
    def device(self) -> Device:
        found = load_device(self.settings.device_path)
        assert found is not None
        return found

    def record(self, *shapes: dict[str, Any]) -> None:
        """Facts, in one commit."""
        device = DeviceId(self.device.device)
        with Ledger.open(self.settings.ledger_path.parent, device) as ledger:
            at = Instant(MARCH_10 + 1_000 * int(ledger.next_identity()[2]))
            ledger.append([self._fact(ledger, n, at, one) for n, one in enumerate(shapes)], None)

    def _fact(self, ledger: Ledger, ahead: int, at: Instant, shape: dict[str, Any]) -> Fact:
        made = fact(ledger, ahead, **shape)
        return replace(
            made,
            at=Instant(at + ahead),
            mono_ms=MonoMs(at + ahead),
            boot=BootId(f"boot-{self.gate}"),
            gate_no=GateNo(self.device.gate_no),
        )

    def admit(self, sold: Sold) -> None:
        """Somebody walks in."""
        self.record(ENTRY | {"grant_no": GrantNo(sold.grant_no), "key": key_of(self.central, sold)})

    def refuse(self, times: int) -> None:
        """Somebody does not."""
        self.record(*[REFUSAL] * times)

    def used(self, sold: Sold) -> int:
        """How often a right was used, as this lane knows it."""
        return used_by_files(self.settings, sold)

    def write(self, path: Path) -> Exported:
        """`portillon bundle export`."""
        return export_bundle(path, self.settings, self.clock)

    def send(self, path: Path) -> TakenBundle:
        """A stick to the central."""
        self.write(path)
        return taken(self.central, path)

    def read(self, path: Path) -> tuple[Fetched, Letter | None]:
        """`portillon snapshot import`."""
        return import_snapshot(path, self.settings, self.clock)

    def fetch(self, path: Path) -> Letter:
        """A stick from the central."""
        write_stick(self.central, path)
        _fetched, letter = self.read(path)
        assert letter is not None
        return letter


def taken(central: Central, path: Path) -> TakenBundle:
    """`portillon-central bundle import`."""
    with path.open("rb") as file:
        return take_bundle(central, file)


def key_of(central: Central, sold: Sold) -> str:
    """The look-up key of a code, as gates record it."""
    table = tables.credential_key
    with central.database.read() as connection:
        found = select(table.c.key).where(table.c.credential_no == sold.credential_no)
        key = connection.execute(found).scalar_one()
    return str(key.hex() if isinstance(key, bytes) else key)


def meddled(path: Path, meddle: Callable[[bytes], bytes]) -> Path:
    """A stick that came to harm."""
    harmed = path.with_name(f"harmed-{path.name}")
    harmed.write_bytes(meddle(path.read_bytes()))
    return harmed
