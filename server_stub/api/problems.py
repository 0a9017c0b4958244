"""Every refusal as a `Problem` with its HTTP status, and the nonce on every reply.

Law: a caller learns what, where and what to do, never how we are made. A status says whose move it is: 401 sign again,
403 never, 404 ask for something else, 409 look first, 413 send less, 422 mend it, 429 and 5xx come back later. What we
did not foresee is logged with its traceback and answered with ``central_broken``. The body is problem+json, and at
the same time the `Problem` that gates read.

Source: docs/sync-protocol.md, "Errors"; docs/central.md, "Errors of the API"; RFC 9457.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from scanner.core.errors import CentralError, GateError, InputError
from server_stub.api.form_reading import field_wrong
from server_stub.api.injected import SERVICES, Services
from server_stub.api.login_limits import LoginThrottledError
from server_stub.api.statuses import STATUS_OF_CODE
from server_stub.faults import FieldError
from server_stub.people.import_file import RowProblem, RowsRefusedError
from sync.wire import NONCE_HEADER

_LOG = logging.getLogger("portillon.central")

CODE_OF_STATUS: Mapping[int, str] = {
    400: "body_unreadable",
    404: "path_unknown",
    405: "method_unknown",
    413: "body_too_long",
}
"""What the web framework refuses by itself."""

WORDS_OF_STATUS: Mapping[int, str] = {
    400: "the body is not the JSON that it must be, so nothing was changed",
    404: "there is nothing at this path",
    405: "this path takes another method",
    413: "the body is too long and was not read",
}

SEE_SCHEMA = "/schema and /schema/openapi.json describe every path, method and body"
MESSAGE_CHARACTERS = 8_000
"""Nobody is sent back at length what they sent."""
SEND_JSON = "send one JSON object in UTF-8; /schema shows an example of each"
PROBLEM_JSON = "application/problem+json"
TYPE_PREFIX = "urn:portillon:problem:"


class ProblemJson(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong.

    ``code`` never changes its meaning; ``field`` is a path in what was sent, ``valid`` what may stand there;
    ``errors`` are all mistakes of a file that was imported.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    message: str
    hint: str
    field: str | None = None
    valid: list[str] | None = None
    errors: list[RowProblem] | None = None


def answer_fault(_request: Request[Any, Any, Any], error: GateError) -> Response[ProblemJson]:
    """One of our errors."""
    status = STATUS_OF_CODE.get(error.code, 422 if isinstance(error, InputError) else 500)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _LOG.error("%s", error, extra={"code": error.code})
    return _problem(status, error)


def answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[ProblemJson]:
    """One of the framework's: an unknown path, a body that is no JSON, a field that is wrong."""
    status, extra = error.status_code, error.extra
    if status == HTTPStatus.BAD_REQUEST and isinstance(extra, list) and extra:
        form = request.route_handler.parsed_data_field
        key = extra[0].get("key", "")
        said = f"{extra[0].get('message', '')} - at `$.{'' if key == 'data' else key}`"
        return _problem(422, field_wrong(form.annotation if form else object, said))
    if status in CODE_OF_STATUS:
        said = f"{WORDS_OF_STATUS[status]}: {error.detail[:1].lower()}{error.detail[1:]}"
        return _problem(status, InputError(CODE_OF_STATUS[status], said, SEE_SCHEMA))
    return _problem(status, InputError("request_refused", error.detail, SEE_SCHEMA))


def answer_too_deep(
    _request: Request[Any, Any, Any], _error: RecursionError
) -> Response[ProblemJson]:
    """A body of brackets within brackets: nobody's form, and no mistake of ours."""
    code = CODE_OF_STATUS[400]
    return _problem(400, InputError(code, "the body is nested too deep to be read", SEE_SCHEMA))


def answer_unforeseen(_request: Request[Any, Any, Any], error: Exception) -> Response[ProblemJson]:
    """A mistake of ours."""
    _LOG.error("unforeseen fault", exc_info=error, extra={"code": "central_broken"})
    broken = CentralError(
        "central_broken",
        "the central made a mistake; nothing of this request was kept",
        "try again later, and send the central's log to whoever maintains it",
    )
    return _problem(500, broken)


def _problem(status: int, error: GateError) -> Response[ProblemJson]:
    field, valid = (error.field, error.valid) if isinstance(error, FieldError) else ("", ())
    message = error.message
    if len(message) > MESSAGE_CHARACTERS:
        message = f"{message[:MESSAGE_CHARACTERS]} …"
    problem = ProblemJson(
        type=TYPE_PREFIX + error.code,
        title=HTTPStatus(status).phrase,
        status=status,
        detail=message,
        code=error.code,
        message=message,
        hint=error.hint,
        field=field or None,
        valid=list(valid) or None,
        errors=error.problems if isinstance(error, RowsRefusedError) else None,
    )
    headers = {}
    if isinstance(error, LoginThrottledError):
        headers["Retry-After"] = str(error.retry_after_s)
    return Response(problem, status_code=status, media_type=PROBLEM_JSON, headers=headers)


async def require_text(request: Request[Any, Any, Any]) -> None:
    """Before a handler: a body must be there, and text; what the framework says of others is no answer.

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
    return InputError("body_unreadable", f"{why}; nothing was changed", SEND_JSON)


class Served:
    """The application on one server.

    Its services go with each request; every reply, whoever made it, carries a fresh nonce and no leave to be cached or
    guessed.
    """

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (NONCE_HEADER.lower().encode(), self._services.nonces.issue().encode()),
                    (b"cache-control", b"no-store"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        scope["state"] = {SERVICES: self._services}
        await self._app(scope, receive, send_on)
