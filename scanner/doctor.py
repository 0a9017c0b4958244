"""Looks a gate over: its machine, its devices, its files. Nothing is changed, no pin is touched.

Law: read-only, and it works beside a running gate and without one. A part that cannot be looked at is a bad sign with
the fault's own words, and never keeps the doctor from the others.

Source: docs/hardware.md, "Health".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from hardware.machine import Machine
from hardware.system_clock import SyncState
from scanner.config import Config
from scanner.control import ControlClient
from scanner.core.errors import ConfigError, GateError
from scanner.health import gate_signs, machine_signs
from scanner.health.gate_signs import LineState, Status
from scanner.health.sign import Sign, bad, failed, look
from scanner.sections import CameraSection
from scanner.wiring import indicator_settings, turnstile_settings
from sync.device import load_device

CREDENTIALS = "/run/credentials"
"""Where systemd shows sync its key, and nobody else."""

HolderOf = Callable[[str], str]
"""Who holds a line, empty = nobody. Raises DeviceError where there is no such line."""


class DoctorsClock(Protocol):
    """What `hardware.system_clock.SystemClock` tells."""

    def now_ms(self) -> int:
        """Wall clock, ms since 1970."""
        ...

    def sync_state(self) -> SyncState:
        """What the kernel says of it."""
        ...


def examine_machine(
    config: Config, clock: DoctorsClock, machine: Machine, *, is_time_proven: bool
) -> list[Sign]:
    """The box itself."""
    state, wall_ms = clock.sync_state(), clock.now_ms()
    return [
        machine_signs.clock_sign(state, wall_ms, is_proven=is_time_proven),
        machine_signs.battery_clock_sign(state, wall_ms, machine.battery_clock_ms()),
        machine_signs.disk_sign(machine.room(config.data_dir)),
        machine_signs.wear_sign(machine.wear()),
        machine_signs.temperature_sign(machine.temperature_c()),
        machine_signs.power_sign(machine.power()),
    ]


def examine_gate(config: Config, holder_of: HolderOf) -> list[Sign]:
    """The lane and everything that is wired to it."""
    status, why = ask_gate(config)
    chain = guarded("chain", lambda: walk_chain(config))
    return [*examine_lane(config, status, why, holder_of), chain]


def examine_lane(
    config: Config, status: Status | None, why: str, holder_of: HolderOf
) -> list[Sign]:
    """All of it that is quickly looked at. ``status``: what the gate says of itself; None: ``why`` it does not."""
    parts: dict[str, Callable[[], Sign]] = {
        "gate": lambda: gate_signs.gate_sign(status, why),
        "relay": lambda: _pins(config, status, "relay", relays(config), holder_of),
        "sensors": lambda: _pins(config, status, "sensors", inputs(config), holder_of),
        "lamps": lambda: _lamps(config, status, holder_of),
        "camera": lambda: _cameras(config, status),
        "scanners": lambda: gate_signs.scanners_sign(status, len(config.scanner)),
        "keys": lambda: _keys(config),
    }
    return [guarded(name, part) for name, part in parts.items()]


def guarded(name: str, part: Callable[[], Sign]) -> Sign:
    """The part's sign; a fault while it is looked at is a bad one."""
    try:
        return part()
    except GateError as error:
        return failed(name, error.message, error.hint)
    except OSError as error:
        return bad(name, "look_failed", why=error.strerror or str(error))


def ask_gate(config: Config) -> tuple[Status | None, str]:
    """What the gate says of itself; None and why where it does not answer."""
    try:
        reply = ControlClient(config.runtime_dir / "gate.sock").ask("status")
    except ConfigError as error:
        return None, error.message
    except (OSError, ValueError) as error:
        return None, str(error)
    return (
        (reply, "") if reply.get("ok") is True else (None, str(reply.get("message", "no answer")))
    )


def relays(config: Config) -> list[tuple[str, str]]:
    """Line and purpose of each relay."""
    ways = turnstile_settings(config.turnstile).ways()
    return [(way.relay.line, f"relay {name}") for name, way in ways.items()]


def inputs(config: Config) -> list[tuple[str, str]]:
    """Line and purpose of each contact."""
    wired = turnstile_settings(config.turnstile).inputs()
    return [(contact.line, name) for name, contact in wired.items()]


def line_states(lines: list[tuple[str, str]], holder_of: HolderOf) -> Iterator[LineState]:
    """Who has each line now."""
    for line, purpose in lines:
        try:
            yield LineState(line, purpose, holder_of(line))
        except GateError as error:
            yield LineState(line, purpose, fault=error.message)


def kernel_holder_of(line: str) -> str:
    """Who holds a line, as the kernel says."""
    from hardware.gpiod_bank import holder_of

    return holder_of(line)


def _pins(
    config: Config,
    status: Status | None,
    name: str,
    lines: list[tuple[str, str]],
    holder_of: HolderOf,
) -> Sign:
    found = [] if config.is_simulated else list(line_states(lines, holder_of))
    return gate_signs.pins_sign(
        name, found, is_simulated=config.is_simulated, is_running=status is not None
    )


def _lamps(config: Config, status: Status | None, holder_of: HolderOf) -> Sign:
    settings = indicator_settings(config.indicator)
    is_simulated = settings.backend == "simulated"
    is_wired = settings.backend not in ("none", "simulated")
    lines = [(line.line, "lamp") for line in settings.outputs()] if is_wired else []
    found = list(line_states(lines, holder_of))
    return gate_signs.pins_sign(
        "lamps", found, is_simulated=is_simulated, is_running=status is not None
    )


def _cameras(config: Config, status: Status | None) -> Sign:
    found = {name: _is_there(section) for name, section in config.cameras.items()}
    return gate_signs.cameras_sign(status, found)


def _is_there(section: CameraSection) -> bool:
    """A ribbon camera shows no file that says so."""
    path = Path(section.path if section.source == "replay" else section.device)
    return section.source == "csi" or os.access(path, os.R_OK)


def _keys(config: Config) -> Sign:
    device = load_device(config.data_dir / "cache" / "device.json")
    path = config.sync.key_path
    is_lent = str(path).startswith(CREDENTIALS)
    has_key = path.exists()
    if is_lent and not has_key:
        return look("keys", "keys_lent")
    is_private = is_lent or not has_key or path.stat().st_mode & 0o077 == 0
    return gate_signs.keys_sign(
        None if device is None else device.device,
        is_revoked=device is not None and device.is_revoked,
        has_key=has_key,
        is_private=is_private,
    )


def walk_chain(config: Config) -> Sign:
    """The ledger from its anchor to its end; a long one takes a while."""
    from scanner.records.chain import verify_file
    from sync.ledger_format import FILE_NAME

    walk = verify_file(config.data_dir / "ledger" / FILE_NAME)
    broken = None if walk.broken is None else f"row {walk.broken.seq} {walk.broken.what}"
    return gate_signs.chain_sign(walk.rows, broken)
