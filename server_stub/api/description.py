"""What the framework does not know by itself of the API's description: examples, and how a route may refuse.

Law: everything else in it is made from the very types that are decoded and answered.

Source: docs/central.md, "API".
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from litestar.openapi.spec import (
    OpenAPI,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Reference,
    Schema,
)

from server_stub.api.authorisation import ONCE, ONCE_IN_SHOP
from server_stub.api.examples import EXAMPLES
from server_stub.api.idempotency import KEY_HEADER
from server_stub.api.problems import PROBLEM_JSON

PROBLEM = "Problem"
REFUSES = {
    "/v1/health": (),
    "/v1/nonce": (),
    "/v1/time": (400, 422),
    "/v1/staff/login": (400, 401, 413, 422, 429),
    "/v1/staff/password": (400, 401, 403, 413, 422, 429),
}
REFUSES_ELSEWHERE = (400, 401, 403, 404, 409, 413, 422)
METHODS = ("get", "post", "put", "patch", "delete")
OPEN_TO_ALL = (
    "/v1/health",
    "/v1/nonce",
    "/v1/time",
    "/v1/enrol",
    "/v1/staff/login",
    "/v1/renewals/{link}",
)


def complete(description: OpenAPI) -> None:
    """Adds it, once."""
    components = description.components
    schemas = components.schemas or {}
    if PROBLEM in schemas:
        return
    for name, schema in schemas.items():
        example = EXAMPLES.get(name.rpartition(".")[2].rpartition("_")[2])
        if example is not None and isinstance(schema, Schema):
            schema.examples = [example]
    schemas[PROBLEM] = _problem_schema()
    components.schemas = schemas
    for path, method, operation in operations(description):
        responses = operation.responses or {}
        for status in REFUSES.get(path, REFUSES_ELSEWHERE):
            responses[str(status)] = _refusal(status)
        operation.responses = responses
        if path in OPEN_TO_ALL:
            operation.security = []
        if f"{method.upper()} {path}" in ONCE | ONCE_IN_SHOP:
            _need_key(operation)


def operations(description: OpenAPI) -> Iterator[tuple[str, str, Operation]]:
    """(path, method, operation) of everything that is described."""
    for path, item in (description.paths or {}).items():
        for method in METHODS:
            operation = getattr(item, method)
            if operation is not None:
                yield path, method, operation


def _need_key(operation: Operation) -> None:
    for parameter in operation.parameters or []:
        if not isinstance(parameter, Reference) and parameter.name.lower() == KEY_HEADER.lower():
            parameter.required = True
            parameter.schema = Schema(
                type=OpenAPIType.STRING,
                pattern="^[A-Za-z0-9_.:-]{8,100}$",
                examples=["9f1c-4b7a-1"],
            )


def _refusal(status: int) -> OpenAPIResponse:
    reference: Any = Reference(ref=f"#/components/schemas/{PROBLEM}")
    return OpenAPIResponse(
        description=HTTPStatus(status).phrase,
        content={PROBLEM_JSON: OpenAPIMediaType(schema=reference)},
    )


def _problem_schema() -> Schema:
    text = Schema(type=OpenAPIType.STRING)
    texts = ("type", "title", "detail", "code", "message", "hint")
    return Schema(
        type=OpenAPIType.OBJECT,
        title=PROBLEM,
        description="What went wrong (RFC 9457). `code` never changes its meaning.",
        required=[*texts, "status"],
        properties={
            **dict.fromkeys(texts, text),
            "status": Schema(type=OpenAPIType.INTEGER),
            "field": Schema(type=OpenAPIType.STRING, description="A path in what was sent."),
            "valid": Schema(
                type=OpenAPIType.ARRAY, items=text, description="What may stand there."
            ),
            "errors": Schema(
                type=OpenAPIType.ARRAY,
                items=Schema(type=OpenAPIType.OBJECT),
                description="Of an import, every mistake: line, column, message, hint.",
            ),
        },
    )
