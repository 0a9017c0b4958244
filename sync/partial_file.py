"""A download that goes on where the line dropped: what has come of a file waits in a file of its own.

Law: nothing of it is believed; the whole is verified when it is there (`sync.trust`), and what was whole once is not
kept, so that a bad byte is not fetched around for ever.

Source: docs/sync.md, "A new snapshot".
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO

from sync.central_faults import RefusedError
from sync.durable import make_folder

SUFFIX = ".partial"
CHUNK_BYTES = 64 * 1024


class PartialFile:
    """What has come of a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def size(self) -> int:
        """So many bytes are here."""
        return self._file.seek(0, os.SEEK_END)

    def start_over(self) -> None:
        """It comes from its beginning."""
        self._file.truncate(0)

    def read(self) -> Iterator[bytes]:
        """What is here."""
        self._file.seek(0)
        while chunk := self._file.read(CHUNK_BYTES):
            yield chunk

    def keep(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """What comes, kept on its way."""
        for chunk in chunks:
            self._file.write(chunk)
            yield chunk


def resumed(
    path: Path, limit_bytes: int, stream: Callable[[PartialFile], Iterator[bytes]]
) -> Iterator[bytes]:
    """The bytes of a file, those that came earlier first.

    Args:
        path: where they wait; its folder is made.
        limit_bytes: of the whole file.
        stream: brings what is not here yet.
    """
    make_folder(path.parent)
    with path.open("ab+") as file:
        partial = PartialFile(file)
        if partial.size() >= limit_bytes:
            partial.start_over()
        try:
            rest = stream(partial)
            # only after its first bytes is it known whether the rest or the whole comes
            first = next(rest, b"")
            yield from partial.read()
            yield from partial.keep(chain((first,), rest))
        except RefusedError:
            path.unlink(missing_ok=True)
            raise
    with contextlib.suppress(OSError):
        path.unlink()
