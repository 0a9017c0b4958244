"""A founded central with a museum that has something to sell, in this process, on a clock of ours."""

from __future__ import annotations

import atexit
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import func, select

from scanner.core.units import Instant, MonoMs
from server_stub.api.accounts import OneTime, add_account, set_password
from server_stub.api.forms import GateForm, RuleForm, SaleForm, TypeForm
from server_stub.api.serving import Serving, build_server
from server_stub.api.sessions import open_session
from server_stub.api.staff_forms import StaffRole
from server_stub.central import Central, open_central
from server_stub.founding import Founding, found_central
from server_stub.selling.catalogue import add_gate, add_type, add_zone
from server_stub.selling.sales import Sold, sell
from server_stub.site import load_site
from server_stub.store.staff_tables import staff_account

MARCH_10 = Instant(1_741_611_600_000)
"""10 March 2025, 14:00 in Paris."""


class CentralClock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, now_ms: int = MARCH_10) -> None:
        self.now = now_ms
        self.mono = 1_000_000

    def now_ms(self) -> Instant:
        return Instant(self.now)

    def monotonic_ms(self) -> MonoMs:
        return MonoMs(self.mono)

    def pass_ms(self, milliseconds: int) -> None:
        self.now += milliseconds
        self.mono += milliseconds


def found(folder: Path, clock: CentralClock, **wish: Any) -> Central:
    """A new central of site ``museum``, opened."""
    found_central(Founding(path=folder, site="museum", zone="Europe/Paris", **wish), clock)
    return open_central(folder, clock)


@cache
def _founded(now: Instant) -> Path:
    """A founded central that nobody opens: making keys and tables takes far longer than copying them."""
    wish = Founding(path=_kept(), site="museum", zone="Europe/Paris")
    found_central(wish, CentralClock(now))
    return wish.path


@cache
def _prepared(now: Instant) -> Path:
    """As `_founded`, and set up."""
    path, clock = _kept(), CentralClock(now)
    with copied(path, clock) as central:
        set_up(central)
    return path


def _kept() -> Path:
    """A path for a central, until these tests are over."""
    folder = Path(mkdtemp(prefix="portillon-founded-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / "central"


def copied(folder: Path, clock: CentralClock) -> Central:
    """A new central, opened, with the keys of every other copied one of this test run."""
    shutil.copytree(_founded(clock.now_ms()), folder)
    return open_central(folder, clock)


def set_up(central: Central) -> None:
    """Zones hall and expo, gates G1 and G2 to the hall, an annual pass of 50 entries, one a day."""
    rule = RuleForm(max_total=50, max_per_day=1)
    annual = TypeForm(name="annual", validity="365 days after purchase", rule=rule)
    with central.database.write() as connection:
        for zone in ("hall", "expo"):
            add_zone(connection, zone)
        add_type(connection, annual, load_site(connection).calendar)
        for gate in ("G1", "G2"):
            add_gate(connection, GateForm(name=gate, zone="hall"))


@contextmanager
def museum(
    folder: Path,
    clock: CentralClock | None = None,
    database_url: str | None = None,
    *,
    has_own_keys: bool = False,
) -> Iterator[Central]:
    """A central that is set up; its database is SQLite unless told otherwise."""
    clock = clock or CentralClock()
    path = folder / "central"
    if has_own_keys or database_url is not None:
        with found(path, clock, database_url=database_url) as central:
            set_up(central)
            yield central
    else:
        shutil.copytree(_prepared(clock.now_ms()), path)
        with open_central(path, clock) as central:
            yield central


@contextmanager
def served(central: Central) -> Iterator[str]:
    """The central on a free loopback port; gives its address."""
    addresses: list[str] = []
    is_up = threading.Event()

    def say(url: str) -> None:
        addresses.append(url)
        is_up.set()

    server = build_server(central, Serving(port=0), say)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert is_up.wait(20)
    try:
        yield addresses[0]
    finally:
        server.should_exit = True
        thread.join(20)


def sell_annual(central: Central, **fields: Any) -> Sold:
    """One annual pass."""
    return sell(central, SaleForm(type="annual", **fields))


def signed_in(central: Central, role: StaffRole = StaffRole.ADMIN, name: str | None = None) -> str:
    """A session token of somebody with a role, who chose a password before."""
    name = name or role.value
    with central.database.write() as connection:
        now = central.clock.now_ms()
        known = connection.execute(
            select(staff_account.c.name).where(staff_account.c.name == name)
        ).first()
        if known is None:
            add_account(connection, name, role, OneTime("", "no hash at all"), now)
            set_password(connection, name, "no hash at all")
        return open_session(connection, name, now).token


def rows(central: Central, table: Any) -> int:
    """How many rows a table has."""
    with central.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
