"""Segments: named conditions over customers, judged when they are asked for.

Law: a segment is never stored as a list of customers: who is in it is a function of the customer's tags, rights and
attributes at ``now``. A segment may use others, but never itself, directly or not: refused when it is saved, and
holding for nobody if it is found all the same.

Source: docs/decisions.md, "Central: state machines"; docs/membership-rules.md, "Segments".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from scanner.core.units import Instant
from server_stub.rules.conditions import DEPTH_MAX, Leaf, Tree, holds, leaves, tree_problem
from server_stub.rules.refusals import Refusal
from server_stub.rules.tags import Assignment, present_tags


class RightKind(StrEnum):
    """What a customer can hold."""

    TICKET_TYPE = "ticket_type"
    PLAN = "plan"
    SEASON = "season"


class MembershipState(StrEnum):
    """How a right stands at an instant. ``grace``: paid period over, benefits go on."""

    TO_COME = "to_come"
    ACTIVE = "active"
    GRACE = "grace"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRight:
    """One thing a customer has or had. ``benefit_until``: where it has grace with benefits, the end of that.

    What is denied, suspended or refunded is not held: leave it out, or let it end when it was.
    """

    kind: RightKind
    name: str
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    benefit_until: Instant | None = None

    def state_at(self, now: Instant) -> MembershipState:
        """How it stands at an instant."""
        if self.valid_from is not None and now < self.valid_from:
            return MembershipState.TO_COME
        if self.valid_until is None or now < self.valid_until:
            return MembershipState.ACTIVE
        if self.benefit_until is not None and now < self.benefit_until:
            return MembershipState.GRACE
        return MembershipState.LAPSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Everything about a customer that a condition may ask for. One without a name has nothing."""

    assignments: tuple[Assignment, ...] = ()
    rights: tuple[HeldRight, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


ANONYMOUS = Customer()
"""Somebody who has not signed in."""

CURRENT = frozenset({MembershipState.ACTIVE, MembershipState.GRACE})


@dataclass(frozen=True, slots=True)
class HasTag(Leaf):
    """The tag is present."""

    tag: str


@dataclass(frozen=True, slots=True)
class HasMembership(Leaf):
    """Some right of any kind is in one of these states."""

    states: frozenset[MembershipState] = CURRENT


@dataclass(frozen=True, slots=True)
class HasRight(Leaf):
    """A current right to this ticket type, plan or season."""

    kind: RightKind
    name: str


@dataclass(frozen=True, slots=True)
class HasAttribute(Leaf):
    """The attribute has this value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class InSegment(Leaf):
    """The customer is in another segment."""

    segment: str


Segments = Mapping[str, Tree]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the judges of leaves look at."""

    customer: Customer
    now: Instant
    segments: Segments


def in_segment(name: str, customer: Customer, segments: Segments, now: Instant) -> bool:
    """Whether a customer is in a segment now; nobody is in one that does not exist."""
    return _in_segment(InSegment(name), _Asked(customer, now, segments))


def customer_matches(tree: Tree, customer: Customer, segments: Segments, now: Instant) -> bool:
    """Whether a condition over customers holds now."""
    if any(find_cycle(name, segments) for name in _segments_of(tree)):
        return False
    return _matches(tree, _Asked(customer, now, segments))


def refuse_segment(name: str, tree: Tree, segments: Segments) -> Refusal | None:
    """Why a segment may not be saved under this name beside the others; None = it may."""
    problem = tree_problem(tree, JUDGES)
    if problem is not None:
        return problem
    after = {**segments, name: tree}
    if not _segments_of(tree) <= set(after):
        return Refusal.SEGMENT_UNKNOWN
    if find_cycle(name, after):
        return Refusal.SEGMENT_CYCLE
    return Refusal.TREE_TOO_DEEP if _is_too_deep(after) else None


def find_cycle(name: str, segments: Segments) -> tuple[str, ...]:
    """The way from a segment back to one on that way, for a message; empty = there is none."""
    return _find_cycle((name,), segments, set())


def _find_cycle(path: tuple[str, ...], segments: Segments, clear: set[str]) -> tuple[str, ...]:
    tree = segments.get(path[-1])
    for name in sorted(_segments_of(tree)) if tree is not None else ():
        if name in path:
            return (*path, name)
        if name not in clear:
            found = _find_cycle((*path, name), segments, clear)
            if found:
                return found
    clear.add(path[-1])
    return ()


def _is_too_deep(segments: Segments) -> bool:
    """True when segments use each other in a chain longer than `DEPTH_MAX`."""
    left = {name: _segments_of(tree) for name, tree in segments.items()}
    for _ in range(DEPTH_MAX):
        left = {name: used for name, used in left.items() if not used.isdisjoint(left)}
    return bool(left)


def _segments_of(tree: Tree) -> set[str]:
    return {leaf.segment for leaf in leaves(tree) if isinstance(leaf, InSegment)}


def _matches(tree: Tree, asked: _Asked) -> bool:
    return holds(tree, lambda leaf: JUDGES[type(leaf)](leaf, asked))


def _has_tag(leaf: HasTag, asked: _Asked) -> bool:
    return leaf.tag in present_tags(asked.customer.assignments, asked.now)


def _has_membership(leaf: HasMembership, asked: _Asked) -> bool:
    return any(right.state_at(asked.now) in leaf.states for right in asked.customer.rights)


def _has_right(leaf: HasRight, asked: _Asked) -> bool:
    return any(
        (right.kind, right.name) == (leaf.kind, leaf.name) and right.state_at(asked.now) in CURRENT
        for right in asked.customer.rights
    )


def _has_attribute(leaf: HasAttribute, asked: _Asked) -> bool:
    return asked.customer.attributes.get(leaf.name) == leaf.value


def _in_segment(leaf: InSegment, asked: _Asked) -> bool:
    tree = asked.segments.get(leaf.segment)
    if tree is None or find_cycle(leaf.segment, asked.segments):
        return False
    return _matches(tree, asked)


JUDGES: dict[type[Leaf], Callable[[Any, _Asked], bool]] = {
    HasTag: _has_tag,
    HasMembership: _has_membership,
    HasRight: _has_right,
    HasAttribute: _has_attribute,
    InSegment: _in_segment,
}
"""Who judges each condition over customers."""
