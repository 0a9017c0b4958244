"""A new file for what nobody else may read: an export, codes that were made.

Law: 0600 from its first byte; a file that exists is never overwritten; if the work beneath it is refused, it is gone.

Source: docs/privacy.md, "Export"; docs/central.md, "Imports".
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from scanner.core.errors import ConfigError, GateError


@contextmanager
def new_private_file(path: Path) -> Iterator[TextIO]:
    """The file, open before the work begins, so that nothing that was made is lost for want of a place.

    Raises:
        ConfigError: ``export_unwritable``.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(
            "export_unwritable",
            f"{str(path)!r} cannot be written ({error.strerror}); nothing was done",
            "name a file that does not exist yet, in a folder that is yours",
        ) from error
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        try:
            yield file
        except (GateError, SystemExit):
            path.unlink()
            raise
