"""The bench as a process of its own, on the line that the wizard holds: a real central, real errands, and its ends."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.daemon import only_gate
from support.eventually import eventually
from support.gates import GateRig
from support.real_central import RealCentral
from support.setup_stage import CONFIG
from ui.gate_line import SilentError
from ui.settingup.bench_line import BenchLine

WITHIN_S = 60.0


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[GateRig]:
    with GateRig(tmp_path, site=None, config=CONFIG, is_time_known=False) as made:
        yield made


def told(bench: BenchLine, errand: str) -> Callable[[], dict[str, Any]]:
    def look() -> dict[str, Any]:
        found = bench.ask("look")["errands"].get(errand, {})
        return {} if found.get("is_running", True) else found

    return look


def outcome(bench: BenchLine, errand: str) -> dict[str, Any]:
    assert eventually(lambda: bool(told(bench, errand)()), WITHIN_S)
    return told(bench, errand)()


def test_a_real_code_makes_a_gate_once_and_no_end_of_the_bench_keeps_the_lane(
    rig: GateRig, tmp_path: Path
) -> None:
    bench = BenchLine(rig.config_path)
    with RealCentral(tmp_path / "central") as central:
        central.publish()
        code = central.code().decode()
        used = json.loads(code)
        bench.ask("enrol", code=json.dumps({**used, "root_sha256": "0" * 64}))
        assert outcome(bench, "enrol")["code"] == "root_not_pinned"
        bench.ask("enrol", code=code)
        assert eventually(lambda: bench.ask("look")["snapshot_seq"] > 0, WITHIN_S)
    look = bench.ask("look")
    assert look["device"]["site"] == "museum"
    assert look["steps"]["enrolment"]["state"] == "done"

    os.kill(bench._process.pid, signal.SIGKILL)
    with pytest.raises(SilentError):
        bench.ask("look")
    bench.close()
    with only_gate(rig.runtime):
        assert bench.last_words() == ""
    assert used["token"] not in (rig.folder / "portillon.setup.json").read_text(encoding="utf-8")
