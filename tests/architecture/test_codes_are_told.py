"""Every code that a console may show has a text of its own, which the catalogues translate."""

from __future__ import annotations

import re

from scanner.core.lane_state import AlarmCode
from scanner.texts.screens import TEXTS
from support.checkout import ROOT, modules, name_of

KNOWN = frozenset(
    re.findall(
        r"^### `?(\w+)`?$",
        (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
)
"""Every code there is (`tests/architecture/test_error_codes.py` holds the page to the programs)."""
ASKED = (
    "scanner/control.py",
    "scanner/staff_",
    "scanner/panel/",
    "scanner/records/ledger_decisions",
)
"""Where a console's question can be refused."""
NOT_BY_A_CONSOLE = {
    *("control_line_too_long", "control_not_json", "control_not_object", "control_socket_failed"),
    *("gate_not_running", "answer_unknown", "party_size_bad", "lane_in_order"),
}
"""Answers to a line that a console never sends, and words of the command line."""
PARTS = (
    "hardware/",
    "scanner/reading/",
    "scanner/records/",
    "scanner/current_base",
    "scanner/lane_",
)
AT_THE_START = {
    *("gpio_denied", "line_ambiguous", "no_gpio_chip", "line_busy", "line_unknown"),
    *("rpi_gpio_missing", "rpi_gpio_mode", "boot_id_unreadable"),
    *("ledger_copy_broken", "ledger_in_use", "ledger_newer", "ledger_of_another_device"),
}
"""With these a gate does not start, so no console asks it."""


def codes_in(*places: str, after: str = "") -> set[str]:
    """Codes that are written down in these modules, behind the name of one of these families if any is named."""
    written = re.compile(after + r'"([a-z][a-z0-9_]+)"')
    texts = (p.read_text(encoding="utf-8") for p in modules() if name_of(p).startswith(places))
    return {code for text in texts for code in written.findall(text)} & KNOWN


def test_every_refusal_of_a_console_has_its_text() -> None:
    asked = codes_in(*ASKED, after=r"(?:Error\(\s*|\A|: \(\s*)")
    assert len(asked) > 15
    assert {code for code in asked - NOT_BY_A_CONSOLE if f"refused_{code}" not in TEXTS} == set()


def test_every_trouble_of_a_running_gate_has_its_text() -> None:
    codes = codes_in(*PARTS, after=r"(?:Device|Store)Error\(\s*") | set(AlarmCode)
    assert len(codes) > 25
    assert {code for code in codes - AT_THE_START if f"trouble_{code}" not in TEXTS} == set()


STICKS = ("bundle_", "import_", "letter_")
BY_HAND = {
    *("nothing_held", "supervisor_needed", "supervisor_pin_wrong", "sync_already_running"),
    *("already_enrolled", "enrolment_text_bad", "enrolment_url_missing", "cache_unreadable"),
}
"""Faults of sticks, and of commands that a person types."""


def test_every_fault_of_a_contact_has_its_text() -> None:
    codes = codes_in("sync/", after=r"(?:Error\(\s*|: )")
    shown = {code for code in codes - BY_HAND if not code.startswith(STICKS)}
    assert len(shown) > 60
    assert {
        c for c in shown if not {f"fault_{c}", f"refused_{c}", f"trouble_{c}"} & set(TEXTS)
    } == set()
