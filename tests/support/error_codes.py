"""The stable codes of every fault the project can raise, read from its syntax trees.

Law: a code is a literal: the first argument where a family of `scanner.core.errors` is built, the first argument of
``super().__init__`` in a sub-class of one, or stands in a dictionary of the module where that argument is looked up.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from support.checkout import modules, name_of, parts_of, tree_of

CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")


class Coded(NamedTuple):
    """One place that builds a fault."""

    code: str
    """Empty when it is not written down in the module."""
    family: str
    module: str
    line: int


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


@cache
def families() -> frozenset[str]:
    """GateError and everything that derives from it, by class name."""
    bases = {
        node.name: {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}
        for path in modules()
        for _, node in parts_of(tree_of(path))
        if isinstance(node, ast.ClassDef)
    }
    found = {"GateError"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return frozenset(found)


@cache
def open_families() -> frozenset[str]:
    """The families that are told their code where they are built; the others bring their own."""
    own = {
        owner
        for path in modules()
        for owner, node in parts_of(tree_of(path))
        if isinstance(node, ast.Call)
        and _called(node) == "__init__"
        and _literals(_code_argument(node))
    }
    return families() - own


def _literals(node: ast.expr | None) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return _literals(node.body) + _literals(node.orelse)
    return []


def _table_keys(tree: ast.Module) -> list[str]:
    """What looks like a code in the module's own dictionaries."""
    constants = (
        part.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict)
        for part in ast.walk(node.value)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )
    return [text for text in constants if CODE.fullmatch(text)]


def _code_argument(node: ast.Call) -> ast.expr | None:
    if node.args:
        return node.args[0]
    return next((k.value for k in node.keywords if k.arg == "code"), None)


def codes_of(path: Path, tree: ast.Module) -> Iterator[Coded]:
    """Every place of a module that builds a fault, with the codes it may carry."""
    for owner, node in parts_of(tree):
        if not isinstance(node, ast.Call):
            continue
        family, codes = _called(node), list[str]()
        if owner in families() and family == "__init__":
            family, codes = owner, _literals(_code_argument(node))
        elif family in open_families() and (argument := _code_argument(node)) is not None:
            codes = _literals(argument) or _table_keys(tree) or [""]
        for code in codes:
            yield Coded(code, family, name_of(path), node.lineno)


@cache
def all_codes() -> tuple[Coded, ...]:
    """Of the whole project."""
    return tuple(coded for path in modules() for coded in codes_of(path, tree_of(path)))
