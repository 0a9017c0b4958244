"""The story: who walks up, what they show and how, and what a right gate must answer.

Law: data only. Every act names its expectation before anything runs; nothing here is derived from what the gate says.
Passes are named; `server_stub.demo.museum` sells them and knows their payloads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Cue = Literal["cut_network", "kill_gate", "restore_network"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a code is held in front of the camera; fields as in `server_stub.demo.scenes.Shown`."""

    medium: Literal["phone", "paper", "card"] = "phone"
    tilt_deg: float = 0
    rotation_deg: float = 0
    px_per_module: float = 6
    blur_modules: float = 0
    brightness: float = 1
    is_inverted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One presentation and the answer it must get.

    ``beside`` is a second code in the same picture. ``turns`` False: the person does not turn the arm.
    ``held_s``: how long the code stays in view. ``cue`` happens just before (``kill_gate``: right after green).
    """

    who: str
    shows: str
    expect: str
    reason: str
    remaining: int | None = None
    look: Look = field(default_factory=Look)
    beside: str | None = None
    turns: bool = True
    held_s: float = 0.4
    cue: Cue | None = None


SHAKY = Look(medium="phone", blur_modules=0.5, rotation_deg=7)
TILTED = Look(medium="phone", tilt_deg=30, rotation_deg=15)
SMALL = Look(medium="paper", px_per_module=3)
DARK_MODE = Look(medium="phone", is_inverted=True)
DIM = Look(medium="phone", brightness=0.4)
PAPER = Look(medium="paper", rotation_deg=90)
CARD = Look(medium="card", px_per_module=4)

STORY: tuple[Act, ...] = (
    Act(
        who="Alice, annual pass, first entry",
        shows="alice",
        expect="SUCCESS",
        reason="OK",
        remaining=49,
    ),
    Act(
        who="Bruno, three-visit card, on paper",
        shows="bruno",
        look=PAPER,
        expect="SUCCESS",
        reason="OK",
        remaining=2,
    ),
    Act(
        who="Chloé, member card with a barcode",
        shows="chloe",
        look=CARD,
        expect="SUCCESS",
        reason="OK",
    ),
    Act(
        who="Alice again today",
        shows="alice",
        look=TILTED,
        expect="DECLINED",
        reason="LIMIT_DAY",
        remaining=49,
    ),
    Act(
        who="Bruno, second visit, tilted phone",
        shows="bruno",
        look=TILTED,
        expect="SUCCESS",
        reason="OK",
        remaining=1,
    ),
    Act(
        who="David, pass that ended last month", shows="david", expect="DECLINED", reason="EXPIRED"
    ),
    Act(
        who="Emma, ticket for the exhibition only",
        shows="emma",
        look=SMALL,
        expect="DECLINED",
        reason="WRONG_ZONE",
    ),
    Act(
        who="Bruno, last visit on his card",
        shows="bruno",
        look=SHAKY,
        expect="HIGHLIGHTED",
        reason="LAST_ENTRY",
        remaining=0,
    ),
    Act(
        who="Farid, a ticket he made himself",
        shows="forged",
        expect="DECLINED",
        reason="BAD_SIGNATURE",
    ),
    Act(
        who="Gaëlle, code of another shop",
        shows="unknown",
        look=PAPER,
        expect="DECLINED",
        reason="UNKNOWN",
    ),
    Act(
        who="Bruno tries a fourth time",
        shows="bruno",
        expect="DECLINED",
        reason="LIMIT_TOTAL",
        remaining=0,
    ),
    Act(
        who="Hugo, card reported lost", shows="hugo", look=DIM, expect="DECLINED", reason="REVOKED"
    ),
    Act(
        who="Inès, dark mode",
        shows="ines",
        look=DARK_MODE,
        expect="SUCCESS",
        reason="OK",
        remaining=49,
    ),
    Act(
        who="Jules, bought after the last snapshot; network cut",
        shows="jules",
        expect="SUCCESS",
        reason="UNLISTED",
        cue="cut_network",
    ),
    Act(
        who="Karim does not turn the arm",
        shows="karim",
        expect="SUCCESS",
        reason="OK",
        remaining=49,
        turns=False,
    ),
    Act(
        who="Léa, poster code beside her ticket",
        shows="lea",
        beside="poster",
        expect="SUCCESS",
        reason="OK",
        remaining=49,
    ),
    Act(
        who="Karim comes again, entry was given back",
        shows="karim",
        expect="SUCCESS",
        reason="OK",
        remaining=49,
    ),
    Act(
        who="Manon holds her phone for four seconds",
        shows="manon",
        expect="SUCCESS",
        reason="OK",
        remaining=49,
        held_s=4,
    ),
    Act(
        who="Nadia gets green; power is cut at once",
        shows="nadia",
        expect="SUCCESS",
        reason="OK",
        remaining=49,
        cue="kill_gate",
    ),
    Act(
        who="Nadia again after the restart",
        shows="nadia",
        look=SMALL,
        expect="DECLINED",
        reason="LIMIT_DAY",
        remaining=49,
    ),
    Act(who="Oscar, season seat A-12", shows="oscar", look=SHAKY, expect="SUCCESS", reason="OK"),
    Act(
        who="Alice once more, network back",
        shows="alice",
        expect="DECLINED",
        reason="LIMIT_DAY",
        remaining=49,
        cue="restore_network",
    ),
)
"""Twenty-two presentations; one event each."""
