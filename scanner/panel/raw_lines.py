"""What wired scanners send, told so that a technician can set them up and nobody can copy a ticket from the screen.

Law: pure. Told as they came are the bytes that the scanner adds by itself: terminator, the prefix, suffix and AIM
identifier that the installer named, and every sign that is neither letter nor digit (a keyboard in another layout types
digits as signs). Letters and digits of the code are told by their kind only, as of what the camera reads.

Source: docs/console.md, "Hardware"; docs/privacy.md; docs/hardware.md, "Wired scanners".
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hardware.line_framer import TERMINATORS, ScannerSettings
from hardware.wired_scanner import LineSource
from scanner.panel.aiming import shape_of

LINES_TOLD = 3
"""The newest lines of each scanner."""
AIM_CHARACTERS = 3


def told_scanner(source: LineSource) -> dict[str, Any]:
    """One of the ``scanners`` that a status and the reply to ``{"do": "hardware"}`` tell of."""
    fault, settings = source.fault, source.settings
    return {
        "kind": settings.kind,
        "state": source.state(),
        "fault": None if fault is None else fault.code,
        "counts": asdict(source.counts),
        "lines": [told_line(line, settings) for line in newest_lines(source.last_raw, settings)],
    }


def newest_lines(raw: bytes, settings: ScannerSettings) -> list[bytes]:
    """The newest lines, each with its terminators, newest first; the last may not be whole yet."""
    ends, lines, is_over = TERMINATORS[settings.terminator], [bytearray()], False
    for byte in raw:
        if is_over and byte not in ends:
            lines.append(bytearray())
        is_over = byte in ends
        lines[-1].append(byte)
    return [bytes(line) for line in reversed(lines[-LINES_TOLD:]) if line]


def told_line(line: bytes, settings: ScannerSettings) -> dict[str, Any]:
    """A line by its parts: ``prefix`` and ``suffix`` are None where none is named, and False where it is missing."""
    ends = TERMINATORS[settings.terminator]
    code = line.rstrip(ends)
    end = line[len(code) :]
    prefix, suffix = settings.prefix.encode(), settings.suffix.encode()
    has_prefix, has_suffix = code.startswith(prefix), code.endswith(suffix)
    code = code.removeprefix(prefix).removesuffix(suffix)
    aim = code[:AIM_CHARACTERS] if settings.has_aim_id and code.startswith(b"]") else b""
    return {
        "bytes": len(line),
        "prefix": has_prefix if prefix else None,
        "aim": aim.decode("ascii", "replace") if settings.has_aim_id else None,
        "code": shape_of(code.removeprefix(aim)),
        "suffix": has_suffix if suffix else None,
        "end": shape_of(end),
    }
