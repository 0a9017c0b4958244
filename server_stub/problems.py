"""Every refusal as a `Problem` with its HTTP status, and the nonce on every reply.

Law: a caller learns what, where and what to do, never how we are made. A status says whose move it is: 401 sign again,
403 never, 404 ask for something else, 409 look first, 413 send less, 422 mend it, 5xx come back later. What we did not
foresee is logged with its traceback and answered with ``central_broken``.

Source: docs/sync-protocol.md, "Errors".
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from scanner.core.errors import GateError, InputError
from server_stub.forms import field_wrong
from server_stub.nonces import Nonces
from sync.wire import NONCE_HEADER, Problem

_LOG = logging.getLogger("portillon.central")

STATUS_OF_CODE: Mapping[str, int] = {
    "signature_refused": 401,
    "nonce_refused": 401,
    "admin_token_refused": 401,
    "device_revoked": 403,
    "device_quarantined": 403,
    "enrolment_token": 403,
    "enrolment_signature": 403,
    "batch_signature": 403,
    "file_unknown": 404,
    "credential_unknown": 404,
    "ticket_unknown": 404,
    "order_unknown": 404,
    "device_unknown": 404,
    "event_unknown": 404,
    "alert_unknown": 404,
    "list_unknown": 404,
    "name_taken": 409,
    "code_taken": 409,
    "device_key_taken": 409,
    "order_state": 409,
    "device_not_quarantined": 409,
}
"""Every other `InputError` is 422, every other fault 500."""

CODE_OF_STATUS: Mapping[int, str] = {
    400: "message_unreadable",
    404: "path_unknown",
    405: "method_unknown",
    413: "message_too_long",
}
"""What the web framework refuses by itself."""


def answer_fault(_request: Request[Any, Any, Any], error: GateError) -> Response[Problem]:
    """One of our errors."""
    status = STATUS_OF_CODE.get(error.code, 422 if isinstance(error, InputError) else 500)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _LOG.error("%s", error, extra={"code": error.code})
    return _problem(status, Problem(error.code, error.message, error.hint))


def answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """One of the framework's: an unknown path, a body that is no JSON, a field that is wrong."""
    status = error.status_code
    extra = error.extra
    if status == HTTPStatus.BAD_REQUEST and isinstance(extra, list) and extra:
        data = request.route_handler.parsed_data_field
        key = extra[0].get("key", "")
        said = f"{extra[0].get('message', '')} - at `$.{'' if key == 'data' else key}`"
        wrong = field_wrong(data.annotation if data else object, said)
        return _problem(422, Problem(wrong.code, wrong.message, wrong.hint))
    code = CODE_OF_STATUS.get(status, "request_refused")
    return _problem(status, Problem(code, f"{error.detail}", "see /schema/openapi.json"))


def answer_unforeseen(_request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """A mistake of ours."""
    _LOG.error("unforeseen fault", exc_info=error, extra={"code": "central_broken"})
    return _problem(
        500,
        Problem(
            "central_broken",
            "the central made a mistake; nothing of this request was kept",
            "try again later, and send the central's log to whoever maintains it",
        ),
    )


def _problem(status: int, problem: Problem) -> Response[Problem]:
    return Response(problem, status_code=status, media_type="application/json")


class EveryReply:
    """What every reply carries, whoever made it: a fresh nonce, and no leave to be cached or guessed."""

    def __init__(self, app: ASGIApp, nonces: Nonces) -> None:
        self._app = app
        self._nonces = nonces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (NONCE_HEADER.lower().encode(), self._nonces.issue().encode()),
                    (b"cache-control", b"no-store"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        await self._app(scope, receive, send_on)
