"""Is this box a gate yet? And the wizard's start.

Law: only looks whether files are there. Whatever cannot be looked at belongs to a gate that is none of this account's.

Source: docs/console.md, "Set-up".
"""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

CONFIG = Path("/etc/portillon/portillon.toml")
RUNTIME_DIR = Path("/run/portillon")
DATA_DIR = "/var/lib/portillon"
FILE_BYTES = 256 * 1024


def is_first_start(config_path: Path, runtime_dir: Path) -> bool:
    """No gate serves here, and there is no configuration, no enrolment, or a set-up that was left."""
    if (runtime_dir / "gate.sock").exists() or not _may_set_up(config_path):
        return False
    if _is_under_way(config_path.with_name(f"{config_path.stem}.setup.json")):
        return True
    try:
        table = tomllib.loads(config_path.read_text(encoding="utf-8")[:FILE_BYTES])
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    data_dir = Path(str(table.get("gate", {}).get("data_dir", DATA_DIR)))
    return not (data_dir / "cache" / "device.json").exists()


def _may_set_up(config_path: Path) -> bool:
    return config_path.parent.is_dir() and os.access(config_path.parent, os.W_OK)


def _is_under_way(path: Path) -> bool:
    try:
        told = json.loads(path.read_text(encoding="utf-8")[:FILE_BYTES])
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and told.get("finished_at_ms") is None


def set_up(config_path: Path, language: str) -> int:
    """Run the wizard to its end, its bench with it."""
    from ui.gate_line import SocketLine
    from ui.settingup.bench_line import BenchLine
    from ui.settingup.wizard import Wizard
    from ui.system_clock import SystemClock

    bench, clock = BenchLine(config_path.absolute()), SystemClock()
    try:
        wizard = Wizard(
            bench, lambda folder: SocketLine(Path(folder) / "gate.sock", clock), clock, language
        )
        wizard.run()
    finally:
        bench.close()
    return wizard.return_code or 0
