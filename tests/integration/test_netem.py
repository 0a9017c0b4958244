"""A gate's sync and its central in network namespaces of their own, with a real line between them.

What is bad about the line is the kernel's own doing (tc), or, where its netem is missing, that of a cable through this
process which loses whole packets: the TCP at both ends is the kernel's all the same.
The central is the real one over TLS, because plain http goes to one's own machine only.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from hardware.system_clock import SystemClock
from scanner.core.units import DeviceId
from scanner.records.ledger import Ledger
from server_stub.central import open_central
from server_stub.gates.certificates import load_spki_sha256
from server_stub.gates.devices import add_device
from server_stub.publishing.publisher import publish
from server_stub.selling.sales import Sold
from support.certificates import issue, save_pem
from support.fault_table import Played
from support.gates import environment
from support.ledgers import ENTRY, fact
from support.limits_right import require_right_limits, sell_what_is_scanned
from support.lossy_cable import LossyCable, can_make_cables, lossy_cable
from support.real_central import found
from sync.settings import SyncSettings
from sync.wire import encode_message

HERE, THERE, PORT = "10.213.7.1", "10.213.7.2", 8377
SEED = 20_261_127
FACTS = 100
CONTACTS = 5
FULL = 100
ENROL = """
import json, sys
from pathlib import Path
from hardware.system_clock import SystemClock
from sync.enrolment import enrol, parse_invitation
from sync.settings import SyncSettings
from sync.worker import run_once
folder, what = Path(sys.argv[1]), sys.argv[2]
settings = SyncSettings(data_dir=folder, runtime_dir=folder, key_path=folder / "device.key")
if what == "enrol":
    print(json.dumps(enrol(parse_invitation(sys.stdin.buffer.read()), settings, SystemClock()).device))
else:
    report = run_once(settings, SystemClock())
    print(json.dumps([report.is_ok, report.have, report.held, [fault.code for fault in report.faults]]))
"""


def can(*qdisc: str) -> bool:
    """True where this account may make a network of its own whose line is like this."""
    name = f"portillon-{uuid4().hex[:8]}"
    try:
        ip("netns", "add", name)
    except (OSError, subprocess.CalledProcessError):
        return False
    try:
        run("ip", "netns", "exec", name, "tc", "qdisc", "add", "dev", "lo", "root", *qdisc)
    except (OSError, subprocess.CalledProcessError):
        return False
    finally:
        ip("netns", "del", name)
    return True


def now() -> datetime:
    return datetime.fromtimestamp(SystemClock().now_ms() // 1_000, UTC)


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


def ip(*words: str) -> None:
    run("ip", *words)


@dataclass
class Wire:
    """Two namespaces, and the pair of interfaces between them."""

    gate: str
    central: str

    def make_bad(self, *qdisc: str) -> None:
        """From now on packets fare like this, both ways."""
        for name in (self.gate, self.central):
            run(*self.inside(name), "tc", "qdisc", "replace", "dev", "eth0", "root", *qdisc)

    @property
    def ends(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Each namespace with its address."""
        return (self.gate, HERE), (self.central, THERE)

    @staticmethod
    def inside(name: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", name)


@contextlib.contextmanager
def wire() -> Iterator[Wire]:
    """Two namespaces with a pair of interfaces between them."""
    with namespaces() as made:
        veth = ("type", "veth", "peer", "eth0", "netns", made.central)
        ip("-n", made.gate, "link", "add", "eth0", *veth)
        for name, address in made.ends:
            bring_up(name, "eth0", address)
        yield made


@contextlib.contextmanager
def lossy_wire() -> Iterator[tuple[Wire, LossyCable]]:
    """Two namespaces with a cable between them that may lose packets."""
    with namespaces() as made:
        tag = made.gate.removeprefix("pgate-")
        places = {f"plossy-{tag}-{end}": to for end, to in zip("ab", made.ends, strict=True)}

        def plug_in(name: str) -> None:
            ip("link", "set", name, "netns", places[name][0])
            bring_up(places[name][0], name, places[name][1])

        first, second = places
        with lossy_cable((first, second), plug_in, SEED) as cable:
            yield made, cable


@contextlib.contextmanager
def namespaces() -> Iterator[Wire]:
    tag = uuid4().hex[:4]
    made = Wire(f"pgate-{tag}", f"pcentral-{tag}")
    try:
        for name in (made.gate, made.central):
            ip("netns", "add", name)
        yield made
    finally:
        for name in (made.gate, made.central):
            with contextlib.suppress(subprocess.CalledProcessError):
                ip("netns", "del", name)


def bring_up(namespace: str, interface: str, address: str) -> None:
    ip("-n", namespace, "addr", "add", f"{address}/24", "dev", interface)
    ip("-n", namespace, "link", "set", interface, "up")


def said(wire: Wire, folder: Path, what: str, text: bytes = b"") -> object:
    done = subprocess.run(
        [*wire.inside(wire.gate), sys.executable, "-c", ENROL, str(folder), what],
        env=environment(),
        input=text,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


@contextlib.contextmanager
def serving(wire: Wire, folder: Path, pem: Path) -> Iterator[None]:
    code = "from server_stub.cli import main; main()"
    arguments = ["serve", "--dir", str(folder), "--host", THERE, "--port", str(PORT)]
    with subprocess.Popen(
        [
            *wire.inside(wire.central),
            sys.executable,
            "-c",
            code,
            *arguments,
            "--tls-cert",
            str(pem),
            "--tls-key",
            str(pem),
        ],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            yield
        finally:
            process.kill()


SLOW = ("tbf", "rate", "10kbit", "burst", "3000", "latency", "2000ms")
LOSSY = ("netem", "delay", "20ms", "loss", "30%")


def needs(qdisc: tuple[str, ...]) -> pytest.MarkDecorator:
    """Skipped where the machine has it not, with the reason."""
    why = f"needs root, ip netns, and tc {qdisc[0]} in the kernel"
    return pytest.mark.skipif(not can(*qdisc), reason=why)


@pytest.fixture
def played_in_full(faults_rounds: int) -> None:
    """Bad lines take their time."""
    if faults_rounds < FULL:
        pytest.skip("bad lines take their time: make faults has them")


@pytest.fixture
def site(tmp_path: Path, played_in_full: None) -> Site:
    """A central with a certificate, and a device that it expects."""
    central = open_central(found(tmp_path / "central"), SystemClock())
    scanned = sell_what_is_scanned(central)
    publish(central)
    pem = save_pem(
        tmp_path / "central.pem",
        issue("a central far away", address=THERE, begins=now() - timedelta(days=1)),
    )
    url, pin = f"https://{THERE}:{PORT}", load_spki_sha256(pem)
    _device, text = add_device(central, "north", url=url, spki_sha256=pin)
    central.database.close()
    return Site(tmp_path, pem, encode_message(text), scanned)


@dataclass
class Site:
    """A central's folder, its certificate, the code for its gate, and the pass that is scanned there."""

    folder: Path
    pem: Path
    code: bytes
    scanned: Sold

    def play(self, line: Wire, make_bad: Callable[[], None], played: Played) -> None:
        """Enrol over the good line, record, and get everything through the bad one."""
        with serving(line, self.folder / "central", self.pem):
            device = said(line, self.folder / "gate", "enrol", self.code)
            assert said(line, self.folder / "gate", "contact") == [True, 0, 0, []]
            with Ledger.open(self.folder / "gate" / "ledger", DeviceId(str(device))) as ledger:
                ledger.append([fact(ledger, n, **ENTRY) for n in range(FACTS)])
            make_bad()
            begun, report = SystemClock().monotonic_ms(), None
            for _ in range(CONTACTS):
                report = said(line, self.folder / "gate", "contact")
                if report == [True, FACTS, FACTS, []]:
                    break
            assert report == [True, FACTS, FACTS, []]
            with closing(sqlite3.connect(self.folder / "central" / "central.db")) as database:
                (count,) = database.execute("SELECT count(*) FROM fact").fetchone()
            played.add(doubled=count - FACTS, recovered_ms=SystemClock().monotonic_ms() - begun)
            assert count == FACTS
        settings = SyncSettings(
            data_dir=self.folder / "gate", runtime_dir=self.folder, key_path=self.folder
        )
        with open_central(self.folder / "central", SystemClock()) as central:
            require_right_limits(central, settings, self.scanned)


@pytest.mark.faults
@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "qdisc",
    [
        pytest.param(SLOW, marks=[pytest.mark.fault("network: 10 kbit/s"), needs(SLOW)]),
        pytest.param(LOSSY, marks=[pytest.mark.fault("network: 30 % loss (netem)"), needs(LOSSY)]),
    ],
)
def test_over_a_real_line_that_is_bad_every_fact_arrives_once(
    site: Site, played: Played, qdisc: tuple[str, ...]
) -> None:
    with wire() as line:
        site.play(line, lambda: line.make_bad(*qdisc), played)


@pytest.mark.faults
@pytest.mark.fault("network: 30 % loss (cable)")
@pytest.mark.timeout(400)
@pytest.mark.skipif(not can_make_cables(), reason="needs root and /dev/net/tun")
@pytest.mark.parametrize("loss", [0.3])
def test_over_a_cable_that_loses_nearly_every_third_packet_every_fact_arrives_once(
    site: Site, played: Played, loss: float
) -> None:
    with lossy_wire() as (line, cable):

        def make_bad() -> None:
            cable.loss = loss

        site.play(line, make_bad, played)
    assert cable.lost > cable.passed / 10
