"""libzbar at arm's length: a child that aborts, hangs or is not there costs an opinion, never a frame."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scanner.reading.second_opinion import LinearReading, ZbarProcess
from scanner.reading.zbar_child import REQUEST, SYMBOLS, mask_of
from server_stub.demo.scenes import Scene, Shown, render
from support.eventually import eventually

PATIENT_S = 10.0
READY = "say(b'{\"ready\": true}\\n')\n"
PRELUDE = """
import os, signal, socket, sys
parent = socket.socket(fileno=0)
say = parent.sendall
hear = lambda: parent.recv(1 << 20)
"""

Start = Callable[..., ZbarProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a child: the real one, or one that does as told."""
    children: list[ZbarProcess] = []

    def start(script: str | None = None, limit_s: float = PATIENT_S) -> ZbarProcess:
        if script is None:
            children.append(ZbarProcess(limit_s))
        else:
            path = tmp_path / f"child_{len(children)}.py"
            path.write_text(PRELUDE + script)
            children.append(ZbarProcess(limit_s, (sys.executable, str(path))))
        return children[-1]

    yield start
    for child in children:
        child.close()


def card(payload: bytes, symbology: str) -> NDArray[np.uint8]:
    shown = Shown(payload=payload, symbology=symbology, medium="card", px_per_module=3)
    return render(Scene(shown=(shown,)), 800, 300)


EAN = card(b"4006381333931", "ean13")


def values(readings: list[LinearReading] | None) -> list[tuple[str, bytes]] | None:
    return None if readings is None else [(one.symbology, one.payload) for one in readings]


@pytest.mark.parametrize(
    ("symbology", "payload"),
    [("ean13", b"4006381333931"), ("code128", b"MEMBER-00042"), ("itf", b"0053611912")],
)
def test_a_card_is_read_by_the_real_child(start: Start, symbology: str, payload: bytes) -> None:
    readings = start().read(card(payload, symbology), (symbology,))

    assert values(readings) == [(symbology, payload)]


def test_a_reading_says_where_it_is(start: Start) -> None:
    [reading] = start().read(EAN, ("ean13",)) or []

    assert reading.box.left < 400 < reading.box.right
    assert reading.box.height >= 1


def test_only_what_was_asked_for_is_read(start: Start) -> None:
    child = start()

    assert values(child.read(EAN, ("code128",))) == []
    assert child.read(EAN, ("qr",)) is None
    assert values(child.read(EAN, ("ean13",))) == [("ean13", b"4006381333931")]
    assert child.restarts == 0


def test_a_picture_that_is_a_part_of_a_larger_one_is_sent_whole(start: Start) -> None:
    assert values(start().read(EAN[50:250, 100:700], ("ean13",))) == [("ean13", b"4006381333931")]


def test_a_child_that_aborts_costs_one_opinion_and_is_started_again(start: Start) -> None:
    child = start(READY + "hear(); os.kill(os.getpid(), signal.SIGABRT)")

    assert child.read(EAN, ("ean13",)) is None
    assert child.restarts == 1
    assert child.read(EAN, ("ean13",)) is None
    assert child.restarts == 2
    assert child.fault is None


def test_a_child_that_hangs_is_given_up_after_the_limit(start: Start) -> None:
    child = start(READY + "import threading; threading.Event().wait()", limit_s=0.2)

    assert eventually(lambda: child.read(EAN, ("ean13",)) is None and child.restarts > 0)


@pytest.mark.parametrize("answer", ["no json", '{"fault": "PyZbarError"}', "[[1]]", "[3]", "7"])
def test_nonsense_is_no_opinion(start: Start, answer: str) -> None:
    child = start(READY + f"while hear(): say({answer.encode()!r} + b'\\n')")

    assert child.read(np.zeros((4, 4), np.uint8), ("ean13",)) is None
    assert child.fault is None


def test_a_child_that_is_still_starting_costs_no_more_than_the_limit(start: Start) -> None:
    child = start("import threading; threading.Event().wait()", limit_s=0.01)

    assert [child.read(EAN, ("ean13",)) for _ in range(5)] == [None] * 5
    assert child.restarts == 0


def test_a_missing_libzbar_is_a_fault_with_the_package_to_install(start: Start) -> None:
    child = start('say(b\'{"ready": false, "why": "no shared library"}\\n\')')

    assert child.read(EAN, ("ean13",)) is None
    assert child.fault is not None
    assert child.fault.code == "zbar_missing"
    assert "libzbar0" in child.fault.hint
    assert child.read(EAN, ("ean13",)) is None
    assert child.restarts == 0


def test_the_child_ends_with_its_parent(start: Start) -> None:
    child = start()
    assert child.read(EAN, ("ean13",)) is not None
    process = child._child
    assert process is not None
    assert child._socket is not None
    child._socket.close()

    assert process.wait(timeout=10) == 0


def test_a_closed_opinion_is_none_and_may_be_closed_again(start: Start) -> None:
    child = start()
    child.close()
    child.close()

    assert child.read(EAN, ("ean13",)) is None


def test_every_symbol_has_its_bit() -> None:
    assert mask_of(SYMBOLS) == (1 << len(SYMBOLS)) - 1
    assert mask_of(["EAN13", "EAN13"]) == 1
    assert REQUEST.size == 12
