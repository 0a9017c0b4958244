"""What a gate tells a console, part by part: counts, shapes, sharpness, ages, sources, turns."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hardware.frames import Frame
from hardware.line_framer import ScannerSettings
from scanner.config import Config, parse_config
from scanner.core.errors import InputError
from scanner.core.events import FactKind
from scanner.core.rules import SitePolicy
from scanner.core.units import DeviceId, Instant, Seq
from scanner.health.sign import Light, Sign, good
from scanner.panel.aiming import SEEN_FOR_MS, Sight, shape_of, sharpness
from scanner.panel.day_counts import Came, DayCounts
from scanner.panel.doctoring import FRESH_MS, Doctoring, contact_of, snapshot_of
from scanner.panel.levels import told_cameras
from scanner.panel.log_ring import LogRing
from scanner.panel.overview import PUSH_SILENT_MS, load_heat, load_network, load_peers, told_push
from scanner.panel.raw_lines import newest_lines, told_line
from scanner.panel.settings_told import told_settings
from scanner.panel.turns import PER_SECOND, Turns
from scanner.reading.candidate import Candidate
from scanner.records.ledger import Ledger
from support.eventually import eventually
from support.ledgers import ENTRY, REFUSAL, fact
from support.rights import PARIS
from sync.push_state import PushState

QUAD = ((10, 10), (50, 10), (50, 50), (10, 50))


def test_a_shape_tells_kinds_of_characters_and_what_a_scanner_adds() -> None:
    assert shape_of(b"Ab-12\r\n") == "Aa-99␍␊"
    assert shape_of(b"7" * 40 + b"\t") == "9" * 18 + "…" + "9999␉"
    assert "§" not in shape_of("§".encode())


def scanner(**fields: Any) -> ScannerSettings:
    return ScannerSettings(name="desk", kind="serial", device="/dev/ttyACM0", **fields)


def test_what_a_scanner_adds_is_told_as_it_came_and_the_code_by_its_shape() -> None:
    named = scanner(prefix="~P", suffix="#", has_aim_id=True, terminator="cr")
    assert told_line(b"~P]Q1TK1:X+9#\r", named) == {
        "bytes": 14,
        "prefix": True,
        "aim": "]Q1",
        "code": "AA9:A+9",
        "suffix": True,
        "end": "␍",
    }
    missing = told_line(b"40012345", named)
    assert (missing["prefix"], missing["suffix"], missing["aim"], missing["end"]) == (
        *(False, False),
        *("", ""),
    )
    assert missing["code"] == "99999999"
    french = told_line("&é\"'(-è".encode("latin-1") + b"\t", scanner(terminator="tab"))
    assert (french["code"], french["end"], french["aim"]) == ("&·\"'(-·", "␉", None), "wrong layout"


def test_the_newest_lines_come_first_with_all_their_terminators() -> None:
    raw = b"tail\r\n1111\r\n2222\r\n33"
    assert newest_lines(raw, scanner()) == [b"33", b"2222\r\n", b"1111\r\n"]
    assert newest_lines(b"", scanner()) == []


def test_sharp_edges_are_told_from_blurred_ones_in_any_light() -> None:
    bars = np.repeat(np.arange(64) // 4 % 2, 4).astype(np.uint8)
    for low, high in ((0, 255), (60, 110)):
        sharp = np.tile(low + bars * (high - low), (64, 1)).astype(np.uint8)
        kernel = np.ones(15) / 15
        blurred = np.array([np.convolve(row, kernel, "same") for row in sharp.astype(float)])
        assert sharpness(sharp) > 90
        assert sharpness(blurred[:, 15:-15].astype(np.uint8)) < 40
    assert sharpness(np.full((8, 8), 128, np.uint8)) == 0


def test_an_outline_stays_a_moment_and_one_held_up_code_is_one_read() -> None:
    sight = Sight()
    code = Candidate(b"4001234567890", "ean13", QUAD)
    for at_ms in (100, 200, 300):
        frame = Frame(np.zeros((60, 100), np.uint8), at_ms, at_ms)
        sight.note(frame, [code])
    told = sight.tell("streaming", 400, 1_000)
    assert (told["code"], len(told["reads"]), told["picture"]["height"]) == ("ean13", 1, 58)
    assert told["reads"][0]["at"] == 700
    assert told["picture"]["outlines"][0][0] == [0.1, 10 / 60]
    later = sight.tell("streaming", 300 + SEEN_FOR_MS, 9_000)
    assert (later["code"], later["picture"]["outlines"]) == (None, [])
    assert Sight().tell("opening", 0, 0) == {"state": "opening", "reads": []}


def test_a_day_is_counted_by_steps_and_what_is_given_back_is_taken_off(tmp_path: Path) -> None:
    counts = DayCounts(
        ledger=tmp_path / "ledger.db", peers=tmp_path / "none.db", day_start=lambda: Instant(0)
    )
    assert counts.count() == Came(0, 0)
    with Ledger.open(tmp_path, DeviceId("d1")) as ledger:
        ledger.append(
            [fact(ledger, 0, **ENTRY), fact(ledger, 1, **REFUSAL), fact(ledger, 2, **ENTRY)]
        )
        assert counts.count() == Came(2, 0)
        given_back = {"kind": FactKind.NOT_PASSED, "refers_to": Seq(1)}
        ledger.append([fact(ledger, 0, **given_back)])
        assert counts.count() == counts.count() == Came(1, 0)
        assert counts.count().inside == 1
        counts.day_start = lambda: Instant(2**50)
        assert counts.count() == Came(0, 0)


def test_asides_come_one_at_a_time_and_not_too_often() -> None:
    now = [0]
    asked = Turns(lambda: now[0]).taken({"log": lambda _body: {"lines": []}})["log"]
    assert [asked({}) for _ in range(PER_SECOND)] == [{"lines": []}] * PER_SECOND
    with pytest.raises(InputError, match="control_too_often"):
        asked({})
    now[0] = 1_000
    assert asked({}) == {"lines": []}


def test_settings_say_where_they_come_from() -> None:
    text = b"""
[turnstile]
backend = "simulated"
pulse_ms = 250
passage_wait_s = 5
[turnstile.way_in]
sensor = "GPIO22"
[[scanner]]
device = "/dev/ttyACM0"
"""
    config = parse_config(text, "a.toml")
    rows = {
        row["name"]: row for row in told_settings(config, SitePolicy(calendar=PARIS))["settings"]
    }
    assert (rows["turnstile.pulse_ms"]["value"], rows["turnstile.pulse_ms"]["source"]) == (
        "250",
        "file",
    )
    assert rows["turnstile.passage_wait_s"]["source"] == "file", "as shipped, but said there"
    assert rows["turnstile.way_in.sensor"]["source"] == "file"
    assert (rows["[scanner].device"]["source"], rows["[scanner].baud"]["source"]) == (
        "file",
        "default",
    )
    assert "named" not in rows
    assert rows["camera.loop"]["value"] == "false"
    assert rows["camera.formats"]["source"] == "default"
    assert (rows["site.calendar"]["value"], rows["site.calendar"]["source"]) == (
        "Europe/Paris",
        "central",
    )
    assert len(told_settings(Config(), None)["settings"]) < len(rows)


def test_a_setting_that_cameras_differ_in_is_told_for_each() -> None:
    text = b'[[camera]]\nfps = 5\n[[camera]]\nfps = 9\ndevice = "/dev/b"\n[turnstile.way_in]\nrelay = "r"'
    told = told_settings(parse_config(text, "a.toml"), None)["settings"]
    rows = {row["name"]: (row["value"], row["source"]) for row in told}
    assert rows["camera.fps"] == ("5.0, 9.0", "file")
    assert rows["camera.width"] == ("1280", "default")


def test_of_several_cameras_each_is_told_and_of_one_the_picture() -> None:
    street = {"name": "camera street", "direction": "in", "state": "streaming"}
    hall = {"name": "camera hall", "direction": "out", "state": "stale"}
    assert told_cameras([street]) == {}
    assert told_cameras([street, hall]) == {"cameras": [street, hall]}


def test_the_newest_log_lines_are_kept_with_their_codes() -> None:
    ring, logger = LogRing(), logging.getLogger("portillon.panel_test")
    logger.addHandler(ring)
    logger.warning("the %s is gone", "camera", extra={"code": "camera_silent"})
    (line,) = ring.tell()["lines"]
    assert (line["message"], line["code"], line["level"]) == (
        "the camera is gone",
        "camera_silent",
        "warning",
    )


def test_what_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    status = tmp_path / "status.json"
    assert load_network(status) is None
    for text in ("[]", "{", '{"report": {}}', '{"report": 3}'):
        status.write_text(text, encoding="utf-8")
        assert load_network(status) is None
    status.write_text('{"report": {"at_ms": 5, "have": 2}, "failures": 1}', encoding="utf-8")
    network = load_network(status)
    assert network is not None
    assert (network["last_at"], network["have"], network["faults"]) == (5, 2, [])
    assert load_peers(tmp_path / "none.db") == {"peers": []}
    heat = tmp_path / "temp"
    assert load_heat([heat]) is None
    heat.write_text("61300\n", encoding="ascii")
    assert load_heat([heat, tmp_path / "none"]) == 61.3


def wait_for(is_so: Callable[[], bool]) -> None:
    assert eventually(is_so), "the doctor's thread"


def test_the_doctor_looks_in_a_thread_of_its_own_and_not_too_often() -> None:
    now, looks, may_end = [0], list[str](), threading.Event()

    def examine() -> list[Sign]:
        looks.append("machine")
        assert may_end.wait(30)
        return [good("disk", "disk_room", free=7, all=9)]

    def walk() -> Sign:
        looks.append("chain")
        return good("chain", "chain_whole", rows=3)

    doctor = Doctoring(examine, walk, lambda: 5_000 + now[0], lambda: now[0])
    assert doctor.tell({}) == {"at": None, "light": None, "signs": []}
    assert doctor.tell({})["at"] is None, "one look at a time, and nobody waits for it"
    may_end.set()
    wait_for(lambda: doctor.tell({})["at"] == 5_000)
    told = doctor.tell({})
    assert (told["light"], [sign["text"] for sign in told["signs"]]) == (
        "green",
        ["disk_room", "chain_whole"],
    )
    assert (told["signs"][0]["values"], told["signs"][0]["says"]) == (
        {"free": 7, "all": 9},
        "7 MB of 9 MB are free",
    )
    assert looks == ["machine", "chain"]
    now[0] = FRESH_MS
    wait_for(lambda: doctor.tell({})["at"] == 5_000 + FRESH_MS)
    assert looks == ["machine", "chain", "machine"], "a long chain is walked once an hour"


def test_a_doctor_that_falls_ill_harms_nobody_and_tries_again() -> None:
    now, looks = [0], list[int]()

    def examine() -> list[Sign]:
        looks.append(now[0])
        raise RuntimeError("a fault of ours")

    doctor = Doctoring(examine, lambda: good("chain", "chain_whole", rows=0), int, lambda: now[0])
    doctor.tell({})
    wait_for(lambda: not doctor.is_looking)
    now[0] = FRESH_MS
    assert doctor.tell({})["at"] is None
    wait_for(lambda: looks == [0, FRESH_MS])


def test_contact_and_snapshot_are_judged_by_what_sync_wrote() -> None:
    fault = {"code": "snapshot_rolled_back", "is_alarm": True}
    network = {"last_ok_at": 10_000, "have": 2, "held": 5, "faults": [], "waits": None}
    assert contact_of(None, 0).text == "contact_never"
    assert contact_of(network, 14_000).values == {"ago": 4, "unsent": 3}
    wrong = contact_of({**network, "faults": [fault]}, 14_000)
    assert (wrong.light, wrong.values["codes"]) == (Light.RED, "snapshot_rolled_back")
    waits = {**network, "waits": {"code": "snapshot_shrunk"}}
    status = {"snapshot": {"seq": 7, "age_s": 60}}
    assert contact_of(waits, 14_000).values["codes"] == "snapshot_shrunk"
    assert snapshot_of(status, waits).light is Light.AMBER
    assert snapshot_of({"snapshot": None}, None).light is Light.RED


def test_a_stream_that_was_silent_for_too_long_is_not_believed() -> None:
    push = PushState(is_connected=True, since_ms=1_000, heard_at_ms=2_000)
    assert told_push(None, 0) is None
    states = [told_push(push, 2_000 + late) for late in (PUSH_SILENT_MS, PUSH_SILENT_MS + 1)]
    assert [state and state["state"] for state in states] == ["connected", "silent"]
    polled = PushState(is_connected=False, since_ms=1_000, code="central_unreachable")
    told = told_push(polled, 10**9)
    assert told == {
        "state": "polling",
        "since": 1_000,
        "heard_at": None,
        "told_at": None,
        "code": "central_unreachable",
    }
