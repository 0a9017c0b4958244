"""What travels on a stick: messages as lines of one compressed file, sealed by whoever wrote it.

Law: nothing is believed before the whole file was read once, within its limits, and its seal is good; what is read
afterwards is a private copy of what was sealed, whatever the stick says by then. A file that ends before its seal was
cut off. Pure but for the files it is handed.

Source: docs/sync-protocol.md, "On a stick".
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, TypeVar

import msgspec
import zstandard

from scanner.core.errors import InputError
from sync.wire import PeerFact, Receipt, Rejected, encode_message, parse_message

FORMAT = 1
BUNDLE_BYTES = 256 * 1024 * 1024
"""One bundle as it lies on a stick, at most."""
PLAIN_BYTES = 2 * 1024 * 1024 * 1024
"""One bundle decompressed, at most."""
LINE_BYTES = 8 * 1024 * 1024
"""One line, at most."""
WINDOW_BYTES = 8 * 1024 * 1024
LEVEL = 6
CHUNK_BYTES = 64 * 1024
LETTERS = "letters/"
"""Where letters lie beside ``metadata/`` and ``targets/``."""


class BundleKind(StrEnum):
    """What the lines between head and seal are."""

    FACTS = "facts"
    """From a gate: `sync.wire.Batch`."""
    LETTER = "letter"
    """To a gate: `LetterPart`."""


class BundleHead(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first line. ``device``: the gate that wrote it, or that it is for; ``made_at`` is for people, not judged.

    ``vector``: what the gate knows of other ledgers; in a letter, what it was last known to know: the facts of the
    letter are those above. ``state``: of a letter, what the central thinks of the device.
    """

    format: int
    kind: str
    site: str
    device: str
    made_at: int
    vector: list[tuple[str, str, int]] = []
    state: str = ""


class LetterPart(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an exchange would have brought down: the receipt of one ledger, what was rejected, other lanes' facts."""

    receipt: Receipt | None = None
    rejected: list[Rejected] = []
    facts: list[PeerFact] = []


class BundleSeal(msgspec.Struct, frozen=True):
    """The last line: how many lines are between head and seal, and the signature over `seal_statement`."""

    lines: int
    kid: str
    signature: str


Message = TypeVar("Message")


def seal_statement(kind: str, device: str, sha256: str) -> bytes:
    """What is signed: SHA-256 (hex) of all bytes before the seal's line."""
    return f"portillon-bundle-1\n{kind}\n{device}\n{sha256}".encode()


def letter_name(device: str) -> str:
    """The place of a device's letter in a repository on a stick."""
    return f"{LETTERS}{device}.bundle"


def write_bundle(
    file: IO[bytes],
    head: BundleHead,
    messages: Iterable[msgspec.Struct],
    seal: Callable[[bytes], tuple[str, str]],
) -> int:
    """Write a bundle; ``seal`` gives kid and signature of a statement. Returns the lines between head and seal."""
    digest, lines = hashlib.sha256(), 0
    packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    with packer.stream_writer(file, closefd=False) as packed:
        for count, message in enumerate(_first(head, messages)):
            line = encode_message(message) + b"\n"
            digest.update(line)
            packed.write(line)
            lines = count
        kid, signature = seal(seal_statement(head.kind, head.device, digest.hexdigest()))
        packed.write(encode_message(BundleSeal(lines, kid, signature)) + b"\n")
    return lines


def _first(head: msgspec.Struct, messages: Iterable[msgspec.Struct]) -> Iterator[msgspec.Struct]:
    yield head
    yield from messages


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read to its end. Nothing of it is proven before its seal is."""

    head: BundleHead
    seal: BundleSeal
    statement: bytes
    copy: IO[bytes]

    def messages(self, kind: type[Message]) -> Iterator[Message]:
        """What is between head and seal."""
        lines = _lines(self.copy)
        next(lines)
        for _ in range(self.seal.lines):
            yield parse_message(kind, next(lines), LINE_BYTES)


@contextlib.contextmanager
def open_bundle(file: IO[bytes], kind: BundleKind) -> Iterator[Bundle]:
    """Copy and read a bundle to its end.

    Raises:
        InputError: ``bundle_unreadable``, ``bundle_cut_off``, ``bundle_too_long``, ``bundle_wrong_kind``.
    """
    with tempfile.TemporaryFile() as copy:
        _copy(file, copy)
        try:
            yield _read(copy, kind)
        except zstandard.ZstdError as error:
            raise _unreadable(str(error)) from error


def _copy(file: IO[bytes], copy: IO[bytes]) -> None:
    room = BUNDLE_BYTES
    while chunk := file.read(CHUNK_BYTES):
        room -= len(chunk)
        if room < 0:
            raise _too_long(f"{BUNDLE_BYTES} bytes")
        copy.write(chunk)


def _read(copy: IO[bytes], kind: BundleKind) -> Bundle:
    digest, count, last, head = hashlib.sha256(), 0, b"", b""
    for line in _lines(copy):
        if count:
            digest.update(last)
        head = head or line
        last, count = line, count + 1
    if count == 0:
        raise _cut_off()
    first = _parse(BundleHead, head)
    if first.format != FORMAT:
        raise _unreadable(f"it has format {first.format}, this software reads {FORMAT}")
    if first.kind != kind:
        raise InputError(
            "bundle_wrong_kind",
            f"the bundle holds {first.kind[:32]!r}, not {kind.value!r}; nothing was changed",
            "a gate's bundle goes to `portillon-central bundle import`, the central's to `portillon snapshot import`",
        )
    seal = _parse_seal(last, count)
    statement = seal_statement(first.kind, first.device, digest.hexdigest())
    return Bundle(first, seal, statement, copy)


def _parse_seal(last: bytes, count: int) -> BundleSeal:
    try:
        seal = parse_message(BundleSeal, last, LINE_BYTES)
    except InputError as error:
        raise _cut_off() from error
    if seal.lines != count - 2:
        raise _cut_off()
    return seal


def _lines(copy: IO[bytes]) -> Iterator[bytes]:
    """Each line with its line feed; what is cut off has none and is left out."""
    copy.seek(0)
    unpacker = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES)
    room, waiting = PLAIN_BYTES, b""
    with unpacker.stream_reader(copy, closefd=False) as plain:
        while chunk := plain.read(CHUNK_BYTES):
            room -= len(chunk)
            *whole, waiting = (waiting + chunk).split(b"\n")
            if room < 0 or len(waiting) > LINE_BYTES:
                raise _too_long(f"a line of {LINE_BYTES} bytes, or {PLAIN_BYTES} bytes unpacked")
            for line in whole:
                yield line + b"\n"


def _parse(kind: type[Message], line: bytes) -> Message:
    try:
        return parse_message(kind, line, LINE_BYTES)
    except InputError as error:
        raise _unreadable(error.message) from error


def _unreadable(why: str) -> InputError:
    return InputError(
        "bundle_unreadable",
        f"this is no bundle of ours ({why[:200]}); nothing was changed",
        "name the file that `portillon bundle export` wrote; if it is that one, the stick altered it: write it again",
    )


def _cut_off() -> InputError:
    return InputError(
        "bundle_cut_off",
        "the bundle ends before its seal; nothing was changed",
        "write it again and eject the stick before you pull it; the gate still has everything",
    )


def _too_long(limit: str) -> InputError:
    return InputError(
        "bundle_too_long",
        f"the bundle is longer than {limit}; it was not read on, nothing was changed",
        "no gate of ours writes such a bundle: look at where the stick comes from",
    )
