"""Pins: one interface for every way of driving them.

Law: an output is requested INACTIVE before anything else is done with it, whatever its active level, so that a relay
never blips. A line is named (``GPIO17``) or given by its chip's label (``pinctrl-rp1/17``), never by a chip's number.
Levels and edges are logical: True is active. Every bank passes the same suite (tests/contract/test_pin_banks.py).

Source: docs/hardware.md, "Pins".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from scanner.core.errors import DeviceError

CONSUMER = "portillon"
"""How the kernel names us to others who want our lines."""


class Bias(StrEnum):
    """The resistor inside the chip."""

    PULL_UP = "pull_up"
    PULL_DOWN = "pull_down"
    DISABLED = "disabled"
    """There is a resistor outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputLine:
    """A line we drive. ``active_low``: 0 V switches the relay on."""

    line: str
    active_low: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InputLine:
    """A line we watch. A level counts once it has been stable for ``debounce_ms``."""

    line: str
    active_low: bool = False
    bias: Bias = Bias.PULL_UP
    debounce_ms: int = 0


@dataclass(frozen=True, slots=True)
class Edge:
    """A line became active (``rising``) or inactive. A gap in a line's ``seqno`` means that edges were lost."""

    line: str
    rising: bool
    at_ms: int
    seqno: int


class PinBank(Protocol):
    """Requested lines of one machine. Not to be shared between threads, but for `set`."""

    def request_outputs(self, lines: Sequence[OutputLine]) -> tuple[str, ...]:
        """Take the lines as outputs, each inactive from the first moment.

        Returns:
            The lines that somebody before us had left active, as far as this bank can tell.

        Raises:
            DeviceError: ``line_unknown``, ``line_busy``, ``line_failed``.
        """

    def request_inputs(self, lines: Sequence[InputLine]) -> None:
        """Take the lines as inputs; edges are collected from now on, numbered from 1."""

    def set(self, line: str, on: bool) -> None:  # noqa: FBT001 - a level is what is set
        """Make an output active or inactive. Safe from every thread."""

    def level(self, line: str) -> bool:
        """The debounced level of an input, or what an output was last set to."""

    def edges(self, wait_ms: int = 0) -> list[Edge]:
        """Edges since the last call, in the order of their time; waits up to ``wait_ms`` for the first."""

    def close(self) -> None:
        """Outputs inactive, lines given back. Idempotent."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class ClosesItself:
    """``with bank:`` for every bank."""

    def close(self) -> None:
        """As `PinBank.close`."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def busy(line: str, chip: str, holder: str) -> DeviceError:
    """The kernel lends a line to one owner; somebody else has this one."""
    return DeviceError(
        "line_busy",
        f"line {line!r} on chip {chip!r} is held by {holder!r}: another daemon holds the line,"
        " and the gate does not start",
        "stop the other one (`systemctl status portillon-gate`, `gpioinfo`), or name another line",
    )


def unknown_line(line: str, chip: str, valid: str) -> DeviceError:
    """There is no such line."""
    return DeviceError(
        "line_unknown",
        f"line {line!r} is not on chip {chip!r} (valid: {valid}): the gate does not start",
        "name a line that `gpioinfo` shows (docs/hardware.md, Pins)",
    )


def failed(line: str, chip: str, reason: str) -> DeviceError:
    """The driver refuses."""
    return DeviceError(
        "line_failed",
        f"line {line!r} on chip {chip!r} failed: {reason}",
        "look at the wiring and `dmesg`; the gate keeps the arm locked where it still can",
    )


def not_requested(line: str) -> RuntimeError:
    """Our own mistake: a line is used that was never asked for."""
    return RuntimeError(f"line {line!r} was not requested, or the bank is closed")
