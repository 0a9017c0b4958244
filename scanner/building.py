"""Builds a gate from its configuration: every part real unless the configuration says otherwise.

Law: wiring only. Whatever was opened is closed in reverse order by the caller's stack. A part that cannot be built says
which setting is to blame.

Source: docs/architecture.md, "Processes".
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.assemble import build_indicator, build_turnstile
from hardware.frames import FrameSource
from hardware.system_clock import SystemClock
from scanner.config import Config
from scanner.control import ControlSocket
from scanner.core.errors import ConfigError
from scanner.core.events import FactKind
from scanner.core.lane_state import LaneMode
from scanner.core.units import Direction, Instant
from scanner.gate_clock import GateClock
from scanner.gate_commands import build_commands
from scanner.lane_loop import Lane, LanePorts
from scanner.ledger import Ledger
from scanner.lookups import Lookups
from scanner.pins import indicator_settings, lane_settings, turnstile_settings
from scanner.seeing import Seeing
from sync.device import Device, load_device
