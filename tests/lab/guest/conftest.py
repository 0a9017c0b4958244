"""What the tests of a boot share: the board's wires, the lens, the gate that systemd started."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from board import SENSOR, Lens, Wires
from installed_gate import InstalledGate


@pytest.fixture(scope="session")
def wires() -> Wires:
    wires = Wires()
    wires.drive(SENSOR, level=True)
    return wires


@pytest.fixture(scope="session")
def lens() -> Iterator[Lens]:
    with Lens() as lens:
        yield lens


@pytest.fixture(scope="session")
def gate(wires: Wires, lens: Lens) -> Iterator[InstalledGate]:
    gate = InstalledGate(wires, lens)
    gate.start()
    yield gate
    gate.stop()
