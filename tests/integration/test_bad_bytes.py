"""Bytes of a gate's disk that changed by themselves: the gate opens, by what is whole or by a new beginning.

That the whole program then shows "degraded" is in test_gate_disk and test_gate_doubts.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.records.chain import verify_file
from scanner.records.ledger import Ledger
from support.fault_table import Played
from support.ledgers import DEVICE, ENTRY, REFUSAL, record
from support.line_gate import LineGate, line_gate
from support.real_central import machine_clock
from sync.cache import Cache
from sync.ledger_format import FILE_NAME, connect_reader
from sync.verified_base import is_whole
from sync.worker import run_once

SEED = 20_261_127
ROWS = 60
PLACES = 6
HIT_BYTES = 64


def hit(path: Path, dice: random.Random) -> None:
    """Some bytes at places of chance are something else now."""
    raw = bytearray(path.read_bytes())
    for _ in range(PLACES):
        place = dice.randrange(len(raw))
        raw[place : place + HIT_BYTES] = dice.randbytes(len(raw[place : place + HIT_BYTES]))
    path.write_bytes(raw)


@pytest.mark.faults
@pytest.mark.fault("gate: ledger corrupted at random bytes")
@pytest.mark.timeout(300)
def test_a_ledger_with_random_bytes_is_whole_or_set_aside_and_the_gate_records(
    tmp_path: Path, faults_share: Callable[[int], int], played: Played
) -> None:
    with Ledger.open(tmp_path / "day", DEVICE) as ledger:
        record(ledger, *[ENTRY, REFUSAL] * (ROWS // 2))
        epoch = ledger.epoch
    dice, set_aside = random.Random(SEED), 0

    for number in range(faults_share(100)):
        folder = shutil.copytree(tmp_path / "day", tmp_path / str(number))
        hit(folder / FILE_NAME, dice)
        with Ledger.open(folder, DEVICE) as ledger:
            set_aside += ledger.set_aside is not None
            assert (ledger.epoch == epoch) is (ledger.set_aside is None)
            assert ledger.head.seq == (ROWS if ledger.set_aside is None else 0)
            record(ledger, ENTRY)
        assert verify_file(folder / FILE_NAME).broken is None
        connect_reader(folder / FILE_NAME).close()
        played.add()
        shutil.rmtree(folder)
    assert set_aside > 0


@pytest.mark.faults
@pytest.mark.fault("gate: cache corrupted at random bytes")
@pytest.mark.timeout(300)
def test_a_base_with_random_bytes_is_whole_or_comes_again(
    tmp_path: Path, faults_share: Callable[[int], int], played: Played
) -> None:
    dice, came_again = random.Random(SEED), 0
    with line_gate(tmp_path) as gate:
        gate.record(3)
        for _ in range(faults_share(50)):
            came_again += is_fetched_again_after_a_hit(gate, dice)
            gate.recover(played)
    assert came_again > 0


def is_fetched_again_after_a_hit(gate: LineGate, dice: random.Random) -> bool:
    cache = Cache(gate.settings.cache_dir)
    before = cache.current()
    assert before is not None
    hit(cache.base_path(before), dice)

    # a new process looks whether the base in use is whole
    report = run_once(replace(gate.settings), machine_clock())

    assert report.is_ok, report.faults
    after = cache.current()
    assert after is not None
    assert after.seq == before.seq
    assert is_whole(cache.base_path(after))
    return report.has_new_snapshot
