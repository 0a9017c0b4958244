"""One of our programs on another day: its wall clock is ahead by what a file says, and only that differs.

    python -m support.later FILE PYTHON -c CODE ARGUMENTS...

FILE holds milliseconds and may be changed while the program runs. Every clock of ours is a `SystemClock` (lint sees to
that), so two of them are all there is; monotonic time, files, sockets and signatures are the real ones.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hardware.system_clock
import server_stub.system_clock


def ahead_ms(file: Path) -> int:
    """How far ahead the file says."""
    return int(file.read_text(encoding="ascii"))


def shifted(now_ms: Callable[[Any], int], file: Path) -> Callable[[Any], int]:
    """A wall clock that is ahead."""
    return lambda clock: now_ms(clock) + ahead_ms(file)


def main() -> None:
    """Shift both clocks, then be the program that was named."""
    file, _python, _option, code, *arguments = sys.argv[1:]
    for clock in (hardware.system_clock.SystemClock, server_stub.system_clock.SystemClock):
        clock.now_ms = shifted(clock.now_ms, Path(file))  # type: ignore[assignment,method-assign]
    sys.argv = ["-c", *arguments]
    exec(code, {"__name__": "__main__"})


if __name__ == "__main__":
    main()
