"""Two `portillon-central billing run` processes at the same time, on one real database file: each cycle once (S44)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import func, select

from server_stub.store.subscription_tables import simulated_charge
from support.subscribers import club

RUN = "from server_stub.cli import main; main()"


def started(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, "billing", "run", "--json", "--dir", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )


def test_two_processes_charge_every_cycle_once(tmp_path: Path) -> None:
    with club(tmp_path) as friends:
        friends.at("2020-02-29T10:00")
        friends.plan(name="Year", every="year")
        members = [friends.join(plan="Year", email=f"m{number}@b.org") for number in range(4)]
        runs = [started(tmp_path / "central") for _ in range(2)]
        answers = [run.communicate(timeout=50) for run in runs]
        assert [run.returncode for run in runs] == [0, 0], answers
        with friends.central.database.read() as connection:
            counted = select(func.count()).select_from(simulated_charge)
            charged = int(connection.execute(counted).scalar_one())
        cycles = [friends.cycles(who) for who in members]
        answered = [friends.charges(who) for who in members]

    assert [json.loads(out)["faults"] for out, _err in answers] == [{}, {}]
    assert len(cycles[0]) > 5
    assert cycles == [cycles[0]] * 4
    assert charged == sum(map(len, cycles))
    assert answered == [[(1_000, "succeeded")] * len(cycles[0])] * 4
