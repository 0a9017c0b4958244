"""The units are right, shut tight, and name what the wheel brings. `systemd-analyze` judges them, without a systemd.

`systemd-analyze verify` exits 0 over a key that it does not know, so whatever it says is a failure.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.checkout import ROOT

UNITS = ROOT / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
TIMERS = sorted(path.name for path in UNITS.glob("*.timer"))
ANALYZE = shutil.which("systemd-analyze")
EXPOSURE_MAX = 20
"""Of 100; systemd itself shows it divided by ten."""

needs_systemd = pytest.mark.skipif(
    ANALYZE is None, reason="systemd-analyze is not installed (Debian: apt-get install systemd)"
)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    words = [ANALYZE or "", *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=50)


def text_of(unit: str) -> str:
    return (UNITS / unit).read_text(encoding="utf-8")


@needs_systemd
def test_every_unit_is_understood_to_the_last_key(tmp_path: Path) -> None:
    """Our programs are not installed here: something that is stands in their place, and nothing else is changed."""
    for unit in (*SERVICES, *TIMERS):
        stands_in = re.sub(r"/opt/portillon/bin/[\w-]+", "/bin/true", text_of(unit))
        (tmp_path / unit.replace("@.", "@tty1.")).write_text(stands_in, encoding="utf-8")
    (tmp_path / "portillon-console@.service").write_text(
        (tmp_path / "portillon-console@tty1.service").read_text(encoding="utf-8"), encoding="utf-8"
    )

    judged = analyze("verify", *sorted(str(path) for path in tmp_path.iterdir()))

    assert (judged.stderr, judged.stdout, judged.returncode) == ("", "", 0)


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES)
def test_every_unit_is_shut_tight(unit: str) -> None:
    judged = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", str(UNITS / unit))

    assert judged.returncode == 0, judged.stdout[-200:]


def test_the_units_of_a_gate_are_all_there() -> None:
    assert {
        "portillon-gate.service",
        "portillon-sync.service",
        "portillon-console@.service",
        "portillon-relay-safe.service",
        "portillon-backup.service",
    } <= set(SERVICES)
    assert {f"{Path(timer).stem}.service" for timer in TIMERS} <= set(SERVICES)


@pytest.mark.parametrize("unit", ["portillon-gate.service", "portillon-sync.service"])
def test_who_judges_the_clock_may_read_it(unit: str) -> None:
    """`ProtectClock` filters adjtimex and `ProcSubset=pid` hides the boot's id: no time would ever be trusted."""
    keys = text_of(unit)
    assert not re.search(r"^(ProtectClock=yes|ProcSubset=pid)", keys, flags=re.MULTILINE)
    assert "\nSystemCallFilter=adjtimex clock_adjtime clock_adjtime64\n" in keys
    assert "\nSystemCallErrorNumber=EPERM\n" in keys


def test_the_gate_has_no_network_and_a_watchdog_and_leaves_no_relay_on() -> None:
    keys = text_of("portillon-gate.service")
    for line in (
        "Type=notify",
        "WatchdogSec=6",
        "Restart=always",
        "StartLimitIntervalSec=0",
        "RestrictAddressFamilies=AF_UNIX AF_NETLINK",
        "User=portillon",
        "DevicePolicy=closed",
    ):
        assert f"\n{line}\n" in keys
    assert "\nExecStopPost=/opt/portillon/bin/python -I -m hardware.relay_safe " in keys
    assert not re.search(r"^(After|Wants|Requires)=.*(network|time-sync)", keys, flags=re.MULTILINE)


def test_sync_reaches_no_device_and_the_console_no_network() -> None:
    assert "\nPrivateDevices=yes\n" in text_of("portillon-sync.service")
    assert "\nRestrictAddressFamilies=AF_UNIX\n" in text_of("portillon-console@.service")


def test_every_class_of_device_is_loaded_before_the_gate_starts() -> None:
    """A class in DeviceAllow is looked up when the unit starts: a driver that is loaded later is denied for ever."""
    modules = text_of("portillon.modules-load.conf").split()
    assert {"uvcvideo", "cdc_acm", "usbserial", "evdev"} <= set(modules)
    assert "systemd-modules-load.service" in text_of("portillon-gate.service")


def test_the_account_is_in_the_groups_that_own_the_devices() -> None:
    account = text_of("portillon.sysusers.conf")
    groups = re.findall(r"^m portillon (\w+)$", account, flags=re.MULTILINE)
    assert groups == ["gpio", "video", "dialout", "input"]
    assert f"\nSupplementaryGroups={' '.join(groups)}\n" in text_of("portillon-gate.service")


def test_logs_give_way_before_facts_find_no_room() -> None:
    keys = text_of("portillon.journald.conf")
    assert "\nSystemMaxUse=100M\n" in keys
    assert "\nSystemKeepFree=1G\n" in keys
