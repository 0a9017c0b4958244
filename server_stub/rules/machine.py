"""State machines as tables: a row a state, each with the moves it allows and the refusal for everything else.

Law: a table is total by its form: a row answers every event. An answer is the next state or a refusal, a value. No
other code may say which state comes next.

Source: docs/membership-rules.md, "State tables".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from server_stub.rules.refusals import Refusal

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Row(Generic[State, Event]):
    """What may happen in one state; ``otherwise`` answers every event that ``moves`` does not name."""

    moves: Mapping[Event, State | Refusal]
    otherwise: Refusal


Table: TypeAlias = Mapping[State, Row[State, Event]]


def next_state(table: Table[State, Event], state: State, event: Event) -> State | Refusal:
    """The state after ``event``, or why it cannot happen."""
    row = table[state]
    return row.moves.get(event, row.otherwise)


def successors(table: Table[State, Event], state: State) -> frozenset[State]:
    """The states that one event can lead to."""
    answers = table[state].moves.values()
    return frozenset(answer for answer in answers if not isinstance(answer, Refusal))
