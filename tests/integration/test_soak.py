"""Eight hours of scanning with faults, in virtual time: nothing grows, nothing is lost, no relay stays on.

`make faults` lives the whole day; `make test` its first minutes.
"""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.core.lane_state import Phase
from scanner.core.units import RuleNo
from support.fault_table import Played
from support.gates import open_site
from support.lanes import LaneRig
from support.rights import NOON, rule
from support.soaked_lane import CARDS, HOUR_MS, SoakedLane

MB = 1_000_000
FACT_BYTES = 1_600
"""Of the file for each fact: its body, hash, filing and what the gate keeps beside it."""


@pytest.mark.fault("eight hours of scanning with random faults (simulated)")
@pytest.mark.timeout(1_200)
def test_a_long_day_of_faults_grows_nothing_and_loses_nobody(
    tmp_path: Path, faults_rounds: int, played: Played
) -> None:
    hours = 8 if faults_rounds >= 100 else 0.1
    site = open_site(cards=CARDS, rules=[rule(rule_no=RuleNo(1), max_total=9_999, party_max=2)])
    site = replace(site, created=NOON)
    with LaneRig(tmp_path, site=site) as rig:
        day = SoakedLane(rig, random.Random(2026))
        day.live(int(hours * HOUR_MS / 4))
        morning = day.footprint()
        rig.notices.clear()
        day.live(int(hours * HOUR_MS * 3 / 4))
        rig.notices.clear()
        evening = day.footprint()

        assert evening.files - morning.files <= {"lane.json"}
        assert 0 < day.largest_wal_bytes < 5 * MB
        assert evening.memory_bytes - morning.memory_bytes < 16 * MB
        assert evening.ledger_bytes < MB + FACT_BYTES * evening.facts
        assert evening.facts > morning.facts > 0
        assert rig.is_whole()
        assert day.unsettled() == []
        assert day.longest_on_ms == 0
        assert (rig.lane.state.phase, rig.lane.doubts) == (Phase.IDLE, ())
        assert len(day.faults) > 2
        played.add()
