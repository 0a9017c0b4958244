"""Commands over the control socket that depend on what is wired."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.core.errors import InputError
from scanner.gate_commands import build_commands
from support.lanes import LaneRig


def test_nobody_tells_people_how_to_walk_through_a_real_turnstile(tmp_path: Path) -> None:
    with LaneRig(tmp_path) as rig:
        commands = build_commands(rig.lane, dict, simulate_passage=None)

        with pytest.raises(InputError) as refusal:
            commands["simulate"]({"passage": True})

    assert refusal.value.code == "not_simulated"
    assert "nothing is done" in refusal.value.message
