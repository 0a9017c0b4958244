"""The shape of the source: one subject a file, one screen a function, the words of the product's vocabulary."""

from __future__ import annotations

import ast
import re

import pytest

from support.checkout import PACKAGES, ROOT, modules, name_of, parts_of, scripts, tree_of, walk

TOP_LEVEL = {
    *PACKAGES,
    *("systemd", "tests", "docs", "benchmarks", ".ci", ".gitignore"),
    *("Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock"),
    *("README.md", "CHANGELOG.md", "LICENSE", "SECURITY.md"),
}
LONGEST_FILE, LONGEST_FUNCTION = 400, 60
NO_SUBJECT = {"utils", "util", "helpers", "helper", "common", "misc", "base"}
NOT_OUR_NOUNS = {"manager", "handler", "info", "data", "item", "user", "check"}

SOURCES = modules() + scripts()


def words_of(name: str) -> set[str]:
    """The words of a snake_case or CamelCase name, in lower case and the singular."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return {word.lower() for word in words} | {word.lower().removesuffix("s") for word in words}


def test_the_top_level_holds_only_the_folders_and_files_that_were_agreed() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in walk()} <= TOP_LEVEL


def test_systemd_holds_no_python() -> None:
    assert [name_of(p) for p in walk(ROOT / "systemd") if p.suffix == ".py"] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_of_a_package_with_python_is_a_package(package: str) -> None:
    folders = {path.parent for path in modules() if name_of(path).startswith(f"{package}/")}

    assert [name_of(f) for f in folders if not (f / "__init__.py").is_file()] == []


def test_an_init_holds_a_docstring_only() -> None:
    inits = [path for path in modules() if path.name == "__init__.py"]

    assert [
        name_of(path)
        for path in inits
        if len(tree_of(path).body) != 1 or not ast.get_docstring(tree_of(path))
    ] == []


def test_test_folders_hold_no_init() -> None:
    assert [name_of(p) for p in walk(ROOT / "tests") if p.name == "__init__.py"] == []


def test_test_files_have_unique_names() -> None:
    names = [p.name for p in walk(ROOT / "tests") if p.name.startswith("test_")]

    assert sorted(names) == sorted(set(names))


def test_a_file_has_one_subject_that_fits() -> None:
    lines = {name_of(p): len(p.read_text(encoding="utf-8").splitlines()) for p in SOURCES}

    assert {name: n for name, n in lines.items() if n >= LONGEST_FILE} == {}


def test_a_function_fits_on_a_screen() -> None:
    functions = (
        (name_of(path), node)
        for path in SOURCES
        for _, node in parts_of(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    long = [
        (file, node.name, lines)
        for file, node in functions
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]

    assert long == []


def test_a_module_states_its_purpose() -> None:
    assert [name_of(path) for path in SOURCES if not ast.get_docstring(tree_of(path))] == []


def test_a_module_is_named_for_its_subject() -> None:
    bad = [
        name_of(path)
        for path in modules()
        if NO_SUBJECT & {path.stem, *path.relative_to(ROOT).parts}
        or NOT_OUR_NOUNS & words_of(path.stem)
    ]

    assert bad == []


def test_a_class_is_named_in_the_words_of_the_product() -> None:
    bad = [
        (name_of(path), node.name)
        for path in modules()
        for _, node in parts_of(tree_of(path))
        if isinstance(node, ast.ClassDef) and words_of(node.name) & NOT_OUR_NOUNS
    ]

    assert bad == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CheckItems", {"check", "item", "items"}),
        ("HTTPHandler", {"http", "handler"}),
        ("user_data", {"user", "data"}),
    ],
)
def test_the_words_of_a_name_are_found_in_any_spelling(name: str, words: set[str]) -> None:
    assert words <= words_of(name)
