"""A central on a real loopback port, with a museum that is set up, and its devices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from server_stub.central import Central
from server_stub.gates.devices import add_device
from server_stub.reporting.listings import load_records
from support.central_site import CentralClock, museum, served
from support.signed_caller import Caller, enrolled


@dataclass
class LoopbackSite:
    central: Central
    clock: CentralClock
    url: str

    def device(self, gate: str = "G1", epoch: str = "epoch-1") -> Caller:
        return enrolled(self.central, self.url, gate, epoch)

    def token(self) -> str:
        return add_device(self.central, "G1")[1].token

    def device_state(self, device: str) -> str:
        with self.central.database.read() as connection:
            states = {r["device"]: r["state"] for r in load_records(connection, "devices")}
        return str(states[device])

    def alerts(self) -> list[str]:
        with self.central.database.read() as connection:
            return [record["code"] for record in load_records(connection, "alerts")]


@contextmanager
def loopback_site(folder: Path, database_url: str | None = None) -> Iterator[LoopbackSite]:
    """A site that is served until the block ends."""
    clock = CentralClock()
    with museum(folder, clock, database_url) as central, served(central) as url:
        yield LoopbackSite(central, clock, url)


def code_of(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]
