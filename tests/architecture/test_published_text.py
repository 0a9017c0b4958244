"""What stands in a file of the project is true on every machine: no index of packages, no folder of the author's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.checkout import ROOT, name_of, walk

# Written in pieces, so that this file passes its own test.
HOSTS = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "deb.debian" + ".org",
    "crates" + ".io",
)
OPTIONS = ("index" + "-url", "find" + "-links", "trusted" + "-host")
FOLDERS = (
    "/wo" + "rk/",
    "/tmp/w" + "/",
    "/opt/" + "devenv",
    "shared/" + "design",
    "/ro" + "ot/",
    "/ho" + "me/",
)
NOT_OURS = re.compile(
    "|".join(
        map(
            re.escape,
            (*HOSTS, *(f"--{o}" for o in OPTIONS), *(f"--extra-{o}" for o in OPTIONS), *FOLDERS),
        )
    )
)


def text_of(path: Path) -> str:
    """The file as text; empty for a picture or another binary file."""
    raw = path.read_bytes()
    return "" if b"\0" in raw[:8192] else raw.decode("utf-8", errors="replace")


def test_a_file_names_no_package_index_and_no_folder_of_one_machine() -> None:
    found = {name_of(path): NOT_OURS.findall(text_of(path)) for path in walk()}

    assert {name: bad for name, bad in found.items() if bad} == {}


@pytest.mark.parametrize("bad", [*HOSTS, *(f"--{option}" for option in OPTIONS), *FOLDERS])
def test_such_a_name_would_be_found(bad: str) -> None:
    assert NOT_OURS.search(f"see {bad} for it")


def links_of(page: Path) -> list[str]:
    """What a page links to that is no address of the web."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    return [link for link in links if not re.match(r"[a-z]+:", link)]


def test_a_link_to_a_file_of_ours_leads_to_one() -> None:
    pages = [path for path in walk() if path.suffix == ".md"]
    links = [(page, link) for page in pages for link in links_of(page)]

    assert len(links) > 100
    assert [(name_of(p), link) for p, link in links if not (p.parent / link).exists()] == []


def test_the_license_is_the_apache_license() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
