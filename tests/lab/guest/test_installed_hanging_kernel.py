"""A kernel that hangs: only hardware can end that. The machine is switched off, so this test has no end."""

from __future__ import annotations

from pathlib import Path
from threading import Event

from console_report import tell
from installed_gate import run

SYSTEMD = (
    "org.freedesktop.systemd1",
    "/org/freedesktop/systemd1",
    "org.freedesktop.systemd1.Manager",
)


def test_the_kernel_hangs_and_nobody_feeds_the_watchdog() -> None:
    run("modprobe", "i6300esb")
    run("busctl", "set-property", *SYSTEMD, "RuntimeWatchdogUSec", "t", "10000000")
    Event().wait(3)  # systemd has opened and fed it
    tell("LAB-HANGS")
    Path("/proc/sysrq-trigger").write_text("c", encoding="ascii")
