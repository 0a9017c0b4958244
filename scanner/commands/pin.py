"""A PIN at the command line.

Law: never taken from the command line, where every account of the machine could read it.

Source: docs/commands.md.
"""

from __future__ import annotations

import sys

import click


def ask_pin() -> str:
    """Typed unseen, or a line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("PIN", hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\n")
