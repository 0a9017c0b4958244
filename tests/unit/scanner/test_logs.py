"""Log lines for machines: one JSON object each, doubts once."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest

from scanner.core.errors import DeviceError
from scanner.logs import JournalFormatter, JsonFormatter, OnceLog, leads_to_journal


def test_a_line_is_one_json_object_with_its_extras() -> None:
    record = logging.makeLogRecord(
        {"name": "lane", "levelname": "INFO", "msg": "scan %d", "args": (3,), "outcome": "SUCCESS"}
    )
    record.created, record.msecs = 0.25, 250
    line = json.loads(JsonFormatter().format(record))
    assert line == {
        "at": "1970-01-01T00:00:00.250Z",
        "level": "info",
        "from": "lane",
        "message": "scan 3",
        "outcome": "SUCCESS",
    }


def test_a_traceback_stays_inside_the_line() -> None:
    try:
        raise ValueError("boom")
    except ValueError as error:
        record = logging.makeLogRecord({"msg": "x", "exc_info": (ValueError, error, None)})
    assert "boom" in json.loads(JsonFormatter().format(record))["trace"]


def test_a_doubt_is_logged_when_it_begins_and_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    once = OnceLog(logging.getLogger("camera"))
    caplog.set_level(logging.INFO)
    fault = DeviceError("camera_gone", "camera is gone", "plug it in")
    assert [once.doubt(fault) for _ in range(3)] == [True, False, False]
    assert once.open_codes == ("camera_gone",)
    assert [once.settled("camera_gone") for _ in range(2)] == [True, False]
    assert [r.getMessage() for r in caplog.records] == ["camera is gone", "over: camera_gone"]


@pytest.mark.parametrize(
    ("level", "prefix"),
    [("CRITICAL", "<2>"), ("ERROR", "<3>"), ("WARNING", "<4>"), ("INFO", "<6>"), ("DEBUG", "<7>")],
)
def test_journald_is_told_how_bad_it_is(level: str, prefix: str) -> None:
    number = logging.getLevelNamesMapping()[level]
    record = logging.makeLogRecord({"msg": "x", "levelname": level, "levelno": number})
    line = JournalFormatter().format(record)
    assert line.startswith(prefix)
    assert json.loads(line[3:])["level"] == level.lower()


def test_the_journal_is_known_by_the_stream_it_reads(tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w", encoding="utf-8") as stream:
        there = os.fstat(stream.fileno())
        named = f"{there.st_dev}:{there.st_ino}"
        assert leads_to_journal(stream, {"JOURNAL_STREAM": named})
        assert not leads_to_journal(stream, {"JOURNAL_STREAM": "1:2"})
        assert not leads_to_journal(stream, {})
    assert not leads_to_journal(stream, {"JOURNAL_STREAM": named})
