"""What a scanner sends becomes whole codes, or nothing: halves are never glued together."""

from __future__ import annotations

from typing import Any

import pytest

from hardware.line_framer import LINE_BYTES, LineFramer, ScannerSettings
from scanner.core.errors import ConfigError

GAP_MS = 200


def settings(**fields: Any) -> ScannerSettings:
    return ScannerSettings(name="desk", kind="serial", device="/dev/ttyACM0", **fields)


def opened(**fields: Any) -> LineFramer:
    """A line that has been quiet for as long as it takes."""
    framer = LineFramer(settings(gap_ms=GAP_MS, **fields))
    framer.reopen(0)
    framer.settle(GAP_MS)
    return framer


def codes(framer: LineFramer, *heard: tuple[int, bytes]) -> list[bytes]:
    return [line.payload for at_ms, data in heard for line in framer.feed(data, at_ms)]


def test_a_terminator_ends_a_code_however_it_is_cut_into_reads() -> None:
    assert codes(opened(), (500, b"TK"), (510, b"T-1\r"), (900, b"TKT-2\r")) == [b"TKT-1", b"TKT-2"]


def test_carriage_return_and_line_feed_are_one_end() -> None:
    framer = opened()
    assert codes(framer, (500, b"TKT-1\r\nTKT-2\r"), (520, b"\n")) == [b"TKT-1", b"TKT-2"]
    assert framer.counts.codes == 2


@pytest.mark.parametrize(
    ("name", "end"), [("cr", b"\r"), ("lf", b"\n"), ("tab", b"\t"), ("etx", b"\3")]
)
def test_the_terminator_is_the_one_that_is_configured(name: str, end: bytes) -> None:
    assert codes(opened(terminator=name), (500, b"TKT-1" + end)) == [b"TKT-1"]


def test_a_fragment_is_discarded_by_silence_and_never_glued_to_what_comes_next() -> None:
    framer = opened()
    assert codes(framer, (500, b"TKT-99"), (500 + GAP_MS, b"TKT-1\r")) == [b"TKT-1"]
    assert framer.counts.fragments == 1


def test_the_tail_of_a_code_that_was_under_way_at_the_opening_is_discarded() -> None:
    framer = LineFramer(settings())
    framer.reopen(0)
    assert codes(framer, (50, b"26-0001\r"), (60, b"TKT-2\r")) == [b"TKT-2"]


def test_after_lost_characters_everything_up_to_the_end_is_discarded() -> None:
    framer = opened()
    codes(framer, (500, b"TKT-2026"))
    framer.lose(505)
    assert codes(framer, (510, b"-77\r"), (520, b"TKT-1\r")) == [b"TKT-1"]
    assert framer.counts.fragments == 1


def test_lost_characters_and_then_silence_leave_the_next_code_whole() -> None:
    framer = opened()
    framer.lose(5_000)
    assert codes(framer, (5_050, b"rest"), (5_050 + GAP_MS, b"TKT-1\r")) == [b"TKT-1"]


def test_what_is_too_long_is_no_code() -> None:
    framer = opened()
    assert codes(framer, (500, b"x" * (LINE_BYTES + 1) + b"\r"), (510, b"TKT-1\r")) == [b"TKT-1"]


def test_prefix_and_suffix_are_taken_away_and_required() -> None:
    framer = opened(prefix="<", suffix=">")
    assert codes(framer, (500, b"<TKT-1>\r"), (510, b"TKT-2>\r"), (520, b"<>\r")) == [b"TKT-1"]
    assert framer.counts.unframed == 2


@pytest.mark.parametrize(
    ("line", "payload", "symbology"),
    [
        (b"]Q1TKT-1\r", b"TKT-1", "qr"),
        (b"]E4" + b"96385074\r", b"96385074", "ean8"),
        (b"]E0" + b"4006381333931\r", b"4006381333931", "ean13"),
        (b"]X0TKT-1\r", b"TKT-1", None),
    ],
)
def test_an_aim_identifier_says_what_kind_of_code_it_was(
    line: bytes, payload: bytes, symbology: str | None
) -> None:
    found = opened(has_aim_id=True).feed(line, 500)
    assert [(code.payload, code.symbology) for code in found] == [(payload, symbology)]


def test_a_code_without_the_identifier_that_was_promised_is_refused() -> None:
    framer = opened(has_aim_id=True)
    assert codes(framer, (500, b"TKT-1\r"), (510, b"]Q1\r")) == []
    assert framer.counts.unframed == 2


def test_a_code_in_another_charset_goes_on_as_utf8() -> None:
    assert codes(opened(encoding="latin-1"), (500, b"caf\xe9\r")) == ["café".encode()]
    assert codes(opened(), (500, b"caf\xe9\r")) == []


def test_the_technician_sees_the_newest_bytes_as_they_came() -> None:
    framer = opened()
    codes(framer, (500, b"<TKT"), (2_000, b"\0\xff\r"))
    assert framer.last_raw == b"<TKT\0\xff\r"


def test_settings_out_of_range_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"scanner\.baud 300 is outside 1200\.\.921600 baud"):
        settings(baud=300)
    with pytest.raises(ConfigError, match=r"scanner\.terminator 'none' is not known"):
        settings(terminator="none")
