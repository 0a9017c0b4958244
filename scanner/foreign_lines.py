"""What C libraries write to standard error, made into lines of our log.

Law: standard error belongs to our JSON lines. libjpeg, libpng and their like write there whatever the program thinks of
it, at the rate of the camera's frames; each kind of such a line is told once, and numbers in it make no new kind.
Nothing waits for the log: a pipe is between, and what is left in it when the process ends is lost.

Source: docs/operations.md, "Logs".
"""

from __future__ import annotations

import logging
import os
import re
import threading
from typing import IO

LOG = logging.getLogger("portillon.foreign")

STDERR = 2
KINDS = 50
"""Kinds of lines that are told; more are a flood."""
LINE_CHARACTERS = 300
_NUMBER = re.compile(r"(0x[0-9a-fA-F]+|\d+(\.\d+)?)")


def adopt_stderr() -> IO[str]:
    """Take file descriptor 2 away from the libraries; the returned stream is where it led."""
    ours = os.fdopen(os.dup(STDERR), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    reading, writing = os.pipe()
    os.dup2(writing, STDERR)
    os.close(writing)
    source = os.fdopen(reading, encoding="utf-8", errors="backslashreplace")
    threading.Thread(target=tell_kinds, name="foreign-lines", daemon=True, args=(source,)).start()
    return ours


def tell_kinds(source: IO[str]) -> None:
    """Log one line of each kind until the source ends."""
    told: set[str] = set()
    for line in source:
        text = line.strip()[:LINE_CHARACTERS]
        kind = _NUMBER.sub("0", text)
        if text and kind not in told and len(told) < KINDS:
            told.add(kind)
            LOG.warning("a library says: %s", text)
