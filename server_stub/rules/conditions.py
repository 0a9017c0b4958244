"""Conditions as trees of all, any and not, over leaves that somebody else judges.

Law: a tree is judged live, never stored as an answer. A group without parts is refused when it is saved, because "all
of nothing" would hold for everybody; so is one that is nested deeper than a person reads.

Source: docs/membership-rules.md, "Segments".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from server_stub.rules.refusals import Refusal

DEPTH_MAX = 16
"""How deep groups may be nested."""


class Leaf:
    """A single condition. Its class says what it asks for."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Tree


Tree: TypeAlias = Leaf | AllOf | AnyOf | Not


def holds(tree: Tree, leaf_holds: Callable[[Leaf], bool]) -> bool:
    """Whether a tree holds, asking ``leaf_holds`` for each leaf as far as needed."""
    match tree:
        case AllOf(parts):
            return all(holds(part, leaf_holds) for part in parts)
        case AnyOf(parts):
            return any(holds(part, leaf_holds) for part in parts)
        case Not(part):
            return not holds(part, leaf_holds)
    return leaf_holds(tree)


def leaves(tree: Tree) -> Iterator[Leaf]:
    """Every leaf of a tree."""
    if isinstance(tree, Leaf):
        yield tree
    for part in parts_of(tree):
        yield from leaves(part)


def parts_of(tree: Tree) -> tuple[Tree, ...]:
    """What stands directly below; a leaf has nothing below it."""
    if isinstance(tree, Not):
        return (tree.part,)
    return () if isinstance(tree, Leaf) else tree.parts


def tree_problem(
    tree: Tree, allowed: Collection[type[Leaf]], depth: int = DEPTH_MAX
) -> Refusal | None:
    """Why a tree may not be saved; None = it may.

    Args:
        tree: as somebody wrote it.
        allowed: the conditions that can be judged where it is used.
        depth: how many groups may still stand inside one another.
    """
    if isinstance(tree, Leaf):
        return None if type(tree) in allowed else Refusal.CONDITION_NOT_HERE
    if depth == 0:
        return Refusal.TREE_TOO_DEEP
    if not parts_of(tree):
        return Refusal.TREE_EMPTY
    problems = (tree_problem(part, allowed, depth - 1) for part in parts_of(tree))
    return next(filter(None, problems), None)
