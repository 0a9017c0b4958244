"""The central as a web application.

Law: thin. Rules live in `server_stub.rules`, transactions below; here are routes, statuses and limits. A body is capped
before it is read. The OpenAPI description is served, and made from the very types that are decoded.

Source: docs/sync-protocol.md; docs/central.md, "API".
"""

from __future__ import annotations

from functools import cache
from typing import Any

from litestar import Litestar, Request, Router, get
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp

from scanner.core.errors import GateError
from server_stub.api.admin_api import build_admin_routes
from server_stub.api.api_page import ReadablePage
from server_stub.api.description import complete
from server_stub.api.gate_api import build_gate_routes
from server_stub.api.injected import PROVIDED, Services
from server_stub.api.login_limits import LoginLimits
from server_stub.api.nonces import Nonces
from server_stub.api.notices import Notices
from server_stub.api.problems import (
    Served,
    answer_fault,
    answer_http,
    answer_too_deep,
    answer_unforeseen,
    require_text,
)
from server_stub.api.season_api import build_link_routes
from server_stub.api.shop_api import build_shop_routes
from server_stub.api.staff_api import build_staff_routes
from server_stub.central import Central
from sync.wire import REQUEST_BYTES

DESCRIPTION = (
    "Sign in with POST /v1/staff/login and send the token as Authorization: Bearer. What moves money or"
    " creates a right needs an Idempotency-Key. Every refusal is a problem+json with a stable code."
)


@get("/v1/health", sync_to_thread=False, tags=["service"], summary="Is the central up?")
def give_health() -> dict[str, str]:
    """For a load balancer or a supervisor."""
    return {"status": "ok"}


@cache
def build_litestar() -> Litestar:
    """The routes, for every server of this process."""
    return Litestar(
        route_handlers=[
            give_health,
            build_gate_routes(),
            build_admin_routes(),
            build_shop_routes(),
            build_link_routes(),
            *build_staff_routes(),
        ],
        dependencies=PROVIDED,
        before_request=require_text,
        exception_handlers={
            GateError: answer_fault,
            HTTPException: answer_http,
            RecursionError: answer_too_deep,
            Exception: answer_unforeseen,
        },
        openapi_config=OpenAPIConfig(
            title="Portillon central",
            version="1",
            openapi_router=Router(
                "/schema", route_handlers=[], include_in_schema=False, before_request=describe_once
            ),
            description=DESCRIPTION,
            render_plugins=[JsonRenderPlugin(), ReadablePage()],
            security=[{"session": []}],
            components=Components(
                security_schemes={"session": SecurityScheme(type="http", scheme="bearer")}
            ),
            create_examples=False,
        ),
        request_max_body_size=REQUEST_BYTES,
        logging_config=None,
    )


async def describe_once(request: Request[Any, Any, Any]) -> None:
    """The description takes longer to make than all else of a start, so it is made when somebody asks for it."""
    complete(request.app.openapi_schema)


def build_app(central: Central, notices: Notices) -> ASGIApp:
    """The whole application, for one server."""
    clock = central.clock
    return Served(build_litestar(), Services(central, Nonces(clock), notices, LoginLimits(clock)))
