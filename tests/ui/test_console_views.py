"""What the tabs show, as values; plots, numbers and the camera's picture too."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scanner.health.sign import failed
from scanner.panel.doctoring import told_sign
from support.scripted_gate import (
    CAMERA,
    DOCTOR,
    HARDWARE,
    LOG,
    NOW,
    OVERVIEW,
    PEERS,
    SCANS,
    SETTINGS,
    plain,
)
from ui import hardware_view, health_view, lines, log_view, scans_view, settings_view, sync_view
from ui.board import Board, Sample, backlog, heard
from ui.lines import MARKS, Lines
from ui.picture import NOTHING, lines_of, parse_picture
from ui.plot import bars, gauge
from ui.tongue import Tongue

EN, FR = Tongue.of("en", "Europe/Paris"), Tongue.of("fr", "Europe/Paris")
ALL = {
    "overview": OVERVIEW,
    "scans": SCANS,
    "hardware": HARDWARE,
    "camera": CAMERA,
    "settings": SETTINGS,
    "log": LOG,
    "peers": PEERS,
    "doctor": DOCTOR,
}


def board(**replies: Any) -> Board:
    found = Board()
    for do, reply in {**ALL, **replies}.items():
        found = heard(found, do, reply, NOW)
    return found


def plain_text(found: Lines) -> str:
    return plain(lines.plain_text(found))


def rows(found: Lines) -> list[str]:
    return plain_text(found).splitlines()


def test_tones_have_marks_of_their_own() -> None:
    assert len(set(MARKS.values())) == len(MARKS)


def test_sync_tells_snapshot_line_backlog_receipts_and_peers() -> None:
    text = plain_text(sync_view.sync_lines(board(), EN, 80))
    for part in ("5 min old", "network ok", "Not sent 13", "20,405 of 20,418", "d-9f31 812 facts"):
        assert part in text
    fault = {"code": "central_unreachable", "message": "no route", "hint": ""}
    down = {**OVERVIEW, "network": {**OVERVIEW["network"], "failures": 4, "faults": [fault]}}
    told = (
        "The central is not reached: look at the network. The gate goes on. [central_unreachable]"
    )
    assert f"✖ Fault {told}" in rows(sync_view.sync_lines(board(overview=down), EN, 80))


def test_sync_tells_whether_the_central_pushes_and_when_it_last_spoke() -> None:
    found = rows(sync_view.sync_lines(board(), EN, 80))
    assert "✔ Push connected since 17:55:21" in found
    assert {"  Sign of life 19:55:18", "  Last message 19:53:46"} <= set(found)
    lost = {"state": "polling", "since": NOW - 60_000, "heard_at": None, "told_at": None}
    words = {
        "polling": "! Push polling since 19:54:21 [central_unreachable]",
        "silent": "✖ Push nothing heard since not known: is sync running?",
        "of the future": "! Push not known: sync does not run, or has not been in contact",
    }
    for state, text in words.items():
        push = lost | {"state": state, "code": "central_unreachable"}
        told = board(overview={**OVERVIEW, "push": push})
        assert text in rows(sync_view.sync_lines(told, EN, 80))
    assert "  Dernier message aucun pour le moment" in rows(
        sync_view.sync_lines(board(overview={**OVERVIEW, "push": lost}), FR, 80)
    )


def test_before_the_first_contact_the_backlog_is_not_guessed() -> None:
    never = board(overview={**OVERVIEW, "network": None}, peers={"peers": []})
    text = plain_text(sync_view.sync_lines(never, FR, 80))
    assert "! Pas envoyés inconnu" in text
    assert backlog(never.reply("overview")) is None


def test_hardware_tells_levels_and_passes_on_what_a_newer_gate_has() -> None:
    text = plain_text(
        hardware_view.hardware_lines(board(hardware=HARDWARE | {"battery": "82 %"}), EN)
    )
    for part in (
        "Relay in on  (GPIO17)",
        "Sensor in at rest  (GPIO22)",
        "Sensor out not wired",
        "battery 82 %",
    ):
        assert part in text
    cameras = [
        {"name": "street", "direction": "in", "state": "streaming"},
        {"name": "hall", "direction": "out", "state": "stale"},
    ]
    several = rows(
        hardware_view.hardware_lines(board(hardware=HARDWARE | {"cameras": cameras}), EN)
    )
    assert {"✔ street sees  (in)", "✖ hall sends nothing  (out)"} <= set(several)
    simulated = board(hardware=HARDWARE | {"simulated": True})
    assert "! Driven by SIMULATION: no arm turns" in rows(
        hardware_view.hardware_lines(simulated, EN)
    )


def test_the_camera_says_in_words_what_is_wrong_with_its_picture() -> None:
    good = plain_text(hardware_view.camera_lines(board(), EN))
    assert "71 sharp" in good
    assert "118 good" in good
    bad = CAMERA | {"sharpness": 12, "exposure": {"mean": 9}, "code": None, "state": "covered"}
    text = plain_text(hardware_view.camera_lines(board(camera=bad), EN))
    for part in ("✖ Camera covered", "! Sharpness", "blurred", "too dark", "none in sight"):
        assert part in text


def test_a_scanner_is_told_by_what_it_adds_and_never_by_the_code() -> None:
    found = rows(hardware_view.scanner_lines(board(), EN))
    assert found == [
        "▌ Scanners: last lines, by their shape",
        "✔ desk ready",
        "!  1,412 codes, 2 cut short, 1 without what was set",
        "  19 B [prefix] ]C1 99999999999999 [CR]",
        "! 14 B [NO PREFIX] [NO AIM] 9999999999999 [CR]",
    ]
    gone = {"name": "desk", "state": "back-off", "fault": "scanner_missing"}
    without = board(hardware={**HARDWARE, "scanners": [gone]})
    assert "✖ desk not there [scanner_missing]" in rows(hardware_view.scanner_lines(without, EN))
    assert hardware_view.scanner_lines(board(hardware={"ok": True}), EN) == ()


def test_reads_are_told_by_their_shape() -> None:
    assert "code128  12 B  999999999999" in plain_text(hardware_view.read_lines(board(), EN))


def test_health_tells_what_the_doctor_found_the_worst_first_with_what_to_do() -> None:
    found = rows(health_view.health_lines(board(), FR, 100))
    first = found.index("▌ Docteur, à 19:55:15")
    assert found[first + 1 : first + 5] == [
        "✖ Caméra état : couverte ou dans le noir",
        "   → voyez son câble, son objectif et sa lumière",
        "! Carte environ 80 % de la vie de la carte est consommée",
        f"   → {plain(FR.say('hint_wear_share'))}",
    ]
    assert "✔ Registre 20 418 faits, la chaîne est entière" in found
    foreign = {"name": "fan", "light": "red", "text": "fan_dust", "says": "dusty", "hint": "clean"}
    own = told_sign(failed("relay", "no chip", "see gpioinfo"))
    told = board(doctor={**DOCTOR, "signs": [foreign, own]})
    assert {"✖ fan dusty", "   → clean", "✖ Relay no chip", "   → see gpioinfo"} <= set(
        rows(health_view.health_lines(told, EN, 100))
    )
    looking = board(doctor={"ok": True, "at": None, "light": None, "signs": []})
    assert "  is looking …" in rows(health_view.health_lines(looking, EN, 100))


def test_health_tells_doubts_and_the_machine() -> None:
    told = {**OVERVIEW, "doubts": ["camera_missing"]}
    found = rows(health_view.health_lines(board(overview=told), EN, 100))
    assert "✖ The camera is missing. [camera_missing]" in found
    assert "✔ Temperature 61.3 °C" in found
    hot = {**OVERVIEW, "machine": {"temperature_c": 83.0, "disk_free": 1, "disk_bytes": 1000}}
    text = plain_text(health_view.health_lines(board(overview=hot), EN, 100))
    assert "✖ Temperature 83.0 °C" in text
    assert "✖ Disk" in text


def test_a_silent_gate_leaves_gaps_not_faults() -> None:
    empty = Board()
    assert "not known" in plain_text(health_view.health_lines(empty, EN, 80))
    assert "not known" in plain_text(hardware_view.hardware_lines(empty, EN))
    assert "not known" in plain_text(hardware_view.camera_lines(empty, EN))
    assert sync_view.sync_lines(empty, EN, 80)
    assert (scans_view.rows(empty, EN, 80), settings_view.rows(empty, EN, 80)) == ((), ())


def test_a_scan_is_one_line_with_sign_word_reason_staff_and_passage() -> None:
    found = scans_view.rows(board(), EN, 120)
    assert [
        part in plain(found[1].text)
        for part in ("20417", "↻ ALREADY SCANNED", "TOO_SOON", "let in all the same")
    ] == [True] * 4
    assert "2 persons" in plain(found[5].text)
    assert all(len(row.text) <= 60 for row in scans_view.rows(board(), EN, 60))


def test_a_search_goes_through_the_outcomes_and_back() -> None:
    search = scans_view.Search(seek="a-12")
    seen = []
    for _ in scans_view.FILTERS:
        search = search.next_outcome()
        seen.append(search.outcome)
    assert sorted(seen) == sorted(scans_view.FILTERS)
    assert search.fields() == {"outcome": None, "seek": "a-12"}
    assert "“a-12”" in scans_view.caption(search, board(), EN)


def test_a_refusal_is_told_in_the_readers_language_with_its_code() -> None:
    wrong = {"ok": False, "code": "operator_pin_wrong", "message": "…"}
    assert (
        scans_view.refusal_text(wrong, FR)
        == "✖ Aucun nom avec ce code. Rien n'a été fait. [operator_pin_wrong]"
    )
    assert scans_view.refusal_text({"code": "new", "message": "as told"}, FR) == "✖ as told [new]"


def test_settings_tell_source_meaning_and_limits_in_the_readers_language() -> None:
    found = {row.name: row for row in settings_view.rows(board(), FR, 120)}
    pulse = found["turnstile.pulse_ms"]
    assert (pulse.mark, "du fichier" in pulse.text) == ("●", True)
    assert (
        plain(pulse.meaning)
        == "Durée de l'impulsion qui libère. (nombre entier de 100 à 2000 ; d'origine 300)"
    )
    assert [row.name for row in settings_view.rows(board(), EN, 120, "PULSE")] == [
        "turnstile.pulse_ms"
    ]


def test_the_log_can_be_searched_and_cut_down_to_warnings() -> None:
    assert len(log_view.rows(board(), EN)) == 3
    assert [row.tone for row in log_view.rows(board(), EN, level="warning")] == ["doubt"]
    assert next(row.text for row in log_view.rows(board(), EN, "ready")).endswith(
        "gate Museum 1 is ready"
    )


def test_a_log_line_takes_one_row_and_is_told_whole_below() -> None:
    row = log_view.rows(board(), EN)[1]
    assert log_view.cut(row.text, 40) == f"{row.text[:39]}…"
    assert log_view.cut(row.text, 400) == row.text
    assert row.text.startswith("19:54:51  WARNING   camera   the camera")
    assert row.about.startswith("2026-03-01 19:54:51  portillon.camera  the camera")
    assert row.about.endswith("[camera_silent]")
    assert "lines: 3 · all" in log_view.caption(log_view.rows(board(), EN), "", "all", EN)


def test_a_gate_that_is_too_busy_leaves_what_is_known() -> None:
    busy = heard(board(), "overview", {"ok": False, "code": "control_busy"}, NOW)
    assert busy.reply("overview") == OVERVIEW
    assert len(heard(board(), "overview", OVERVIEW, NOW).series) == 2
    assert heard(board(), "overview", OVERVIEW, NOW).series[-1] == Sample(
        NOW, 13, 61.3, 21_300_000_000
    )


def test_numbers_dates_and_sizes_are_written_as_the_language_does() -> None:
    assert (EN.number(1234.5, 1), FR.number(1234.5, 1)) == ("1,234.5", "1\N{NO-BREAK SPACE}234,5")
    assert (EN.date_time(NOW), FR.date_time(NOW)) == ("2026-03-01 19:55:21", "01/03/2026 19:55:21")
    assert (EN.date(NOW), FR.date(NOW)) == ("2026-03-01", "01/03/2026")
    assert (EN.size(999), FR.size(21_300_000_000)) == (
        "999\N{NO-BREAK SPACE}B",
        "21,3\N{NO-BREAK SPACE}Go",
    )
    assert EN.length(5) == "5\N{NO-BREAK SPACE}s", "a number stays with its unit"
    assert FR.say("explain_title") == "Pourquoi cette décision\N{NO-BREAK SPACE}?"
    assert [plain(EN.length(s)) for s in (5, 65, 7_300, 200_000)] == [
        "5 s",
        "1 min",
        "2 h 1 min",
        "2 d 7 h",
    ]
    assert Tongue.of("en", "Nowhere/Town").time(NOW) == "18:55:21"


@given(st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9)), max_size=60), st.integers(0, 40))
def test_a_plot_has_the_columns_asked_for(values: list[float | None], width: int) -> None:
    for row in bars(values, width, 2):
        assert len(row) == width


def test_a_plot_rises_with_its_values() -> None:
    assert bars([0, 1, 2, 3, 4, 5, 6, 7], 8) == ("▁▂▃▄▅▆▇█",)
    assert bars([None, 5], 3) == ("  █",)
    assert (gauge(0.5, 4), gauge(7, 2), gauge(-1, 2)) == ("██░░", "██", "░░")


def test_a_picture_is_drawn_in_its_shape_with_the_codes_outline() -> None:
    drawn = lines_of(parse_picture(CAMERA), 48, 40)
    assert [len(line) for line in drawn] == [48] * 13
    colours = {
        segment.style.color.triplet
        for line in drawn
        for segment in line
        if segment.style and segment.style.color
    }
    assert (255, 214, 0) in colours


@given(
    st.one_of(
        st.none(),
        st.dictionaries(
            st.sampled_from(["picture", "width"]), st.one_of(st.none(), st.integers(), st.text())
        ),
        st.fixed_dictionaries(
            {
                "picture": st.fixed_dictionaries(
                    {
                        "width": st.integers(-3, 9),
                        "height": st.integers(-3, 9),
                        "grey": st.text(),
                        "outlines": st.just([]),
                    }
                )
            }
        ),
    )
)
def test_a_picture_that_is_none_is_nothing(reply: Any) -> None:
    assert parse_picture(reply) == NOTHING or parse_picture(reply).levels
    assert lines_of(NOTHING, 10, 10) == []
