"""The real central on a real loopback port, in a thread, with a museum that has something to sell."""

from __future__ import annotations

import atexit
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any, Self

import uvicorn
from sqlalchemy import func, select

from hardware.system_clock import SystemClock as MachineClock
from server_stub.api.forms import CodeKind, GateForm, SaleForm, TypeForm
from server_stub.api.serving import Serving, build_server
from server_stub.central import Central, open_central
from server_stub.founding import Founding, found_central
from server_stub.gates.certificates import load_spki_sha256
from server_stub.gates.devices import add_device, revoke_device
from server_stub.publishing.publisher import Publication, publish
from server_stub.selling.catalogue import add_gate, add_type, add_zone
from server_stub.selling.sales import Sold, sell
from server_stub.site import load_site
from server_stub.store import tables
from server_stub.system_clock import SystemClock
from support.eventually import eventually
from sync.wire import encode_message


def found(folder: Path, site: str = "museum", clock: Any = None) -> Path:
    """A museum with one gate and one kind of pass."""
    clock = clock or SystemClock()
    found_central(Founding(path=folder, site=site, zone="Europe/Paris"), clock)
    central = open_central(folder, clock)
    with central.database.write() as connection:
        calendar = load_site(connection).calendar
        add_zone(connection, "hall")
        add_gate(connection, GateForm(name="north", zone="hall"))
        add_type(connection, TypeForm(name="pass", validity="always"), calendar)
    central.database.close()
    return folder


@cache
def _founded(site: str) -> Path:
    """A founded central that nobody opens: making keys and tables takes far longer than copying them."""
    folder = Path(mkdtemp(prefix="portillon-founded-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return found(folder / "central", site)


@dataclass
class RealCentral:
    """A founded central. ``start`` and ``stop`` may be repeated: the port stays."""

    folder: Path
    site: str = "museum"
    clock: Any = field(default_factory=SystemClock)
    port: int = 0
    tls_pem: Path | None = None
    template: Path | None = None
    """A central to begin with a copy of."""
    has_own_keys: bool = False
    """Found a new one, instead of beginning with a copy of one that is the same for every test of this process."""

    def __post_init__(self) -> None:
        if self.has_own_keys or not isinstance(self.clock, SystemClock):
            found(self.folder, self.site, self.clock)
        else:
            shutil.copytree(self.template or _founded(self.site), self.folder)
        self.central: Central = open_central(self.folder, self.clock)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @classmethod
    def opened(cls, folder: Path) -> Self:
        """A central that is there already, a copy of another one for example."""
        with TemporaryDirectory() as elsewhere:
            shutil.move(folder, Path(elsewhere) / "found")
            return cls(folder, template=Path(elsewhere) / "found")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()
        self.central.database.close()

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls_pem else ''}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, on the same port as before."""
        server = build_server(
            self.central, Serving(port=self.port, tls_cert=self.tls_pem, tls_key=self.tls_pem)
        )
        self._server = server
        self._thread = threading.Thread(target=server.run, daemon=True)
        self._thread.start()
        assert eventually(lambda: server.started)
        self.port = server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Stop listening. Idempotent."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(10)
        self._server = self._thread = None

    def reopen(self) -> None:
        """Open the folder again, whatever was put there meanwhile, and listen."""
        self.central = open_central(self.folder, self.clock)
        self.start()

    def sell(self) -> Sold:
        """One pass, as a printed code."""
        form = SaleForm(type="pass", email="somebody@example.org", kind=CodeKind.OPAQUE)
        return sell(self.central, form)

    def publish(self) -> Publication:
        """What is sold becomes the newest snapshot."""
        return publish(self.central)

    def code(self) -> bytes:
        """A new device's enrolment code."""
        pin = None if self.tls_pem is None else load_spki_sha256(self.tls_pem)
        _device, text = add_device(self.central, "north", url=self.url, spki_sha256=pin)
        return encode_message(text)

    def revoke(self, device: str) -> None:
        """End a device."""
        with self.central.database.write() as connection:
            revoke_device(connection, device, self.clock.now_ms())

    def count(self, table: str) -> int:
        """Rows of one of the central's tables."""
        with self.central.database.read() as connection:
            found = connection.execute(select(func.count()).select_from(getattr(tables, table)))
            return int(found.scalar_one())

    def value(self, table: str, column: str) -> Any:
        """One column of the only row of a table."""
        with self.central.database.read() as connection:
            return connection.execute(select(getattr(tables, table).c[column])).scalar_one()

    def change(self, action: Callable[[Any], object]) -> None:
        """Do something to the central's database behind its back."""
        with self.central.database.write() as connection:
            action(connection)


def machine_clock() -> MachineClock:
    """The gate's clock, as its processes build it."""
    return MachineClock()
