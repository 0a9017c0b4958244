"""From a scanner's bytes to whole codes: a terminator ends one, silence ends a fragment.

Law: pure. A code counts only with its terminator; what silence or lost characters cut short is discarded, never glued
to what comes next. What is already under way when the line is opened is a tail, and is discarded too. Nothing is
guessed: a code that lacks the prefix or suffix the installer named is refused and counted.

Source: docs/hardware.md, "Wired scanners".
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.settings import require_choice, require_range

LINE_BYTES = 4_096
"""Longer is no code: the same limit as a payload of the camera."""
RAW_BYTES = 256
"""What the technician's view keeps."""
BAUD = (1_200, 921_600)
GAP_MS = (20, 2_000)
TERMINATORS: dict[str, bytes] = {
    "any": b"\r\n",
    "cr": b"\r",
    "lf": b"\n",
    "tab": b"\t",
    "etx": b"\x03",
}
"""Each byte ends a line; an empty line is nothing, so CR LF is one end."""

AIM_NAMES: dict[str, str] = {
    "A": "code39",
    "C": "code128",
    "E": "ean13",
    "F": "codabar",
    "G": "code93",
    "I": "itf",
    "L": "pdf417",
    "Q": "qr",
    "d": "datamatrix",
    "z": "aztec",
}
"""ISO/IEC 15424: `]`, a letter for the symbology, a digit for its variant."""
EAN8 = "4"
"""The variant of `]E` with eight digits; the others come with thirteen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerSettings:
    """One wired scanner, and how it ends and frames what it reads.

    Args:
        name: what messages call it.
        kind: ``serial`` (RS-232, USB-CDC) or ``keyboard`` (USB wedge).
        device: best by `/dev/serial/by-id/…` or `/dev/input/by-id/…`.
        gap_ms: a pause this long inside a code makes it a fragment.
        prefix: what the scanner is set to put before each code; taken away, and required.
        suffix: the same, before the terminator.
        has_aim_id: it puts the AIM identifier of the symbology before each code (after the prefix).
        encoding: of the bytes on the line; the code goes on as UTF-8.
    """

    name: str
    kind: str
    device: str
    baud: int = 9_600
    terminator: str = "any"
    gap_ms: int = 200
    prefix: str = ""
    suffix: str = ""
    has_aim_id: bool = False
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        require_choice("scanner.kind", self.kind, ("serial", "keyboard"))
        require_choice("scanner.terminator", self.terminator, tuple(TERMINATORS))
        require_choice("scanner.encoding", self.encoding, ("utf-8", "latin-1"))
        require_range("scanner.gap_ms", self.gap_ms, GAP_MS)
        require_range("scanner.baud", self.baud, BAUD, "baud")


@dataclass(frozen=True, slots=True)
class ScannedLine:
    """One whole code. ``symbology`` is None where the scanner does not say."""

    payload: bytes
    symbology: str | None
    at_ms: int


@dataclass(slots=True)
class LineCounts:
    """What became of what arrived."""

    codes: int = 0
    fragments: int = 0
    """Cut short by silence, by lost characters, by the cable, or too long."""
    unframed: int = 0
    """Without the prefix, suffix, identifier or encoding that was configured."""


class LineFramer:
    """One scanner's line."""

    def __init__(self, settings: ScannerSettings) -> None:
        self.counts = LineCounts()
        self.last_raw = b""
        """The newest bytes as they came, for the technician's eyes."""
        self._settings = settings
        self._ends = TERMINATORS[settings.terminator]
        self._line = bytearray()
        self._is_skipping = True
        self._heard_ms: int | None = None

    def feed(self, data: bytes, now_ms: int) -> list[ScannedLine]:
        """Take in bytes; the codes that they complete."""
        self.settle(now_ms)
        self._heard_ms = now_ms
        self.last_raw = (self.last_raw + data)[-RAW_BYTES:]
        found: list[ScannedLine] = []
        for byte in data:
            if byte in self._ends:
                found += self._end(now_ms)
            else:
                self._take(byte, now_ms)
        return found

    def settle(self, now_ms: int) -> None:
        """Say what time it is: a line that has been silent for the gap holds no half of a code any more."""
        if self._heard_ms is None:
            self._heard_ms = now_ms
        if now_ms - self._heard_ms >= self._settings.gap_ms:
            self._drop()
            self._is_skipping = False

    def lose(self, now_ms: int) -> None:
        """Characters were lost: what is under way is discarded up to its end, or to the next silence."""
        self._heard_ms = now_ms
        self.counts.fragments += not self._is_skipping
        self._line.clear()
        self._is_skipping = True

    def reopen(self, now_ms: int) -> None:
        """The line was away: whatever comes first may be a tail."""
        self._drop()
        self._is_skipping, self._heard_ms = True, now_ms

    def _take(self, byte: int, now_ms: int) -> None:
        if self._is_skipping:
            return
        self._line.append(byte)
        if len(self._line) > LINE_BYTES:
            self.lose(now_ms)

    def _drop(self) -> None:
        self.counts.fragments += bool(self._line)
        self._line.clear()

    def _end(self, now_ms: int) -> list[ScannedLine]:
        line, was_skipping = bytes(self._line), self._is_skipping
        self._line.clear()
        self._is_skipping = False
        if was_skipping or not line:
            return []
        code = unframed(line, self._settings)
        if code is None:
            self.counts.unframed += 1
            return []
        self.counts.codes += 1
        return [ScannedLine(code[0], code[1], now_ms)]


def unframed(line: bytes, settings: ScannerSettings) -> tuple[bytes, str | None] | None:
    """The code and its symbology without what the scanner put around it; None when that is not there."""
    try:
        text = line.decode(settings.encoding)
    except UnicodeDecodeError:
        return None
    if not (text.startswith(settings.prefix) and text.endswith(settings.suffix)):
        return None
    text = text[len(settings.prefix) : len(text) - len(settings.suffix)]
    if not settings.has_aim_id:
        return (text.encode(), None) if text else None
    if len(text) <= len("]Q1") or text[0] != "]":
        return None
    return text[3:].encode(), symbology_of(text[1:3])


def symbology_of(aim: str) -> str | None:
    """Our name for an AIM identifier's letter and digit; None for one that we do not read otherwise."""
    return "ean8" if aim == f"E{EAN8}" else AIM_NAMES.get(aim[0])
