"""Every relay off, by a program that is done in a moment: early at boot, and whenever the gate has ended.

Law: it holds nothing and decides nothing. It reads the lines that the installer named, requests each inactive, and lets
go. It loads neither the gate nor its libraries: a Raspberry Pi keeps an output's level when the owner dies, so every
tenth of a second until this has run is an open arm. One line that fails does not keep it from the others.

Source: docs/hardware.md, "The pulse"; docs/hardware.md, "Units".
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hardware.pins import OutputLine, PinBank
from scanner.core.errors import DeviceError

CONFIG = Path("/etc/portillon/portillon.toml")
WAYS = ("way_in", "way_out")


def relays_of(table: dict[str, Any]) -> tuple[OutputLine, ...]:
    """The relays that a configuration names; none where the arm is simulated."""
    turnstile = table.get("turnstile", {})
    if turnstile.get("backend") == "simulated":
        return ()
    is_low = turnstile.get("active_low") is True
    lines = [turnstile.get(way, {}).get("relay", "") for way in WAYS]
    return tuple(OutputLine(line=line, active_low=is_low) for line in lines if line)


def make_safe(lines: Sequence[OutputLine], bank: PinBank) -> tuple[str, list[DeviceError]]:
    """Each line off and given back: what was done, and what would not."""
    left_on: list[str] = []
    errors: list[DeviceError] = []
    for line in lines:
        try:
            left_on += bank.request_outputs([line])
        except DeviceError as error:
            errors.append(error)
    bank.close()
    was = f"; left on: {', '.join(left_on)}" if left_on else ""
    return f"{len(lines) - len(errors)} of {len(lines)} relays are off{was}", errors


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0: all off, or there are none. 1: a line would not; systemd shows why."""
    parser = argparse.ArgumentParser(prog="relay_safe", description="Switch every relay off.")
    parser.add_argument("--config", type=Path, default=CONFIG)
    path: Path = parser.parse_args(arguments).config
    try:
        lines = relays_of(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        sys.stderr.write("not configured yet: there is no relay\n")
        return 0
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, AttributeError) as error:
        sys.stderr.write(f"{path.name} cannot be read: {error}\n")
        return 1
    if not lines:
        return 0
    from hardware.gpiod_bank import GpiodBank

    done, errors = make_safe(lines, GpiodBank(lambda ns: ns))
    sys.stderr.write("\n".join([done, *map(str, errors)]) + "\n")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
