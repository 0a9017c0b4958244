"""Operators: who may answer a question at a lane, and with which PIN.

Law: part of its caller's transaction. Only the PIN's scrypt hash is kept.

Source: docs/decisions.md, "Decision order" (overrides).
"""

from __future__ import annotations

import re
import secrets

from sqlalchemy import Connection, insert, update

from server_stub.api.forms import OperatorForm, parse_name
from server_stub.faults import FieldError
from server_stub.store.changes import note_rights_changed
from server_stub.store.tables import operator
from sync.operator_pins import SALT_BYTES, encode_pin

_PIN = re.compile(r"[0-9]{4,12}", re.ASCII)


def set_operator(connection: Connection, form: OperatorForm) -> None:
    """Adds an operator, or gives one another role and PIN.

    Raises:
        InputError: ``pin_bad``, ``name_bad``.
    """
    if not _PIN.fullmatch(form.pin):
        raise FieldError(
            "pin_bad",
            "the PIN is not 4 to 12 digits",
            "choose another",
            field="pin",
        )
    name = parse_name("operator", form.name)
    values = {
        "role": form.role,
        "pin_scrypt": encode_pin(form.pin, secrets.token_bytes(SALT_BYTES)),
    }
    changed = connection.execute(
        update(operator)
        .where(operator.c.name == name)
        .values(version=operator.c.version + 1, **values)
    )
    if not changed.rowcount:
        connection.execute(insert(operator).values(name=name, version=1, **values))
    note_rights_changed(connection, ())
