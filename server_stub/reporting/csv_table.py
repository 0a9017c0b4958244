"""Records as CSV for spreadsheets.

Law: RFC 4180 with a header, UTF-8, CRLF. A cell that a spreadsheet would take for a formula is given a ``'`` in front:
an e-mail address or a gate's name is what somebody typed, not what somebody's computer should work out.

Source: RFC 4180; owasp.org, "CSV Injection".
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

import msgspec

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_csv(kind: type[msgspec.Struct], records: Iterable[Any]) -> str:
    """Records of one kind; the header stands there even if there are none."""
    names = kind.__struct_fields__
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(names)
    for record in records:
        writer.writerow([_cell(getattr(record, name)) for name in names])
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    said = str(value)
    is_formula = isinstance(value, str) and said.startswith(FORMULA_STARTS)
    return f"'{said}" if is_formula else said
