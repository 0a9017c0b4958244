"""The names of code formats, as a configuration and a command line say them."""

from __future__ import annotations

import pytest

from scanner.core.errors import ConfigError
from scanner.reading.symbologies import (
    ALL_FORMATS,
    DEFAULT_FORMATS,
    LINEAR_FORMATS,
    MATRIX_FORMATS,
    known_formats,
    parse_formats,
)

PROMISED = {
    *("qr", "microqr", "datamatrix", "aztec", "pdf417"),
    *("code128", "ean13", "ean8", "code39", "itf"),
}


def test_every_promised_format_can_be_switched_on() -> None:
    assert set(ALL_FORMATS) >= PROMISED


def test_every_format_is_either_bars_or_dots() -> None:
    assert sorted(LINEAR_FORMATS + MATRIX_FORMATS) == sorted(ALL_FORMATS)


def test_all_means_all() -> None:
    assert parse_formats("all") == ALL_FORMATS


def test_names_are_read_in_any_order_case_and_spacing_without_repeats() -> None:
    assert parse_formats(" Code128, qr,qr ") == ("qr", "code128")


def test_the_default_formats_are_known() -> None:
    assert set(known_formats(DEFAULT_FORMATS)) == set(DEFAULT_FORMATS)


@pytest.mark.parametrize("text", ["qr,barcode", "", ",", "all,qr"])
def test_an_unknown_or_missing_name_is_answered_with_the_valid_ones(text: str) -> None:
    with pytest.raises(ConfigError) as fault:
        parse_formats(text)

    assert fault.value.code == "format_unknown"
    assert all(name in fault.value.message for name in ALL_FORMATS)
