"""`portillon decode`: one answer a file, whatever the file is."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import segno
from click.testing import CliRunner, Result

from scanner.cli import main
from scanner.commands.decode_command import escaped
from scanner.reading.symbologies import ALL_FORMATS
from server_stub.demo.scenes import Scene, Shown, empty_lane, render

CARD = b"4006381333931"


def write_qr(path: Path, payload: bytes) -> Path:
    code = segno.make(payload, mode="byte", micro=False)
    code.save(str(path), scale=4)
    return path


def write_card(path: Path) -> Path:
    shown = Shown(payload=CARD, symbology="ean13", medium="card", px_per_module=3)
    assert cv2.imwrite(str(path), render(Scene(shown=(shown,)), 640, 360))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["decode", *map(str, arguments)])


def answers(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_picture_is_answered_with_one_line_of_json(tmp_path: Path) -> None:
    picture = write_qr(tmp_path / "a.png", b"TK1:ticket")
    result = run("--json", picture)
    [answer] = answers(result)
    [code] = answer["codes"]

    assert result.exit_code == 0
    assert set(answer) == {"file", "codes", "ms"}
    assert set(code) == {"text", "bytes_b64", "symbology", "quad", "agreed"}
    assert answer["file"] == str(picture)
    assert (code["text"], code["symbology"], code["agreed"]) == ("TK1:ticket", "qr", None)
    assert len(code["quad"]) == 4
    assert answer["ms"] > 0


@pytest.mark.parametrize(
    "payload", [b"a\nb\0c\r", bytes(range(256)), "é€".encode(), b"\xe9t\xe9", b"\x82\xa0\x82\xa2"]
)
def test_bytes_stay_bytes_and_a_line_stays_a_line(tmp_path: Path, payload: bytes) -> None:
    [answer] = answers(run("--json", write_qr(tmp_path / "a.png", payload)))

    assert base64.b64decode(answer["codes"][0]["bytes_b64"]) == payload


def test_text_is_utf_8_where_the_bytes_are(tmp_path: Path) -> None:
    [answer] = answers(run("--json", write_qr(tmp_path / "a.png", "Zoé €".encode())))

    assert answer["codes"][0]["text"] == "Zoé €"


def test_a_card_is_agreed_by_two_decoders(tmp_path: Path) -> None:
    [answer] = answers(run("--json", write_card(tmp_path / "a.png")))

    assert [(c["text"], c["symbology"], c["agreed"]) for c in answer["codes"]] == [
        (CARD.decode(), "ean13", True)
    ]


def test_only_the_formats_asked_for_are_read(tmp_path: Path) -> None:
    [answer] = answers(run("--json", "--formats", "qr,code128", write_card(tmp_path / "a.png")))

    assert answer["codes"] == []


def test_a_file_that_is_no_picture_does_not_stop_the_others(tmp_path: Path) -> None:
    torn = tmp_path / "torn.png"
    torn.write_bytes(b"\x89PNG torn")
    good = write_qr(tmp_path / "good.png", b"good")
    result = run("--json", torn, tmp_path / "nowhere.png", good)
    first, second, third = answers(result)

    assert result.exit_code == 2
    assert first["error"]["code"] == second["error"]["code"] == "picture_unreadable"
    assert first["error"]["hint"]
    assert third["codes"][0]["text"] == "good"


def test_a_folder_is_answered_picture_by_picture(tmp_path: Path) -> None:
    for name in ("b.png", "a.png"):
        write_qr(tmp_path / name, name.encode())
    (tmp_path / "notes.txt").write_text("no picture")
    found = answers(run("--json", tmp_path))

    assert [(Path(one["file"]).name, one["codes"][0]["text"]) for one in found] == [
        ("a.png", "a.png"),
        ("b.png", "b.png"),
    ]


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    result = run(tmp_path)

    assert result.exit_code == 2
    assert "picture_unreadable" in result.stdout


def test_an_unknown_format_is_answered_with_the_valid_ones(tmp_path: Path) -> None:
    result = run("--formats", "qr,barcode", write_qr(tmp_path / "a.png", b"x"))

    assert result.exit_code == 2
    assert "format_unknown" in result.output
    assert all(name in result.output for name in ALL_FORMATS)
    assert "Traceback" not in result.output


def test_for_people_control_characters_are_spelled_out(tmp_path: Path) -> None:
    result = run(write_qr(tmp_path / "a.png", b"a\x1b[31m\nb\0"))

    assert result.exit_code == 0
    assert "'a\\x1b[31m\\nb\\x00'" in result.stdout
    assert "\x1b" not in result.stdout


def test_when_nothing_is_found_the_technician_is_told_what_was_tried(tmp_path: Path) -> None:
    path = tmp_path / "lane.png"
    assert cv2.imwrite(str(path), empty_lane(1, 320, 240))
    result = run(path)

    assert result.exit_code == 0
    assert "0 found" in result.stdout
    assert "tried" in result.stdout
    assert "sharpness" in result.stdout


def test_a_part_of_a_structured_append_is_named_as_such(tmp_path: Path) -> None:
    part = segno.make_sequence("a text in several symbols " * 4, symbol_count=3)[0]
    part.save(str(tmp_path / "a.png"), scale=4)

    assert "one part of several" in run(tmp_path / "a.png").stdout


def test_a_picture_with_transparency_is_read_on_white(tmp_path: Path) -> None:
    modules = np.pad(np.array(segno.make(b"clear", micro=False).matrix, np.uint8), 4)
    alpha = np.kron(modules * np.uint8(255), np.ones((5, 5), np.uint8))
    picture = np.dstack([np.zeros_like(alpha)] * 3 + [alpha])
    assert cv2.imwrite(str(tmp_path / "a.png"), picture)

    assert answers(run("--json", tmp_path / "a.png"))[0]["codes"][0]["text"] == "clear"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é", "'plain é'"),
        ("tab\t", "'tab\\t'"),
        ("back\\slash 'quote'", "'back\\\\slash \\'quote\\''"),
        ("\u202e\u2028", "'\\u202e\\u2028'"),
    ],
)
def test_what_a_terminal_would_obey_or_hide_is_spelled_out(text: str, shown: str) -> None:
    assert escaped(text) == shown
