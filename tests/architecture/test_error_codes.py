"""A fault's code is written down once, means one thing, and has a place in docs/troubleshooting.md."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from support.checkout import ROOT
from support.error_codes import CODE, all_codes, codes_of

PAGES = [ROOT / "docs/troubleshooting.md", *sorted((ROOT / "docs/troubleshooting.d").glob("*.md"))]


def subject_of(module: str) -> str:
    """``scanner/records/ledger_files.py`` is about ``scanner/ledger``."""
    path = Path(module)
    return f"{path.parent}/{path.stem.partition('_')[0]}"


def anchors_of(page: Path) -> list[str]:
    return re.findall(r"^### `?(\w+)`?$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)


def anchors() -> list[str]:
    return [code for page in PAGES for code in anchors_of(page)]


def test_every_code_is_written_where_it_is_raised() -> None:
    assert [coded for coded in all_codes() if not coded.code] == []


def test_every_code_is_lower_snake() -> None:
    assert [coded for coded in all_codes() if not CODE.fullmatch(coded.code)] == []


def test_a_code_means_one_thing() -> None:
    """One family, one subject: `ledger_files.py` and `ledger_opening.py` may share a code, two strangers may not."""
    homes: dict[str, set[tuple[str, str]]] = {}
    for coded in all_codes():
        homes.setdefault(coded.code, set()).add((coded.family, subject_of(coded.module)))

    assert {code: home for code, home in homes.items() if len(home) > 1} == {}


def test_every_code_has_an_anchor_in_the_troubleshooting_page() -> None:
    assert sorted({coded.code for coded in all_codes()} - set(anchors())) == []


def test_every_anchor_of_the_troubleshooting_page_is_a_code() -> None:
    assert sorted(set(anchors()) - {coded.code for coded in all_codes()}) == []


def test_the_page_is_sorted_so_that_a_code_is_found_by_eye() -> None:
    codes = anchors_of(PAGES[0])

    assert codes == sorted(codes)


def test_an_anchor_stands_once() -> None:
    assert len(anchors()) == len(set(anchors()))


def test_codes_are_found_in_every_way_they_may_be_written() -> None:
    source = """
TABLE = {28: "disk_full"}
raise InputError("plain_code", "text")
raise errors.StoreError(code="named_code", message="text")
raise DeviceError("one_way" if x else "other_way", "text")
raise StoreError(TABLE[n], "text")
class Lost(GateError):
    def __init__(self):
        super().__init__("own_code", "text")
class Family(GateError):
    def __init__(self, code):
        super().__init__(code, "text")
"""
    found = codes_of(
        ROOT / "scanner/core/errors.py",
        ast.parse(source.replace("Lost", "InputError").replace("Family", "StoreError")),
    )

    assert {coded.code for coded in found} == {
        *("plain_code", "named_code", "one_way", "other_way", "disk_full", "own_code")
    }


def test_a_code_that_is_not_written_down_is_found_out() -> None:
    found = codes_of(
        ROOT / "scanner/core/errors.py", ast.parse('raise InputError(made_up(), "text")')
    )

    assert [coded.code for coded in found] == [""]
