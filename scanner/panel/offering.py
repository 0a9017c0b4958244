"""Offers a gate's console what it asks for: wiring only.

Law: what only looks is done aside, in turn and not too often; what touches pins is done by the lane's thread; what
changes something has its author proven first.

Source: docs/architecture.md, "Control socket".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from hardware.machine import Machine
from scanner.control import Command, Reply
from scanner.core.clock import ClockState
from scanner.core.errors import StoreError
from scanner.core.units import Instant
from scanner.doctor import examine_lane, examine_machine, kernel_holder_of, walk_chain
from scanner.health.sign import Sign
from scanner.panel.day_counts import DayCounts
from scanner.panel.doctoring import Doctoring, contact_of, snapshot_of
from scanner.panel.ledger_reads import LedgerReads
from scanner.panel.levels import told_cameras, told_levels
from scanner.panel.log_ring import LogRing
from scanner.panel.overview import Overview, load_network, load_peers
from scanner.panel.picture_told import told_picture
from scanner.panel.settings_told import told_settings
from scanner.panel.technician import Technician
from scanner.panel.turns import Turns
from scanner.staff_pins import StaffPins
from sync.ledger_format import FILE_NAME

if TYPE_CHECKING:
    from scanner.building import GateParts


def offer_panel(parts: GateParts, pins: StaffPins) -> Callable[[], None]:
    """From now on a console is answered; call what is returned when the gate ends."""
    log = LogRing()
    logger = logging.getLogger("portillon")
    logger.addHandler(log)
    technician = _technician(parts, pins)
    turns = Turns(parts.clock.monotonic_ms)
    doctor = _doctoring(parts)
    asides = turns.taken(_looks(parts, log)) | technician.asides()
    parts.control.offer_aside(asides | {"doctor": doctor.tell})
    parts.control.offer({"hardware": lambda _body: _hardware(parts)}, technician.checks())
    return lambda: logger.removeHandler(log)


def _hardware(parts: GateParts) -> Reply:
    levels = told_levels(parts.ports.turnstile, parts.config.turnstile)
    sources = told_cameras(parts.seeing.states()) | {"scanners": parts.hearing.states()}
    return levels | sources


def _looks(parts: GateParts, log: LogRing) -> dict[str, Command]:
    reads = LedgerReads(parts.config.data_dir / "ledger" / FILE_NAME)
    overview = _overview(parts)
    peers = parts.config.data_dir / "peers" / "peers.db"

    return {
        "overview": lambda _body: overview.tell(),
        "scans": reads.scans,
        "explain": reads.explain,
        "peers": lambda _body: load_peers(peers),
        "camera": lambda body: told_picture(parts.seeing, body, parts.clock),
        "settings": lambda _body: told_settings(parts.config, parts.lookups.policy),
        "log": lambda _body: log.tell(),
    }


def _overview(parts: GateParts) -> Overview:
    clock, lookups, data_dir = parts.clock, parts.lookups, parts.config.data_dir

    def day_start() -> Instant:
        calendar = lookups.policy.calendar
        return calendar.day_start(calendar.business_date(Instant(clock.now_ms())))

    started_ms = clock.monotonic_ms()
    return Overview(
        status=lambda: parts.control.on_lane(lambda: _status(parts)),
        policy=lambda: lookups.policy,
        counts=DayCounts(
            ledger=data_dir / "ledger" / FILE_NAME,
            peers=data_dir / "peers" / "peers.db",
            day_start=day_start,
        ),
        data_dir=data_dir,
        push_path=parts.config.sync.push_path,
        wall_ms=clock.now_ms,
        up_ms=lambda: clock.monotonic_ms() - started_ms,
    )


def _status(parts: GateParts) -> Reply:
    """On the lane's thread, which alone may ask the ledger for its end."""
    try:
        head = parts.ledger.head.seq
    except StoreError:
        head = None
    ways = [direction.value for direction in parts.lane.directions]
    return {**parts.status(), "ledger": {"head": head}, "ways": ways}


def _doctoring(parts: GateParts) -> Doctoring:
    config, clock, machine = parts.config, parts.clock, Machine()
    status_path = config.data_dir / "peers" / "status.json"

    def examine() -> list[Sign]:
        status, network = parts.control.on_lane(parts.status), load_network(status_path)
        is_proven = status["clock"]["state"] == ClockState.TRUSTED
        return [
            *examine_machine(config, clock, machine, is_time_proven=is_proven),
            *examine_lane(config, status, "", kernel_holder_of),
            snapshot_of(status, network),
            contact_of(network, clock.now_ms()),
        ]

    return Doctoring(examine, lambda: walk_chain(config), clock.now_ms, clock.monotonic_ms)


def _technician(parts: GateParts, pins: StaffPins) -> Technician:
    status_path = parts.config.data_dir / "peers" / "status.json"

    def backlog() -> int | None:
        network = load_network(status_path)
        head = parts.control.on_lane(lambda: {"head": parts.ledger.head.seq}).get("head")
        return None if network is None or head is None else max(0, head - int(network["have"]))

    return Technician(
        lane=parts.lane,
        indicator=parts.ports.indicator,
        pins=pins,
        operators=lambda: parts.lookups.operators,
        on_lane=parts.control.on_lane,
        sync=parts.config.sync,
        clock=parts.clock,
        backlog=backlog,
    )
