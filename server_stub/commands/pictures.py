"""QR codes as files: asked for before anything is done, drawn after everything was said.

Law: a folder that is not there is told before a code is made; a picture that cannot be written swallows no code.

Source: docs/central.md, "Selling".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from scanner.core.errors import ConfigError
from server_stub.selling import issuer


def require_folder(
    _context: click.Context, _option: click.Parameter, path: Path | None
) -> Path | None:
    """Before anything is sold: a code that was made is shown once."""
    if path is not None and not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(path.parent)!r}; nothing was done")
    return path


def _option(name: str) -> Callable[[Any], Any]:
    return click.option(
        name,
        type=click.Path(path_type=Path, dir_okay=False, writable=True),
        callback=require_folder,
        help="Write the QR code here.",
    )


png_option = _option("--png")


def picture_options(function: Any) -> Any:
    """``--png`` and ``--svg``."""
    return _option("--svg")(png_option(function))


def draw(payloads: Sequence[str], png: Path | None, svg: Path | None = None) -> None:
    """Last of all; with several codes one picture each: ``ann.png``, ``ann-2.png`` ...

    Raises:
        ConfigError: ``picture_unwritable``; what was done is done, and was said.
    """
    try:
        for number, payload in enumerate(payloads, start=1):
            if png is not None:
                _numbered(png, number).write_bytes(issuer.qr_png(payload))
            if svg is not None:
                _numbered(svg, number).write_bytes(issuer.qr_svg(payload))
    except OSError as error:
        raise ConfigError(
            "picture_unwritable",
            f"the picture could not be written ({error.strerror}); what was printed above holds",
            "draw it again with `code show N --png FILE`",
        ) from error


def _numbered(path: Path, number: int) -> Path:
    return path if number == 1 else path.with_stem(f"{path.stem}-{number}")
