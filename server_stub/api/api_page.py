"""The API's description as one page to read: made here, from the description itself, with nothing from anywhere else.

Law: one HTML document without script, picture, font or address of another host; its own policy forbids them. Whatever
it shows is escaped.

Source: docs/central.md, "API".
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1a1a1a }
h2 { border-bottom: 1px solid #ccc; margin-top: 2rem } summary { cursor: pointer; padding: .3rem 0 }
code, pre { font-family: ui-monospace, monospace; font-size: .9em }
pre { background: #f4f4f4; padding: .6rem; overflow: auto }
.method { display: inline-block; min-width: 4rem; font-weight: bold } table { border-collapse: collapse }
td, th { border-bottom: 1px solid #ddd; padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top }
@media (prefers-color-scheme: dark) { body { background: #161616; color: #eee } pre { background: #222 } }
"""

Node = dict[str, Any]


class ReadablePage(OpenAPIRenderPlugin):
    """``/schema``: the page."""

    def __init__(self) -> None:
        super().__init__(path="/", favicon="", style="")

    def render(self, request: Request[Any, Any, Any], openapi_schema: Node) -> bytes:  # noqa: ARG002
        """The page of a description."""
        return page_of(openapi_schema).encode()


def page_of(description: Node) -> str:
    """One HTML document."""
    info = description["info"]
    title = html.escape(info["title"])
    body = "\n".join(
        (*_operations(description), "<h2>Schemas</h2>", *_schemas(description["components"]))
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{title}</h1><p>{html.escape(info.get('description') or '')}</p>"
        f'<p>For programs: <a href="/schema/openapi.json">openapi.json</a></p>{body}</body></html>'
    )


def _operations(description: Node) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            by_tag.setdefault(tag, []).append(_operation(method, path, operation))
    for tag, parts in by_tag.items():
        yield f"<h2>{html.escape(tag)}</h2>"
        yield from parts


def _operation(method: str, path: str, operation: Node) -> str:
    parts = [f"<p>{html.escape(operation.get('description') or '')}</p>"]
    if parameters := operation.get("parameters"):
        rows = "".join(_parameter(one) for one in parameters)
        parts.append(f"<table><tr><th>parameter</th><th>in</th><th></th></tr>{rows}</table>")
    for kind, content in (operation.get("requestBody") or {}).get("content", {}).items():
        parts.append(f"<p>Body ({html.escape(kind)}): {_type(content['schema'])}</p>")
    answers = "".join(_answer(*one) for one in operation["responses"].items())
    parts.append(f"<table><tr><th>answer</th><th></th><th></th></tr>{answers}</table>")
    return (
        f'<details><summary><span class="method">{method.upper()}</span> <code>{html.escape(path)}</code>'
        f" {html.escape(operation.get('summary') or '')}</summary>{''.join(parts)}</details>"
    )


def _parameter(one: Node) -> str:
    needed = " (needed)" if one.get("required") else ""
    says = html.escape(one.get("description") or "")
    return f"<tr><td><code>{html.escape(one['name'])}</code>{needed}</td><td>{one['in']}</td><td>{says}</td></tr>"


def _answer(status: str, answer: Node) -> str:
    kinds = "; ".join(_type(c.get("schema", {})) for c in answer.get("content", {}).values())
    return f"<tr><td>{html.escape(str(status))}</td><td>{html.escape(answer['description'])}</td><td>{kinds}</td></tr>"


def _type(schema: Node) -> str:
    reference = schema.get("$ref")
    if reference:
        name = html.escape(reference.rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    return f"<code>{html.escape(str(schema.get('type', 'anything')))}</code>"


def _schemas(components: Node) -> Iterator[str]:
    for name, schema in sorted(components.get("schemas", {}).items()):
        shown = html.escape(json.dumps(schema, indent=2, ensure_ascii=False))
        anchor = html.escape(name)
        yield f'<h3 id="{anchor}">{anchor}</h3><pre>{shown}</pre>'
