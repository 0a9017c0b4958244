"""The checkout as the architecture tests see it: its files, its modules, their syntax trees.

Law: reads files only. A module is judged by what is written in the checkout, not by what happens to be installed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("scanner", "sync", "hardware", "ui", "server_stub")
_MADE = ("__pycache__", "build", "dist")
_KEPT_HIDDEN = (".ci", ".gitignore")


def walk(folder: Path = ROOT) -> Iterator[Path]:
    """Every file a person wrote, in order: no caches, environments or other things that make left behind."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name in _MADE or (path.name.startswith(".") and path.name not in _KEPT_HIDDEN):
            continue
        if path.is_dir():
            yield from walk(path)
        else:
            yield path


def name_of(path: Path) -> str:
    """The path inside the checkout, for messages and test ids."""
    return path.relative_to(ROOT).as_posix()


@cache
def modules() -> tuple[Path, ...]:
    """Our own Python files: the five packages, not the tests."""
    return tuple(p for package in PACKAGES for p in walk(ROOT / package) if p.suffix == ".py")


@cache
def scripts() -> tuple[Path, ...]:
    """Python beside the packages that is not a test: benchmarks, page makers."""
    return tuple(
        p for folder in ("benchmarks", "docs") for p in walk(ROOT / folder) if p.suffix == ".py"
    )


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of one file."""
    return ast.parse(path.read_text(encoding="utf-8"), name_of(path))


class Part(NamedTuple):
    """A call, a class or a function of a module."""

    owner: str
    """The class that it stands in; empty outside of any."""
    node: ast.Call | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@cache
def parts_of(tree: ast.Module) -> tuple[Part, ...]:
    """Those of one tree, from one walk through it."""
    found: list[Part] = []
    below: list[tuple[ast.AST, str]] = [(tree, "")]
    while below:
        node, owner = below.pop()
        if isinstance(node, ast.Call | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(Part(owner, node))
        if isinstance(node, ast.ClassDef):
            owner = node.name
        below += [(child, owner) for child in ast.iter_child_nodes(node)]
    return tuple(found)


def dotted(path: Path) -> str:
    """The import name of a module's file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
