"""What a technician may do to a running gate: try the lamps, go back a snapshot, wipe; and who may do what.

Law: nothing is done before its PIN is proven on the caller's own thread (`scanner.staff_pins`) and the fact is durable.
The console is not trusted: whatever it asks, the role decides here. What sync owns is changed by sync's own verbs,
under sync's own turn, and never on the lane's thread.

Source: docs/architecture.md, "Control socket"; docs/console.md, "Acts".
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from hardware.system_clock import SystemClock
from scanner.control import Command, Reply
from scanner.core.errors import ConfigError
from scanner.core.events import FactKind
from scanner.core.lane_state import LaneMode
from scanner.core.override import MENDERS, Operator, Role
from scanner.gate_commands import WENT_BACK
from scanner.lane_loop import Lane
from scanner.ports import IndicatorPort
from scanner.staff_commands import require_role
from scanner.staff_pins import StaffPins
from sync.settings import SyncSettings

OF_THE_GATE = frozenset({Role.TECHNICIAN})
LAMPS = (("green", "one_short"), ("amber", "three_short"), ("red", "two_long"), ("off", "silent"))
LAMP_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Technician:
    """Of one gate. ``on_lane`` has the lane's thread do something; ``operators`` are those of the snapshot in use."""

    lane: Lane
    indicator: IndicatorPort
    pins: StaffPins
    operators: Callable[[], Mapping[str, Operator]]
    on_lane: Callable[[Callable[[], Reply]], Reply]
    sync: SyncSettings
    clock: SystemClock
    backlog: Callable[[], int | None]

    def asides(self) -> dict[str, Command]:
        """What is done on the caller's thread, the lane's part on the lane's."""
        return {"lamps": self._lamps, "roll_back": self._roll_back, "wipe": self._wipe}

    def checks(self) -> dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]]:
        """Who may, looked at before."""
        return {"mode": self._may_set}

    def _proven(self, body: Mapping[str, Any], roles: frozenset[Role]) -> Mapping[str, Any]:
        proven = self.pins.identify(body)
        require_role(proven["operator"], roles)
        return proven

    def _may_set(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Holding the arm open and opening a closed lane take a PIN, unless the snapshot names nobody who has one.

        Closing a lane is safe, and so is locking an arm that was held open: both are done without.
        """
        someone_could = any(one.role in MENDERS for one in self.operators().values())
        if "pin" not in body and not (someone_could and self._lets_in(body.get("mode"))):
            return body
        proven = self._proven(body, MENDERS)
        return {**proven, "operator": proven["operator"].name}

    def _lets_in(self, wanted: object) -> bool:
        is_closed = self.lane.state.mode is LaneMode.CLOSED
        return wanted == LaneMode.FREE or (is_closed and wanted == LaneMode.NORMAL)

    def _lamps(self, body: Mapping[str, Any]) -> Reply:
        noted = self._note(self._proven(body, OF_THE_GATE), "lamps")
        pause = threading.Event()
        for colour, sound in LAMPS if noted["ok"] else ():
            self.on_lane(partial(self._show, colour, sound))
            pause.wait(LAMP_S)
        return noted

    def _show(self, colour: str, sound: str) -> Reply:
        self.indicator.show(colour, sound)
        return {}

    def _roll_back(self, body: Mapping[str, Any]) -> Reply:
        from sync.going_back import find_before, roll_back

        proven = self._proven(body, MENDERS)
        find_before(self.sync)
        noted = self._note(proven, WENT_BACK)
        if not noted["ok"]:
            return noted
        return {"snapshot_seq": roll_back(self.sync, self.clock, proven["operator"].name).seq}

    def _wipe(self, body: Mapping[str, Any]) -> Reply:
        from sync.going_back import erase_rights

        proven = self._proven(body, OF_THE_GATE)
        left = self.backlog()
        if left != 0:
            raise ConfigError(
                "wipe_not_sent",
                f"{'an unknown number of' if left is None else left} facts were not sent to the central;"
                " nothing was done",
                "let sync send them, or carry them on a stick (`portillon bundle export`)",
            )
        noted = self._note(proven, "wiped")
        if noted["ok"]:
            erase_rights(self.sync)
        return noted

    def _note(self, proven: Mapping[str, Any], what: str) -> Reply:
        """Recorded before it is done; where the lane does not answer, the reply says so and nothing is done."""
        name = proven["operator"].name

        def note() -> Reply:
            self.lane.note(FactKind.SERVICE, note=what, operator=name)
            return {}

        return self.on_lane(note)
