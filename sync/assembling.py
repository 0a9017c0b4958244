"""From verified parts to one flushed file, bounded and hashed on the way.

Law: nothing is believed of a size or a hash before it is seen. What does not fit is refused and left to the caller to
remove.

Source: docs/sync.md, "The cache".
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import zstandard

from scanner.core.errors import CentralError
from sync.durable import OWNER_FILE
from sync.manifest import BaseFile

CHUNK_BYTES = 1024 * 1024
WINDOW_BYTES = 32 * 1024 * 1024
"""Memory that a compressed part may ask for, at most (zstd level 19 asks for 8 MiB)."""


class _Joined:
    """Parts as one stream to read."""

    def __init__(self, parts: Iterable[Path]) -> None:
        self._chunks = self._read(parts)

    @staticmethod
    def _read(parts: Iterable[Path]) -> Iterator[bytes]:
        for part in parts:
            with part.open("rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk

    def read(self, _size: int = -1) -> bytes:
        """The next piece; empty at the end. The size asked for is only a wish (see io.RawIOBase)."""
        return next(self._chunks, b"")


def assemble(parts: Sequence[Path], beside: Path, base: BaseFile) -> None:
    """Decompress the parts into a new file, and hold it to the manifest's size and hash.

    Raises:
        CentralError: ``base_not_as_announced``.
        OSError: the disk.
    """
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_FILE)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in _decompressed(parts):
            size += len(chunk)
            if size > base.bytes:
                raise not_as_announced(f"over {base.bytes} bytes")
            digest.update(chunk)
            file.write(chunk)
    if size != base.bytes or digest.hexdigest() != base.sha256.lower():
        raise not_as_announced(f"{size} of {base.bytes} bytes, or another hash")


def _decompressed(parts: Sequence[Path]) -> Iterator[bytes]:
    reader = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES).stream_reader(
        _Joined(parts),  # type: ignore[arg-type]  # all it needs is read()
        read_across_frames=True,
    )
    try:
        while chunk := reader.read(CHUNK_BYTES):
            yield chunk
    except zstandard.ZstdError as error:
        raise not_as_announced(str(error)) from error


def not_as_announced(why: str) -> CentralError:
    """The base and its manifest differ."""
    return CentralError(
        "base_not_as_announced",
        f"the base is not the one its manifest announces ({why}); the old state stays",
        "the next contact fetches it again; if this stays, look at the central's publisher",
    )
