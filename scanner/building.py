"""Builds a gate from its configuration: every part real unless the configuration says otherwise.

Law: wiring only. Whatever was opened is closed in reverse order by the caller's stack. A part that cannot be built says
which setting is to blame.

Source: docs/architecture.md, "Processes".
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hardware.assemble import build_indicator, build_turnstile
from hardware.machine import Machine
from hardware.simulated import SimulatedTurnstile
from hardware.system_clock import SystemClock
from hardware.turnstile import Turnstile
from scanner.battery_clock import FILE_NAME as BATTERY_CLOCK
from scanner.battery_clock import BatteryClock
from scanner.building_sources import build_hearing, build_seeing
from scanner.config import Config
from scanner.control import ControlSocket, Reply
from scanner.core.errors import ConfigError
from scanner.core.units import DeviceId, Instant
from scanner.gate_clock import GateClock
from scanner.gate_commands import build_commands
from scanner.hearing import Hearing
from scanner.lane_loop import Lane
from scanner.lane_memory import FILE_NAME as LANE_MEMORY
from scanner.lane_memory import LaneMemory
from scanner.lane_parts import LanePorts
from scanner.lookups import Lookups
from scanner.panel.offering import offer_panel
from scanner.peer_facts import PeerFacts
from scanner.ports import TurnstilePort
from scanner.records.ledger import Ledger
from scanner.seeing import Seeing
from scanner.staff_commands import STAFF_PROVEN, build_staff_commands
from scanner.staff_pins import StaffPins
from scanner.status import Senses, status
from scanner.two_sides import TwoSides
from scanner.wiring import (
    indicator_settings,
    lane_settings,
    turnstile_settings,
)
from sync.device import Device, load_device


@dataclass(frozen=True, slots=True, kw_only=True)
class GateParts:
    """Everything that the gate's loop holds in its hands."""

    config: Config
    clock: SystemClock
    ledger: Ledger
    lookups: Lookups
    peers: PeerFacts
    gate_clock: GateClock
    ports: LanePorts
    lane: Lane
    memory: LaneMemory
    seeing: Seeing
    hearing: Hearing
    control: ControlSocket
    turnstile: Turnstile

    @property
    def doubts(self) -> tuple[str, ...]:
        """Codes of everything that is wrong now; a ledger that was set aside is told until the next start."""
        aside = self.ledger.set_aside
        of_ledger = () if aside is None else (aside.code,)
        looks = (*self.lookups.fault_codes, *self.seeing.doubt_codes)
        hears = (*self.hearing.doubt_codes, *self.memory.doubts.open_codes)
        return (*of_ledger, *self.lane.doubts, *looks, *hears, *self.peers.doubts.open_codes)

    def status(self) -> Reply:
        """What the gate says of itself."""
        return status(
            self.lookups.gate,
            self.lane.state,
            self.lane.counts,
            self.ports.clock.reading(),
            self.lookups.snapshot,
            Senses(
                is_simulated=self.config.is_simulated,
                camera=self.seeing.totals(),
                cameras=self.seeing.states(),
                scanners=self.hearing.states(),
            ),
            self.doubts,
            self.lane.question,
            self.lane.prepared,
        )


def build_parts(config: Config, clock: SystemClock, stack: contextlib.ExitStack) -> GateParts:
    """Open everything; the stack closes it.

    Raises:
        GateError: what cannot be opened, and which setting to look at.
    """
    device = enrolled_device(config.data_dir)
    ledger = stack.enter_context(Ledger.open(config.data_dir / "ledger", DeviceId(device.device)))
    peers = PeerFacts(config.data_dir / "peers" / "peers.db")
    stack.callback(peers.close)
    lookups = Lookups(config.data_dir / "cache", ledger.own, peers)
    stack.callback(lookups.close)
    proof_path = config.data_dir / "cache" / "time.json"
    battery = BatteryClock(config.data_dir / BATTERY_CLOCK, is_fitted=Machine().has_battery_clock())
    gate_clock = GateClock(clock, proof_path, _floor(ledger, lookups), battery)
    turnstile = stack.enter_context(build_turnstile(turnstile_settings(config.turnstile), clock))
    indicator = build_indicator(indicator_settings(config.indicator), clock)
    stack.callback(indicator.close)
    ports = LanePorts(
        clock=gate_clock,
        ledger=ledger,
        lookups=lookups,
        turnstile=turnstile,
        indicator=indicator,
    )
    control = ControlSocket(config.runtime_dir / "gate.sock")
    stack.callback(control.close)
    memory = LaneMemory(config.data_dir / LANE_MEMORY)
    lane = Lane(ports, lane_settings(config), control.notify, memory.load())
    sides = TwoSides(lane, clock.monotonic_ms, lambda: lookups.policy.debounce_ms)
    hearing = build_hearing(config, clock, sides, lookups, stack)
    seeing = build_seeing(config, clock, sides, lookups, stack)
    parts = GateParts(
        config=config,
        clock=clock,
        ledger=ledger,
        lookups=lookups,
        peers=peers,
        gate_clock=gate_clock,
        ports=ports,
        lane=lane,
        memory=memory,
        seeing=seeing,
        hearing=hearing,
        control=control,
        turnstile=turnstile,
    )
    control.offer(build_commands(lane, parts.status, _simulated_passage(turnstile)))
    pins = StaffPins(lambda: lookups.operators, clock.monotonic_ms)
    proven = dict.fromkeys(STAFF_PROVEN, pins.identify)
    control.offer(build_staff_commands(lane), proven)
    stack.callback(offer_panel(parts, pins))
    return parts


def enrolled_device(data_dir: Path) -> Device:
    """Who this gate is.

    Raises:
        ConfigError: ``gate_not_enrolled`` or ``gate_revoked``.
    """
    device = load_device(data_dir / "cache" / "device.json")
    if device is None:
        raise ConfigError(
            "gate_not_enrolled",
            f"{str(data_dir)!r} holds no enrolment; the gate does not know who it is",
            "enrol it: `portillon enrol --config portillon.toml FILE`, see docs/quickstart.md",
        )
    if device.is_revoked:
        raise ConfigError(
            "gate_revoked",
            f"device {device.device!r} was revoked by the central; it admits nobody",
            "enrol it again with a new token from the central",
        )
    return device


def _floor(ledger: Ledger, lookups: Lookups) -> Instant:
    created_at = lookups.snapshot.created_at if lookups.snapshot is not None else Instant(0)
    return max(created_at, ledger.floor_at or Instant(0))


def _simulated_passage(turnstile: TurnstilePort) -> Callable[[bool], None] | None:
    return turnstile.next_passage if isinstance(turnstile, SimulatedTurnstile) else None
