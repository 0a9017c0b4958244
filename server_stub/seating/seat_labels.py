"""What a seat may be called: it is printed on tickets, shown at gates and stated in signed codes.

Law: pure; the one answer for maps, sales and imports.

Source: docs/credentials.md, "Claims"; docs/model-c.md, "The seat map".
"""

from __future__ import annotations

from scanner.core.token import SEAT_MAX_BYTES
from server_stub.faults import FieldError

SEAT_CHARACTERS = 40


def parse_seat(label: str) -> str:
    """A seat's label: short enough to be printed, shown at a gate and stated in a signed code.

    Raises:
        InputError: ``seat_label_bad``.
    """
    if is_seat(label.strip()):
        return label.strip()
    raise FieldError(
        "seat_label_bad",
        f"seat {label[:SEAT_CHARACTERS]!r} is not 1 to {SEAT_CHARACTERS} printable characters; nothing was sold",
        "write it as it is painted on the seat",
        field="seat",
    )


def is_seat(label: str) -> bool:
    """True for what may be a seat's label."""
    fits = 1 <= len(label) <= SEAT_CHARACTERS and len(label.encode()) <= SEAT_MAX_BYTES
    return fits and label.isprintable()
