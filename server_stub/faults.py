"""A refusal that names the field it is about, and the values that would have been valid there.

Source: docs/central.md, "Errors of the API".
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.core.errors import InputError


class FieldError(InputError):
    """What was sent is wrong in one field.

    Args:
        field: its path in what was sent: ``zone``, ``rule.windows[0].from``.
        valid: what may stand there, where that can be listed.
    """

    def __init__(
        self, code: str, message: str, hint: str = "", *, field: str, valid: Iterable[str] = ()
    ) -> None:
        super().__init__(code, message, hint)
        self.field = field
        self.valid = tuple(valid)
