"""Letters and signs out of blocks, so that a word can be read from three metres on any terminal, tty1 too.

Law: pure. Only full and half blocks, which every console font has. A text with a letter that is not in here is not
drawn at all: the caller writes it small.

Source: docs/console.md, "Lane screen".
"""

from __future__ import annotations

import unicodedata

ROWS = 7
"""Dots of a letter from top to bottom; an accent stands on two more."""

_COLUMNS = (
    "A7E1111117E B7F49494936 C3E41414122 D7F4141221C E7F49494941 F7F09090901 G3E4149497A H7F0808087F"
    " I417F41 J2040413F01 K7F08142241 L7F40404040 M7F020C027F N7F0408107F O3E4141413E P7F09090906"
    " Q3E4151215E R7F09192946 S4649494931 T01017F0101 U3F4040403F V1F2040201F W3F4038403F X6314081463"
    " Y0708700807 Z6151494543 03E5149453E 1427F40 24261514946 32141454B31 41814127F10 52745454539"
    " 63C4A494930 70171090503 83649494936 9064949291E '0503 -080808 !5F ?0201510906"
)
"""A letter, then two hexadecimal digits a column, the lowest bit on top."""

FONT: dict[str, tuple[int, ...]] = {
    entry[0]: tuple(int(entry[at : at + 2], 16) for at in range(1, len(entry), 2))
    for entry in _COLUMNS.split()
} | {" ": (0, 0, 0)}

ACCENTS = {
    "\N{COMBINING ACUTE ACCENT}": (0, 0, 2, 1, 0),
    "\N{COMBINING GRAVE ACCENT}": (0, 1, 2, 0, 0),
    "\N{COMBINING CIRCUMFLEX ACCENT}": (0, 2, 1, 2, 0),
    "\N{COMBINING DIAERESIS}": (0, 2, 0, 2, 0),
}

SIGNS: dict[str, tuple[str, ...]] = {
    "✔": (
        "            ##",
        "           ###",
        "          ### ",
        "##       ###  ",
        "###     ###   ",
        " ###   ###    ",
        "  ### ###     ",
        "   #####      ",
        "    ###       ",
        "     #        ",
    ),
    "★": (
        "      ##      ",
        "      ##      ",
        "     ####     ",
        "##############",
        " ############ ",
        "   ########   ",
        "    ######    ",
        "   ########   ",
        "  ####  ####  ",
        " ##        ## ",
    ),
    "?": (
        "   #######    ",
        "  #########   ",
        " ###     ###  ",
        "         ###  ",
        "       ####   ",
        "      ###     ",
        "      ###     ",
        "              ",
        "      ###     ",
        "      ###     ",
    ),
    "↻": (
        "    ######  # ",
        "  ######### # ",
        " ###     #### ",
        "##      ##### ",
        "##            ",
        "##          ##",
        "##          ##",
        " ###      ### ",
        "  ##########  ",
        "    ######    ",
    ),
    "✖": (
        "##          ##",
        "####      ####",
        " ####    #### ",
        "   ###  ###   ",
        "    ######    ",
        "    ######    ",
        "   ###  ###   ",
        " ####    #### ",
        "####      ####",
        "##          ##",
    ),
    "→": (
        "        ##    ",
        "         ##   ",
        "          ##  ",
        "           ## ",
        "##############",
        "##############",
        "           ## ",
        "          ##  ",
        "         ##   ",
        "        ##    ",
    ),
    "⚠": (
        "      ##      ",
        "     ####     ",
        "     #  #     ",
        "    ## ###    ",
        "    # ## #    ",
        "   ## ## ##   ",
        "  ### ## ##   ",
        "  ##      ##  ",
        " ###  ##  ### ",
        "##############",
    ),
    "◌": (
        "     #  #     ",
        "  #        #  ",
        "              ",
        "#            #",
        "              ",
        "              ",
        "#            #",
        "              ",
        "  #        #  ",
        "     #  #     ",
    ),
}
"""The icons of `scanner.core.reasons` and of the screen's own states: each has its own outline."""


def spell(text: str, scale: int = 1) -> tuple[str, ...] | None:
    """The text in big letters, one string a line of the terminal; None where a letter is missing.

    Args:
        text: letters of any case; accents are drawn.
        scale: dots of the font for one column.
    """
    grid: list[int] = []
    for character in text.upper():
        letter, *accents = list(unicodedata.normalize("NFD", character))
        columns = FONT.get(letter)
        if columns is None or any(accent not in ACCENTS for accent in accents):
            return None
        marks = ACCENTS[accents[0]] if accents else (0,) * len(columns)
        grid += [c << 2 | _mark(marks, at, len(columns)) for at, c in enumerate(columns)] + [0]
    rows = [[bool(column >> row & 1) for column in grid] for row in range(ROWS + 2)]
    return _blocks(rows if any(rows[0]) or any(rows[1]) else rows[2:], scale)


def _mark(marks: tuple[int, ...], at: int, width: int) -> int:
    """A narrow letter takes the middle of an accent."""
    return marks[at + (len(marks) - width) // 2] if width <= len(marks) else 0


def draw(sign: str, scale: int = 1) -> tuple[str, ...] | None:
    """One of `SIGNS` in blocks; None for any other."""
    picture = SIGNS.get(sign)
    if picture is None:
        return None
    return _blocks([[dot == "#" for dot in line] for line in picture], scale)


def _blocks(dots: list[list[bool]], scale: int) -> tuple[str, ...]:
    """Two rows of dots a line: upper half, lower half, both, none."""
    tall = [row for row in dots for _ in range(scale)]
    if len(tall) % 2:
        tall.append([False] * len(tall[0]))
    lines = zip(tall[::2], tall[1::2], strict=True)
    return tuple(
        "".join(" ▀▄█"[up + 2 * low] * scale for up, low in zip(upper, lower, strict=True))
        for upper, lower in lines
    )
