"""No word reaches a screen past the catalogues: read from the screens' own syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scanner.texts.english import every_text
from scanner.texts.screens import TEXTS
from support.checkout import ROOT, tree_of

UI = sorted((ROOT / "ui").glob("*.py"))
WORD = re.compile(r"[^\W\d_]{2,}")
TECHNICAL = re.compile(
    r"[#_]?[a-z][a-z0-9_.+#-]*"  # a name of ours, a class of the style sheet
    r"|[A-Z_]+"
    r"|(bold )?(black on )?#[0-9a-f]{6}"
    r"|[a-z_+,]+(\((-?\d+|'[a-z_]+'|')?\)?)?"  # keys, and what they do
)
SHOWN = {"Line": 2, "title": 1, "Text": 1, "Static": 1, "Option": 1, "Segment": 1, "append": 1}
"""What puts its first arguments on a screen as they are."""
TAKES_APART = {"partition", "split", "startswith", "removeprefix", "replace"}
"""Looks for a text in another one."""
NOT_SHOWN = {"cli.py"}
"""The command line is English, as all of it is."""


def literals(node: ast.AST, *, is_shown: bool = False) -> Iterator[tuple[int, str, bool]]:
    """Line, text and whether it is surely shown, of every text; no docstrings, types, faults or names of styles."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.lineno, node.value, is_shown
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Raise) or is_docstring:
        return
    if isinstance(node, ast.Call):
        yield from _of_call(node)
        return
    for name, child in ((n, c) for n, value in ast.iter_fields(node) for c in _listed(value)):
        if name not in {"annotation", "returns"}:
            yield from literals(child, is_shown=is_shown and isinstance(node, ast.JoinedStr))


def _of_call(call: ast.Call) -> Iterator[tuple[int, str, bool]]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    yield from literals(call.func)
    for place, argument in enumerate(() if name in TAKES_APART else call.args):
        yield from literals(argument, is_shown=place < SHOWN.get(name, 0))
    for keyword in call.keywords:
        if keyword.arg not in {"classes", "id", "style"}:
            yield from literals(keyword.value)


def _listed(value: object) -> list[ast.AST]:
    found = value if isinstance(value, list) else [value]
    return [child for child in found if isinstance(child, ast.AST)]


def untranslated(tree: ast.AST) -> list[str]:
    """Texts that look like words for people, or stand where they are shown, and are no texts of the catalogue."""
    known = {*every_text(), *TEXTS}
    return [
        f"{line}: {text!r}"
        for line, text, is_shown in literals(tree)
        if WORD.search(text)
        and text not in known
        and (is_shown or TECHNICAL.fullmatch(text) is None)
    ]


def test_no_screen_holds_a_word_of_its_own() -> None:
    found = {
        path.name: texts
        for path in UI
        if path.name not in NOT_SHOWN and (texts := untranslated(tree_of(path)))
    }
    assert found == {}


def test_a_word_of_its_own_is_found_wherever_it_is_shown() -> None:
    source = """
def show(text):
    \"""A docstring.\"""
    text.append("queue")
    yield Line(say("sync_line"), f"{count} waiting now")
    field.border_title = "Whose name"
    field.id = "name"
"""
    assert untranslated(ast.parse(source)) == ["4: 'queue'", "5: ' waiting now'", "6: 'Whose name'"]


def test_the_style_sheet_holds_no_words() -> None:
    assert "content:" not in Path(ROOT / "ui/console.tcss").read_text(encoding="utf-8")
