"""The technician's view of what a wired scanner sends: raw, and what is made of it."""

from __future__ import annotations

import os
import tty
from pathlib import Path

from click.testing import CliRunner

from hardware.line_framer import ScannerSettings
from hardware.serial_scanner import open_serial
from hardware.wired_scanner import WiredScanner
from scanner.commands.scanner_command import scanner, watch
from support.eventually import eventually
from support.fixed_clock import FixedClock


def test_raw_bytes_are_shown_as_they_came_with_what_became_of_them() -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    settings = ScannerSettings(
        name="scanner 1", kind="serial", device=os.ttyname(theirs), gap_ms=20, prefix="<"
    )
    clock, said = FixedClock(), list[str]()
    one = WiredScanner(settings, clock.monotonic_ms, open_serial)
    assert eventually(lambda: one.state() == "ready")
    watch([one], said.append, lambda: len(said) > 0, lambda: None)
    clock.pass_ms(20)
    os.write(ours, b"<TKT-1\rTKT-2\r")
    assert eventually(lambda: one.counts.unframed == 1)

    watch([one], said.append, lambda: len(said) > 3, lambda: None)
    watch([one], said.append, lambda: True, lambda: None)

    one.close()
    os.close(ours)
    os.close(theirs)
    assert said == [
        "scanner 1  ready",
        "scanner 1  ready",
        "scanner 1  raw b'<TKT-1\\rTKT-2\\r'",
        "scanner 1  1 codes, 0 fragments, 1 unframed",
    ]


def test_a_scanner_that_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "portillon.toml"
    simulated = "[turnstile]\nbackend = 'simulated'\n"
    path.write_text(f"{simulated}[[scanner]]\ndevice = '{tmp_path}/no'\n", encoding="utf-8")
    result = CliRunner().invoke(scanner, ["--config", str(path), "--seconds", "0.3"])
    assert result.exit_code == 0
    assert "No such file or directory" in result.stdout
    assert "→ See that it is plugged in" in result.stdout

    path.write_text(simulated, encoding="utf-8")
    assert CliRunner().invoke(scanner, ["--config", str(path)]).exit_code == 2
