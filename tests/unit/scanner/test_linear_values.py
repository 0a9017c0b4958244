"""Two decoders spell the same bars differently; only what a standard says is undone."""

from __future__ import annotations

import pytest

from scanner.reading.linear_values import (
    full_ascii_code39,
    is_same_value,
    printed_as,
    zbar_symbology,
)


@pytest.mark.parametrize(
    ("symbology", "payload", "formats", "printed"),
    [
        ("ean13", b"4006381333931", ("ean13", "upca"), ("ean13", b"4006381333931")),
        ("ean13", b"0036602301467", ("ean13", "upca"), ("upca", b"036602301467")),
        ("ean13", b"0036602301467", ("ean13",), ("ean13", b"0036602301467")),
        ("codabar", b"A294/586B", ("codabar",), ("codabar", b"294/586")),
        ("code39", b"*A*", ("code39",), ("code39", b"*A*")),
    ],
)
def test_a_value_is_given_as_it_is_printed(
    symbology: str, payload: bytes, formats: tuple[str, ...], printed: tuple[str, bytes]
) -> None:
    assert printed_as(symbology, payload, formats) == printed


def test_zbars_names_become_ours() -> None:
    assert zbar_symbology("UPCA", b"036602301467") == ("ean13", b"0036602301467")
    assert zbar_symbology("I25", b"0053") == ("itf", b"0053")
    assert zbar_symbology("CODE128", b"x") == ("code128", b"x")


@pytest.mark.parametrize(
    ("symbology", "zxing", "zbar", "same"),
    [
        ("ean13", b"4006381333931", b"4006381333931", True),
        ("ean13", b"4006381333931", b"4006381333930", False),
        ("code128", b"\xf31234", b"s1234", True),
        ("code128", b"\x1d0112", b"0112", True),
        ("code128", b"A", b"B", False),
        ("code39", b"12ab", b"12+A+B", True),
        ("code39", b"12AB", b"12+A+B", False),
        ("itf", b"\xf3", b"s", False),
    ],
)
def test_the_same_bars_are_the_same_value(
    symbology: str, zxing: bytes, zbar: bytes, *, same: bool
) -> None:
    assert is_same_value(symbology, zxing, zbar) is same


@pytest.mark.parametrize(
    ("plain", "full"),
    [
        (b"E+X+T+E+N+D+E+D /A%J/J/C", b"Extended !?*#"),
        (b"%U$A$Z%A%E", b"\x00\x01\x1a\x1b\x1f"),
        (b"%K%O%P%T%V%W/Z/O", b"[_{\x7f@`:/"),
        (b"A+", b"A+"),
        (b"+1%", b"+1%"),
        (b"PLAIN-1.2", b"PLAIN-1.2"),
    ],
)
def test_the_pairs_of_full_ascii_code_39_are_undone(plain: bytes, full: bytes) -> None:
    assert full_ascii_code39(plain) == full
