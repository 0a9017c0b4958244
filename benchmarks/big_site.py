"""Sites of many rights as their real central published them, and gates' folders that work from them.

Law: the rights are written into the central's database by SQL alone; the publication, the tickets that are shown, the
bases and the cache are the product's own. A site is made once a run, and every figure that needs so many rights stands
on it.

Source: docs/performance.md.
"""

from __future__ import annotations

import atexit
import base64
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import perf_counter

import msgspec
from big_ledger import fill_ledger
from publish_bench import fill_central

from hardware.system_clock import SystemClock as MachineClock
from scanner.core.units import DeviceId
from server_stub.api.forms import CodeKind, GateForm, RuleForm, SaleForm, TypeForm
from server_stub.central import Central, open_central
from server_stub.publishing.publisher import publish
from server_stub.publishing.repository import Repository
from server_stub.selling.catalogue import add_gate, add_type, add_zone
from server_stub.selling.sales import sell
from server_stub.site import load_site
from server_stub.system_clock import SystemClock
from sync.cache import Cache
from sync.clock_proof import TimeProof
from sync.device import Device, save_device
from sync.durable import save_atomically
from sync.manifest import Manifest, manifest_target

SITE = "museum"
TICKETS = 200
A_TICKET_EVERY = 5_000
"""One fact of a season in so many is on a ticket that is shown."""
DEVICE = DeviceId("gate1")


@dataclass(frozen=True, slots=True)
class BigSite:
    """What its central published. ``parts``: the files a gate downloads; ``first_grant``: that of ``tickets[0]``."""

    folder: Path
    grants: int
    tickets: Sequence[bytes]
    first_grant: int
    manifest: Manifest
    parts: Sequence[Path]
    peppers: dict[str, str]
    publish_s: float

    @property
    def wire_bytes(self) -> int:
        """What the base weighs on the wire."""
        return sum(part.stat().st_size for part in self.parts)

    def new_gate(self, data: Path) -> Cache:
        """A gate's data folder that works from the base, under a clock that is trusted."""
        cache_ = Cache(data / "cache")
        cache_.place(self.manifest, self.parts)
        self.enrol(data)
        return cache_

    def record_season(self, data: Path) -> None:
        """As many entries as there are rights, one on each, some on the tickets that are shown; nobody fetched them."""
        shutil.copytree(_season(self.grants), data / "ledger")

    def enrol(self, data: Path) -> None:
        """Papers of a gate of this site, and the central's time."""
        device = Device(
            device=DEVICE,
            site=SITE,
            gate_no=1,
            peppers=self.peppers,
            central_keys={},
            central_url="",
            root_version=1,
            root_sha256="",
        )
        (data / "cache").mkdir(parents=True, exist_ok=True)
        save_device(data / "cache" / "device.json", device)
        clock = MachineClock()
        proof = TimeProof(clock.boot_id(), clock.monotonic_ms(), clock.now_ms(), "k1")
        save_atomically(data / "cache" / "time.json", msgspec.json.encode(proof))


@cache
def _season(grants: int) -> Path:
    """The ledger of a site's season, filled once a run."""
    site = big_site(grants)

    def grant_of(seq: int) -> int:
        ticket, is_not_shown = divmod(seq, A_TICKET_EVERY)
        return seq if is_not_shown else site.first_grant + ticket % len(site.tickets)

    fill_ledger(site.folder / "ledger", DEVICE, grants, grant_of, site.manifest.created_at)
    return site.folder / "ledger"


@cache
def big_site(grants: int) -> BigSite:
    """The site of so many rights; made at the first call, gone at the end of the run."""
    folder = Path(tempfile.mkdtemp(prefix="portillon-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    fill_central(folder / "central", grants)
    with open_central(folder / "central", SystemClock()) as central:
        return _published(folder, central, grants)


def _published(folder: Path, central: Central, grants: int) -> BigSite:
    with central.database.write() as connection:
        add_zone(connection, "hall")
        add_gate(connection, GateForm(name="north", zone="hall"))
        shown = TypeForm(name="shown", validity="always", rule=RuleForm(max_total=None))
        add_type(connection, shown, load_site(connection).calendar)
    sold = [sell(central, SaleForm(type="shown", kind=CodeKind.SIGNED)) for _ in range(TICKETS)]
    began = perf_counter()
    publish(central)
    publish_s = perf_counter() - began
    repository = Repository(central.folder, SITE, central.clock)
    targets = repository.current_targets()
    name = manifest_target(SITE)
    raw = repository.load_target(name, targets[name])
    if raw is None:
        raise RuntimeError("the central published no manifest")
    manifest = msgspec.json.decode(raw, type=Manifest)
    parts = [
        _kept(folder, repository.target_path(part, targets[part].hashes["sha256"]))
        for part in manifest.base.parts
    ]
    return BigSite(
        folder=folder,
        grants=grants,
        tickets=[one.payload.encode() for one in sold],
        first_grant=sold[0].grant_no,
        manifest=manifest,
        parts=parts,
        peppers={
            pepper_id: base64.b64encode(pepper).decode()
            for pepper_id, pepper in central.secrets.peppers.items()
        },
        publish_s=publish_s,
    )


def _kept(folder: Path, part: Path) -> Path:
    """Under a name of its own: a bench that publishes again has the central sweep its old parts."""
    kept = folder / f"kept-{part.name}"
    kept.hardlink_to(part)
    return kept
