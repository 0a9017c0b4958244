"""What `decide` saw, kept beside the recorded fact: small enough for every row, enough to decide again.

Law: pure; never over ``LOCAL_BYTES``, never a code, a name or a key (the fact has its keyed hash). JSON; from the
size where it would not fit deflated JSON; then without the days of long ago; then without counts, and ``is_cut`` says
so. Rules, events and the gate are named by number: with the snapshot's number that is the policy's version.

Source: docs/ledger.md, "What the gate keeps for itself".
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any

import msgspec

from scanner.core.errors import InputError
from scanner.core.question import Facts, GrantFacts
from scanner.core.tally import Tally
from scanner.core.units import ZoneNo
from sync.base_rows import encode_exception, encode_grant
from sync.ledger_format import LOCAL_BYTES
from sync.tally_rows import encode_tally

RECENT_DAYS = 40
"""Days of use that are kept where all of them do not fit."""

UNPACKED_BYTES = 64 * 1024
_ENCODER = msgspec.json.Encoder(order="deterministic")
_PLAIN = b"{"


class _Detail(Enum):
    """How much of the counts is kept."""

    ALL = "all"
    RECENT = "recent"
    NONE = "none"


def encode_local(facts: Facts) -> bytes:
    """What was looked at, in at most ``LOCAL_BYTES``."""
    for detail in _Detail:
        plain = _ENCODER.encode(_shown(facts, detail))
        if len(plain) <= LOCAL_BYTES:
            return plain
        packed = zlib.compress(plain, 1)
        if len(packed) <= LOCAL_BYTES:
            return packed
    return _ENCODER.encode({"is_cut": True, "snapshot": _mark(facts)})


def parse_local(local: bytes) -> dict[str, Any]:
    """What `encode_local` wrote.

    Raises:
        InputError: ``local_facts_unreadable``.
    """
    try:
        plain = local if local.startswith(_PLAIN) else _unpacked(local)
        return msgspec.json.decode(plain, type=dict[str, Any])
    except (msgspec.MsgspecError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(
            "local_facts_unreadable",
            f"what the gate kept of this decision ({len(local)} bytes) cannot be read ({error})",
            "the fact itself stands; only its explanation is lost",
        ) from error


def _unpacked(local: bytes) -> bytes:
    return zlib.decompressobj().decompress(local, UNPACKED_BYTES)


def _shown(facts: Facts, detail: _Detail) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "snapshot": _mark(facts),
        "gate_no": facts.gate.gate_no,
        "lane": facts.lane,
        "kind": facts.presented.kind,
        "problem": facts.presented.problem,
        "claims": facts.presented.claims and facts.presented.claims[1:],
        "grants": [_grant(grant, detail) for grant in facts.grants],
        "events": [event.event_no for event in facts.events],
        "seats": [(e.event_no, e.seat, e.grant_no) for e in facts.seat_entries],
        "is_revoked": facts.is_revoked,
        "is_step_used": facts.is_step_used,
        "is_cut": detail is not _Detail.ALL,
    }
    if facts.unlisted is not None:
        unlisted, kind = facts.unlisted, facts.unlisted.ticket_type
        shown["unlisted"] = {
            "type_no": kind and kind.type_no,
            "counts": _counts(unlisted.tallies, detail),
            "boot_counts": _counts(unlisted.boot_tallies, detail),
        }
    return {name: value for name, value in shown.items() if value}


def _mark(facts: Facts) -> tuple[int, int] | None:
    mark = facts.snapshot
    return None if mark is None else (mark.seq, mark.created_at)


def _grant(facts: GrantFacts, detail: _Detail) -> dict[str, Any]:
    shown = {
        "row": encode_grant(facts.grant),
        "counts": _counts(facts.tallies, detail),
        "boot_counts": _counts(facts.boot_tallies, detail),
        "exceptions": [
            encode_exception(facts.grant.grant_no, exception)[1:5]
            for exception in facts.exceptions.values()
        ],
    }
    return {name: value for name, value in shown.items() if value}


def _counts(tallies: Mapping[ZoneNo, Tally], detail: _Detail) -> dict[str, Any]:
    if detail is _Detail.NONE:
        return {}
    keep = _recent if detail is _Detail.RECENT else _whole
    return {
        str(zone): msgspec.Raw(encode_tally(keep(tally)).encode())
        for zone, tally in tallies.items()
    }


def _whole(tally: Tally) -> Tally:
    return tally


def _recent(tally: Tally) -> Tally:
    days: list[date] = sorted(tally.days)[-RECENT_DAYS:]
    return Tally(
        days={day: tally.days[day] for day in days},
        events=tally.events,
        first_entry=tally.first_entry,
        last_entry=tally.last_entry,
        last_charged=tally.last_charged,
    )
