"""What a body must be before anything decodes it: there, and text.

Law: nothing of it is in an answer. What the framework would end in a fault, or answer in words of its own, is refused
here.

Source: docs/central.md, "Errors of the API"; RFC 8259, 8.1.
"""

from __future__ import annotations

from typing import Any

from litestar import Request

from scanner.core.errors import InputError

HINT = "send one JSON object in UTF-8; /schema shows an example of each"


async def require_text(request: Request[Any, Any, Any]) -> None:
    """Before a handler.

    Raises:
        InputError: ``body_unreadable``.
    """
    if getattr(request.route_handler, "parsed_data_field", None) is None:
        return
    body = await request.body()
    if not body:
        raise _unreadable("the request has no body")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise _unreadable(f"byte {error.start} of the body is not UTF-8") from error


def _unreadable(why: str) -> InputError:
    return InputError("body_unreadable", f"{why}; nothing was changed", HINT)
