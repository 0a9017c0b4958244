"""What commands print with: the colours of outcomes as a terminal shows them, and where their words are to go.

Law: colour never stands alone; whoever paints a text has put an icon or a word into it. What cannot be written is a
fault that says so.

Source: docs/decisions.md, "Outcomes and reasons".
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from scanner.core.errors import StoreError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""What a system says when a disk or somebody's share of it is full."""

TERMINAL_COLOURS = {
    "green": "green",
    "amber": "yellow",
    "orange": "bright_yellow",
    "red": "red",
    "blue": "blue",
}


def paint(text: str, colour: str) -> str:
    """A text in a colour of `scanner.core.reasons`."""
    return click.style(text, fg=TERMINAL_COLOURS[colour])


@contextmanager
def writing(path: str) -> Iterator[IO[Any]]:
    """A file that is made anew for a command's words; ``-`` is standard output.

    Raises:
        StoreError: ``output_not_written``.
    """
    try:
        with click.open_file(path, "w", encoding="utf-8") as output:
            yield output
            output.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise not_written("what this command says" if path == "-" else repr(path), error) from error


def not_written(what: str, why: OSError) -> StoreError:
    """The fault of a disk that is full or may not be written."""
    return StoreError(
        "output_not_written",
        f"{what} cannot be written ({why.strerror})",
        "make room there, or name another place; what is there by now is not all of it",
    )
