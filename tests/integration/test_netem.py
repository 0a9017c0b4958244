"""A gate's sync and its central in network namespaces of their own, with a real line between them (tc).

The central is the real one over TLS, because plain http goes to one's own machine only.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
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
from support.certificates import issue, save_pem
from support.fault_table import Played
from support.gates import environment
from support.ledgers import ENTRY, fact
from support.real_central import found
from sync.wire import encode_message

HERE, THERE, PORT = "10.213.7.1", "10.213.7.2", 8377
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

    @staticmethod
    def inside(name: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", name)


@contextlib.contextmanager
def wire() -> Iterator[Wire]:
    tag = uuid4().hex[:6]
    made = Wire(f"pgate-{tag}", f"pcentral-{tag}")
    try:
        for name in (made.gate, made.central):
            ip("netns", "add", name)
        ip(
            "-n",
            made.gate,
            "link",
            "add",
            "eth0",
            "type",
            "veth",
            "peer",
            "eth0",
            "netns",
            made.central,
        )
        for name, address in ((made.gate, HERE), (made.central, THERE)):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
        yield made
    finally:
        for name in (made.gate, made.central):
            with contextlib.suppress(subprocess.CalledProcessError):
                ip("netns", "del", name)


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


@pytest.mark.faults
@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "qdisc",
    [
        pytest.param(SLOW, marks=[pytest.mark.fault("network: 10 kbit/s"), needs(SLOW)]),
        pytest.param(LOSSY, marks=[pytest.mark.fault("network: 30 % loss"), needs(LOSSY)]),
    ],
)
def test_over_a_real_line_that_is_bad_every_fact_arrives_once(
    tmp_path: Path, faults_rounds: int, played: Played, qdisc: tuple[str, ...]
) -> None:
    if faults_rounds < FULL:
        pytest.skip("bad lines take their time: make faults has them")
    central = open_central(found(tmp_path / "central"), SystemClock())
    publish(central)
    pem = save_pem(
        tmp_path / "central.pem",
        issue("a central far away", address=THERE, begins=now() - timedelta(days=1)),
    )
    url, pin = f"https://{THERE}:{PORT}", load_spki_sha256(pem)
    _device, text = add_device(central, "north", url=url, spki_sha256=pin)
    central.database.close()
    with wire() as line, serving(line, tmp_path / "central", pem):
        device = said(line, tmp_path / "gate", "enrol", encode_message(text))
        assert said(line, tmp_path / "gate", "contact") == [True, 0, 0, []]
        with Ledger.open(tmp_path / "gate" / "ledger", DeviceId(str(device))) as ledger:
            ledger.append([fact(ledger, n, **ENTRY) for n in range(FACTS)])
        line.make_bad(*qdisc)
        begun, report = SystemClock().monotonic_ms(), None
        for _ in range(CONTACTS):
            report = said(line, tmp_path / "gate", "contact")
            if report == [True, FACTS, FACTS, []]:
                break
        assert report == [True, FACTS, FACTS, []]
        with closing(sqlite3.connect(tmp_path / "central" / "central.db")) as database:
            (count,) = database.execute("SELECT count(*) FROM fact").fetchone()
        played.add(doubled=count - FACTS, recovered_ms=SystemClock().monotonic_ms() - begun)
        assert count == FACTS
