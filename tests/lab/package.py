"""The package in a clean Debian: installed, upgraded with its data kept, removed, purged.

Law: a root of its own for the whole life, with dpkg as an installer calls it; nothing in it was there before.

Source: docs/operations.md, "Install".
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hardware.system_clock import SystemClock
from outcomes import Table

OWN = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
INSIDE = (*OWN, "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"')
"""Its own view of processes, gone with the command."""
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Root:
    """A Debian in a folder."""

    folder: Path

    def run(self, *command: str, may_fail: bool = False) -> str:
        """Run a command inside; what it said."""
        result = subprocess.run(
            [*INSIDE, str(self.folder), *command],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert may_fail or result.returncode == 0, (command, result.stdout)
        return result.stdout

    def install(self, package: Path) -> str:
        """As an installer does."""
        shutil.copy(package, self.folder / "tmp" / "portillon.deb")
        return self.run("dpkg", "-i", "/tmp/portillon.deb")

    def file(self, name: str) -> Path:
        """A file inside."""
        return self.folder / name.removeprefix("/")


def is_installed(root: Root, package: Path) -> None:
    """The program starts, its account and its units are there, and nothing is configured by itself."""
    said = root.install(package)
    assert "portillon setup" in said
    assert "gate" in root.run("/usr/bin/portillon", "--help")
    assert root.run("/usr/bin/portillon-central", "--version").startswith("portillon")
    assert "portillon:" in root.file("/etc/passwd").read_text(encoding="utf-8")
    wanted = root.file("/etc/systemd/system/multi-user.target.wants")
    assert {"portillon-gate.service", "portillon-sync.service"} <= {
        p.name for p in wanted.iterdir()
    }
    assert not root.file("/etc/portillon/portillon.toml").exists()
    assert [name for name in BROUGHT if not root.file(name).is_file()] == []
    units = sorted(
        f"/{path.relative_to(root.folder)}" for path in root.file(UNITS).glob("portillon*")
    )
    assert root.run("systemd-analyze", "verify", *(u for u in units if "@" not in u)) == ""


def is_configured(root: Root, _package: Path) -> None:
    """`portillon setup` writes what the program accepts; `portillon doctor` looks at what is there and what is not."""
    root.file("/tmp/answers.toml").write_text("site = 'Lab'\n", encoding="utf-8")
    root.run("/usr/bin/portillon", "setup", "--from", "/tmp/answers.toml")
    said = root.run("/usr/bin/portillon", "doctor", "--json", may_fail=True)
    found = json.loads(said.splitlines()[-1])
    assert found["light"] == "red", said
    assert {sign["name"] for sign in found["signs"]} >= LOOKED_AT, said
    assert all(sign["hint"] for sign in found["signs"] if sign["light"] != "green"), said
    lights = {sign["name"]: sign["light"] for sign in found["signs"]}
    assert (lights["gate"], lights["keys"], lights["disk"]) == ("red", "red", "green"), said


def keeps_what_was_recorded(root: Root, package: Path) -> None:
    """The next version touches neither the configuration nor the data."""
    config, ledger = root.file("/etc/portillon/portillon.toml"), root.file(LEDGER)
    written = config.read_text(encoding="utf-8")
    ledger.parent.mkdir(parents=True, exist_ok=True)
    ledger.write_text("facts", encoding="utf-8")
    root.install(package)
    assert root.run("dpkg-query", "-W", "-f", "${Version}", "portillon").endswith("-2")
    assert config.read_text(encoding="utf-8") == written
    assert ledger.read_text(encoding="utf-8") == "facts"
    assert "gate" in root.run("/usr/bin/portillon", "--help")


def is_removed_without_its_data(root: Root, _package: Path) -> None:
    """The program is gone, the data is not."""
    root.run("dpkg", "--remove", "portillon")
    assert not root.file("/opt/portillon").exists()
    assert not root.file("/usr/bin/portillon").exists()
    assert root.file(LEDGER).exists()
    assert root.file("/etc/portillon/portillon.toml").exists()


def is_purged(root: Root, _package: Path) -> None:
    """Nothing of it is left."""
    root.run("dpkg", "--purge", "portillon")
    left = ("/etc/portillon", "/var/lib/portillon", "/opt/portillon", "/usr/share/doc/portillon")
    assert [name for name in left if root.file(name).exists()] == []
    units = root.file("/etc/systemd/system")
    assert [str(path) for path in units.rglob("portillon*")] == []


LEDGER = "/var/lib/portillon/ledger/ledger.db"
UNITS = "/usr/lib/systemd/system"
BROUGHT = (
    "/usr/lib/systemd/journald.conf.d/portillon.conf",
    "/usr/lib/sysusers.d/portillon.conf",
    "/usr/lib/tmpfiles.d/portillon.conf",
    "/usr/lib/modules-load.d/portillon.conf",
    "/usr/lib/udev/rules.d/60-portillon.rules",
    "/usr/share/bash-completion/completions/portillon",
    "/usr/share/doc/portillon/hardware.md",
    "/usr/share/doc/portillon/pictures/wiring.svg",
)
LOOKED_AT = {
    *("clock", "rtc", "disk", "wear", "temperature", "power", "gate", "relay", "sensors", "lamps"),
    *("camera", "scanners", "keys", "chain", "snapshot", "contact"),
}
"""What `portillon doctor` has a word on."""
STEPS: tuple[tuple[Callable[[Root, Path], None], str], ...] = (
    (is_installed, "installed in a clean Debian it starts and waits to be configured"),
    (is_configured, "setup writes its configuration and doctor looks it over"),
    (keeps_what_was_recorded, "an upgrade keeps configuration and data"),
    (is_removed_without_its_data, "removed it leaves configuration and data"),
    (is_purged, "purged it leaves nothing"),
)


def try_package(lab: Path, table: Table) -> None:
    """The life of a package, step by step; a step that failed ends it."""
    clock, root = SystemClock(), Root(lab / "clean")
    shutil.rmtree(root.folder, ignore_errors=True)
    subprocess.run(["cp", "-a", str(lab / "debian"), str(root.folder)], check=True)
    first = package_of_this_machine()
    packages = (first, first, next_of(first, lab), first, first)
    for (step, sentence), package in zip(STEPS, packages, strict=True):
        began_ms = clock.monotonic_ms()
        note = ""
        try:
            step(root, package)
        except (AssertionError, OSError, ValueError) as error:
            note = str(error) or step.__name__
        seconds = (clock.monotonic_ms() - began_ms) / 1000
        table.add(f"package::{sentence}", seconds, passed=not note, note=note)
        if note:
            break
    shutil.rmtree(root.folder)


def package_of_this_machine() -> Path:
    """The newest: `make deb` may have built others for a Raspberry Pi since."""
    asked = ["dpkg", "--print-architecture"]
    arch = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    found = (CHECKOUT / "dist").glob(f"portillon_*-1_{arch}.deb")
    return max(found, key=lambda path: path.stat().st_mtime)


def next_of(package: Path, lab: Path) -> Path:
    """The same package as the next revision: unpacked, renumbered and packed again, uncompressed."""
    folder, packed = lab / "next", lab / "next.deb"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-R", str(package), str(folder)], check=True)
    control = folder / "DEBIAN" / "control"
    control.write_text(
        control.read_text(encoding="utf-8").replace("-1\n", "-2\n", 1), encoding="utf-8"
    )
    subprocess.run(
        ["dpkg-deb", "-Znone", "--build", str(folder), str(packed)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    shutil.rmtree(folder)
    return packed
