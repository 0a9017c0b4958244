"""One suite for every pin bank: simulated, gpiod, RPi.GPIO; on real kernel lines where there are any."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from hardware.pins import Bias, InputLine, OutputLine
from scanner.core.errors import DeviceError
from support.pin_rigs import RIGS, Rig, collect, open_rig, pull, switch


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Rig:
    return open_rig(request.param, monkeypatch, tmp_path)


@pytest.mark.parametrize("active_low", [False, True])
def test_an_output_is_inactive_from_the_first_moment(rig: Rig, *, active_low: bool) -> None:
    with rig.bank() as bank:
        bank.request_outputs([OutputLine(line=rig.relay, active_low=active_low)])
        assert rig.measure(rig.relay) is active_low
        assert set(rig.levels_of(rig.relay)) <= {active_low}
        assert bank.level(rig.relay) is False


@pytest.mark.parametrize("active_low", [False, True])
def test_an_output_follows_and_each_line_is_its_own(rig: Rig, *, active_low: bool) -> None:
    with rig.bank() as bank:
        bank.request_outputs(
            [OutputLine(line=rig.relay, active_low=active_low), OutputLine(line=rig.lamp)]
        )
        bank.set(rig.relay, True)
        assert rig.measure(rig.relay) is not active_low
        assert (bank.level(rig.relay), bank.level(rig.lamp)) == (True, False)
        assert rig.measure(rig.lamp) is False
        bank.set(rig.relay, False)
        assert rig.measure(rig.relay) is active_low
        assert bank.level(rig.relay) is False


def test_another_thread_may_switch_an_output(rig: Rig) -> None:
    with rig.bank() as bank:
        bank.request_outputs([OutputLine(line=rig.relay)])
        thread = threading.Thread(target=bank.set, args=(rig.relay, True))
        thread.start()
        thread.join()
        assert rig.measure(rig.relay) is True


def test_closing_switches_off_and_may_be_done_twice(rig: Rig) -> None:
    bank = rig.bank()
    bank.request_outputs([OutputLine(line=rig.relay)])
    bank.request_inputs([switch(rig.sensor)])
    bank.set(rig.relay, True)
    bank.close()
    bank.close()
    assert rig.measure(rig.relay) is False


def test_closed_lines_can_be_taken_again(rig: Rig) -> None:
    rig.drive(rig.sensor, level=True)
    for _ in range(2):
        with rig.bank() as bank:
            bank.request_outputs([OutputLine(line=rig.relay)])
            bank.request_inputs([switch(rig.sensor)])
            assert bank.level(rig.sensor) is False


def test_a_line_that_another_daemon_holds_is_named(rig: Rig) -> None:
    with rig.bank() as first, rig.bank() as second:
        first.request_outputs([OutputLine(line=rig.relay)])
        with pytest.raises(
            DeviceError, match=rf"{rig.relay}.*another daemon holds the line"
        ) as told:
            second.request_outputs([OutputLine(line=rig.relay)])
        assert told.value.code == "line_busy"
        first.set(rig.relay, True)
        assert rig.measure(rig.relay) is True


def test_a_line_that_does_not_exist_is_named_with_the_valid_ones(rig: Rig) -> None:
    with rig.bank() as bank:
        with pytest.raises(
            DeviceError, match=r"'GPIO40' is not on chip .*valid: GPIO0\.\.GPIO"
        ) as told:
            bank.request_outputs([OutputLine(line="GPIO40")])
        assert told.value.code == "line_unknown"


def test_using_a_line_that_was_never_requested_is_our_mistake(rig: Rig) -> None:
    with rig.bank() as bank:
        with pytest.raises(RuntimeError, match="was not requested"):
            bank.set(rig.relay, True)
        with pytest.raises(RuntimeError, match="was not requested"):
            bank.level(rig.sensor)
        assert bank.edges() == []


@pytest.mark.parametrize(
    ("bias", "active_low", "at_rest"),
    [(Bias.PULL_UP, True, False), (Bias.PULL_DOWN, False, False), (Bias.PULL_UP, False, True)],
    ids=["NO to ground", "NO to supply", "NC to ground, wire cut"],
)
def test_a_free_input_rests_where_its_resistor_pulls_it(
    rig: Rig, *, bias: Bias, active_low: bool, at_rest: bool
) -> None:
    with rig.bank() as bank:
        bank.request_inputs([InputLine(line=rig.contact, active_low=active_low, bias=bias)])
        assert bank.level(rig.contact) is at_rest
        assert bank.edges() == []


def test_edges_come_in_order_numbered_and_stamped(rig: Rig) -> None:
    rig.drive(rig.sensor, level=True)
    with rig.bank() as bank:
        bank.request_inputs([switch(rig.sensor)])
        before_ms, edges = rig.now_ms(), []
        for level in (False, True, False, True):
            pull(rig, rig.sensor, [level])
            edges += collect(rig, bank, 1)
        assert [(e.line, e.rising, e.seqno) for e in edges] == [
            (rig.sensor, True, 1),
            (rig.sensor, False, 2),
            (rig.sensor, True, 3),
            (rig.sensor, False, 4),
        ]
        stamps = [edge.at_ms for edge in edges]
        assert stamps == sorted(stamps)
        assert before_ms <= stamps[0] <= stamps[-1] <= rig.now_ms()
        assert bank.edges() == []


def test_two_inputs_keep_their_own_numbers(rig: Rig) -> None:
    for line in (rig.sensor, rig.contact):
        rig.drive(line, level=True)
    with rig.bank() as bank:
        bank.request_inputs([switch(rig.sensor), switch(rig.contact)])
        pull(rig, rig.contact, [False])
        first = collect(rig, bank, 1)
        pull(rig, rig.sensor, [False])
        second = collect(rig, bank, 1)
        assert [(e.line, e.seqno) for e in first + second] == [(rig.contact, 1), (rig.sensor, 1)]
        assert bank.level(rig.contact)
        assert bank.level(rig.sensor)


def test_a_bounce_shorter_than_the_debounce_never_happened(rig: Rig) -> None:
    rig.drive(rig.sensor, level=True)
    with rig.bank() as bank:
        bank.request_inputs([switch(rig.sensor, debounce_ms=80)])
        for _ in range(3):
            pull(rig, rig.sensor, [False, True], pause_ms=0)
            assert bank.edges() == []
        rig.pass_ms(200)
        assert bank.edges() == []
        rig.drive(rig.sensor, level=False)
        assert bank.edges() == []
        rig.pass_ms(200)
        assert [edge.rising for edge in collect(rig, bank, 1)] == [True]
        assert bank.level(rig.sensor) is True


def test_waiting_for_an_edge_ends_without_one(rig: Rig) -> None:
    rig.drive(rig.sensor, level=True)
    with rig.bank() as bank:
        bank.request_inputs([switch(rig.sensor)])
        assert bank.edges(wait_ms=20) == []


def test_what_another_daemon_left_on_is_told_where_the_bank_can_see_it(rig: Rig) -> None:
    if not rig.sees_what_was_left:
        pytest.skip("this API shows a pin's level only once it is set up")
    killed = rig.bank()
    killed.request_outputs([OutputLine(line=rig.relay), OutputLine(line=rig.lamp)])
    killed.set(rig.relay, True)
    rig.kill(killed)
    was_left_on = rig.measure(rig.relay)
    with rig.bank() as bank:
        found = bank.request_outputs([OutputLine(line=rig.relay), OutputLine(line=rig.lamp)])
        assert found == ((rig.relay,) if was_left_on else ())
        assert rig.measure(rig.relay) is False


def test_nobody_is_blamed_for_lines_that_were_given_back_tidily(rig: Rig) -> None:
    for _ in range(2):
        with rig.bank() as bank:
            relay = OutputLine(line=rig.relay, active_low=True)
            assert bank.request_outputs([relay]) == ()
            bank.set(rig.relay, True)
