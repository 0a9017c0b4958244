"""`make lab`: boots the gate as it is installed, on Debian's kernel with simulated devices, and ends with a table.

Law: exit 0 only if every test of every boot was heard to pass. Nothing is skipped: what is missing has failed.

Source: docs/lab.md.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from hardware.system_clock import SystemClock

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
LAB = TESTS.parent / ".lab"
RUN = LAB / "run"
sys.path[:0] = [str(HERE), str(TESTS)]

from machine import Machine, MachineStuckError  # noqa: E402 - found only now
from outcomes import Table, say  # noqa: E402
from package import try_package  # noqa: E402
from support.gates import card, open_site, picture_of  # noqa: E402
from support.snapshots import enrol, place  # noqa: E402

CARDS = 8
ACKNOWLEDGED = 6
"""So many scans are answered before the power goes."""
CUT_WITHIN_S = 1.5
CONFIG = """\
[central]
url = "http://127.0.0.1:9"

[camera]
device = "/dev/video10"
width = 640
height = 360
fps = 6
formats = ["qr"]

[turnstile]
backend = "gpiod"
pulse_ms = 1000
passage_wait_s = 10

[turnstile.way_in]
relay = "GPIO5"
sensor = "GPIO6"
"""
SCRIPT = """\
export PYTHONPATH=/opt/lab/run/tests:/opt/lab/run/tests/lab/guest:/opt/lab-pytest
export PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
cd /opt/lab/run/tests
exec /opt/portillon/bin/python -m pytest -c /dev/null --rootdir=. --import-mode=importlib -p no:cacheprovider \
  -p console_report -q -k 'kernel or installed' {files}
"""


@dataclass(frozen=True, slots=True)
class Boot:
    """One boot and its tests, in order. The last test of each never ends: ``ends`` says what happens then."""

    name: str
    log: str
    files: tuple[str, ...]
    ends: str
    rtc: str = "utc"
    keeps_levels: bool = True


FIRST = Boot(
    name="a gate at work, until the power goes",
    log="first",
    files=(
        "contract/test_pin_banks.py",
        "lab/guest/test_installed_lane.py",
        "lab/guest/test_installed_camera.py",
        "lab/guest/test_installed_scanners.py",
        "lab/guest/test_installed_units.py",
        "lab/guest/test_installed_scanning_on.py",
    ),
    ends="the power is cut while people scan",
)
SECOND = Boot(
    name="the same gate, with a dead clock, until its kernel hangs",
    log="second",
    files=(
        "lab/guest/test_installed_after_the_cut.py",
        "lab/guest/test_installed_clock.py",
        "lab/guest/test_installed_keys.py",
        "lab/guest/test_installed_strict_pins.py",
        "lab/guest/test_installed_hanging_kernel.py",
    ),
    ends="a kernel that hangs is switched off by the hardware's watchdog",
    rtc="1970-01-01T00:01:00",
    keeps_levels=False,
)


def main(wanted: list[str]) -> int:
    """Everything, or the parts that are named (first, second, package), and the table."""
    clock, table = SystemClock(), Table()
    began_ms = clock.monotonic_ms()
    parts = wanted or ["first", "second", "package"]
    make_run()
    if "first" in parts:
        seqs = play(FIRST, table)
        (RUN / "acknowledged.json").write_text(json.dumps(seqs), encoding="utf-8")
    if "second" in parts:
        play(SECOND, table)
    if "package" in parts:
        try_package(LAB, table)
    say(table.text())
    say(f"make lab took {(clock.monotonic_ms() - began_ms) / 1000:.0f} s")
    return 1 if table.has_failed else 0


def make_run() -> None:
    """What is new for each run: the state disk with an enrolled gate, frames, the tests."""
    shutil.rmtree(RUN, ignore_errors=True)
    for folder in ("support", "contract", "lab"):
        shutil.copytree(TESTS / folder, RUN / "tests" / folder)
    state = RUN / "state"
    enrol(state / "cache")
    place(state / "cache", open_site(CARDS))
    command = ["mke2fs", "-q", "-t", "ext4", "-L", "state", "-d", state, RUN / "state.img", "256M"]
    subprocess.run([str(word) for word in command], check=True, env={"PATH": "/usr/sbin:/sbin"})
    (RUN / "frames").mkdir()
    (RUN / "frames" / "empty.grey").write_bytes(picture_of().tobytes())
    for number in range(1, CARDS + 1):
        (RUN / "frames" / f"{number}.grey").write_bytes(picture_of(card(number)).tobytes())
    (RUN / "portillon.toml").write_text(CONFIG, encoding="utf-8")


@dataclass
class Heard:
    """What a boot said beside its tests' outcomes."""

    tests: int = 0
    acknowledged: list[int] = field(default_factory=list)
    hangs: bool = False

    def hear(self, line: str) -> None:
        """A line of the console, of which most are not for us."""
        word, _, rest = line.partition(" ")
        if word == "LAB-TESTS":
            self.tests = int(rest)
            say(f"lab:   the gate is up; {rest} tests begin")
        elif word == "LAB-ACK":
            self.acknowledged.append(int(rest))
        elif word == "LAB-HANGS":
            self.hangs = True


def play(boot: Boot, table: Table) -> list[int]:
    """Boot, hear the tests, and see the end that was meant; the scans that were acknowledged."""
    say(f"lab: {boot.name} (some minutes)")
    script = SCRIPT.format(files=" ".join(boot.files))
    (RUN / "tests.sh").write_text(script, encoding="utf-8")
    log = LAB / f"{boot.log}.log"
    clock, heard, before = SystemClock(), Heard(), len(table.rows)
    began_ms, note = clock.monotonic_ms(), ""
    try:
        with Machine(LAB, log, rtc=boot.rtc, keeps_levels=boot.keeps_levels) as machine:
            listen(machine, heard, table)
    except MachineStuckError as error:
        note = str(error)
    rows = table.rows[before:]
    if len(rows) != heard.tests - 1:
        note = note or f"{len(rows)} of {heard.tests} tests were heard of; see {log}"
    seconds = (clock.monotonic_ms() - began_ms) / 1000 - sum(row.seconds for row in rows)
    is_as_meant = heard.hangs or len(heard.acknowledged) >= ACKNOWLEDGED
    table.add(f"boot::{boot.ends}", seconds, passed=is_as_meant and not note, note=note)
    return heard.acknowledged


def listen(machine: Machine, heard: Heard, table: Table) -> None:
    """Until the machine is off, by itself or because people have scanned long enough."""
    for line in machine.lines():
        table.hear(line)
        heard.hear(line)
        if len(heard.acknowledged) == ACKNOWLEDGED:
            threading.Event().wait(Random().random() * CUT_WITHIN_S)
            machine.cut()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
