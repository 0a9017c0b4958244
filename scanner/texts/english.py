"""The English texts of a decision told to people, each the key of its translations.

Law: every outcome, reason, flag, check and value has its text here or in the table of the core that it is gathered
from; a test compares with the vocabulary. A text says no more than docs/decisions.md allows: never payment, ban or
contact detail.

Source: docs/decisions.md, "Decision order" and "Outcomes and reasons".
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.core.answer import Verdict
from scanner.core.meanings import MEANINGS
from scanner.core.reasons import FACES, Flag
from scanner.texts.screens import TEXTS

FLAGS: dict[str, str] = {
    Flag.LANE_FREE: "The lane was set free: the arm was held open.",
    Flag.PASSAGE_UNKNOWN: "A restart found no report of the passage; the entry stays counted.",
    Flag.AWAITS_PASSAGE: "A sensor watches this lane: it reports whether somebody walked through.",
}

CHECKS: dict[str, str] = {
    "lane": "Can the lane let somebody through?",
    "syntax": "Is what was read a code at all?",
    "signature": "Is it genuine, by a good key, of this site?",
    "rotating_window": "Is the rotating code of about now?",
    "rotating_step": "Is this step of the rotating code unused?",
    "revocation": "Is the code still in force?",
    "known": "Is there a right behind the code?",
    "unlisted": "The snapshot has no row of this ticket: may it speak for itself?",
    "zone": "Does the right cover this zone?",
    "ticket_type": "Does this gate admit the ticket type?",
    "direction": "Does this gate serve that way?",
    "state": "Does the central allow the right?",
    "details": "Is everything known that the right asks for?",
    "beginning": "Has the right begun?",
    "ending": "Is the right not over yet?",
    "clock_state": "Can the clock be trusted?",
    "windows": "Is it within the hours of the rule?",
    "blackouts": "Is this day open under the rule?",
    "event": "Is an event of this right on here?",
    "event_exception": "Is the right in force for this very event?",
    "seat_conflict": "Is the seat free at this event?",
    "presence": "Is the holder outside?",
    "prerequisite_zone": "Was the other zone entered first today?",
    "interval": "Is the interval since the last entry over?",
    "party_size": "May so many come in on one code?",
    "reentry": "Is this a free re-entry?",
    "limit_event": "Are entries left for this event?",
    "limit_day": "Are entries left for this day?",
    "limit_week": "Are entries left for this week?",
    "limit_month": "Are entries left for this month?",
    "limit_year": "Are entries left for this year?",
    "limit_days": "Are days left?",
    "limit_total": "Are entries left in all?",
    "freshness_policy": "Is the snapshot recent enough?",
    "clock_policy": "May it be decided without the time?",
}
"""A question for each check, so put that yes is good."""

VALUES: dict[str, str] = {
    "age": "age",
    "age_ms": "age",
    "at": "at",
    "charged": "charged",
    "clock": "clock",
    "deny_reason": "reason",
    "direction": "way",
    "entries": "entries",
    "event_no": "event",
    "first": "first day",
    "floor": "certainly not before",
    "gate_direction": "way of the gate",
    "gate_no": "gate",
    "grace_until": "grace until",
    "grant_no": "right",
    "grants": "rights",
    "hard_age_s": "hard age",
    "inside_since": "inside since",
    "key": "key",
    "kind": "kind",
    "lane": "lane",
    "last_charged": "last charged entry",
    "last_entry": "last entry",
    "limit": "limit",
    "min_interval_s": "interval",
    "now": "now",
    "party": "persons",
    "party_max": "at most",
    "persons": "persons",
    "policy": "policy",
    "problem": "problem",
    "remaining": "left of the allowance",
    "rule_no": "rule",
    "scope_no": "season",
    "seat": "seat",
    "state": "state",
    "step": "step",
    "today": "business day",
    "type_no": "ticket type",
    "types": "ticket types",
    "unlisted": "policy",
    "used": "used",
    "valid_from": "valid from",
    "valid_until": "valid until",
    "wait_s": "to wait",
    "windows": "hours",
    "zone_no": "zone",
    "zones": "zones",
}

WORDS: dict[str, str] = {
    "accept": "accept",
    "action": "ask staff",
    "allow": "allowed",
    "busy": "busy",
    "closed": "closed",
    "continue": "go on",
    "decline": "decline",
    "deny": "denied",
    "fault": "fault",
    "force": "force",
    "fresh": "fresh",
    "holdover": "kept since it was last trusted",
    "in": "in",
    "none": "none",
    "opaque": "card number",
    "out": "out",
    "ready": "ready",
    "refuse": "refuse",
    "rotating": "rotating code",
    "signed": "signed ticket",
    "signed_only": "signed codes only",
    "stale_hard": "beyond the hard age",
    "stale_soft": "beyond the soft age",
    "trusted": "trusted",
    "unreadable": "unreadable",
    "untrusted": "not trusted",
}
"""Names of the vocabulary that stand as values."""

VERDICTS: dict[Verdict, str] = {
    Verdict.PASS: "yes",
    Verdict.NOTE: "yes, and shown",
    Verdict.ASK: "staff are asked",
    Verdict.REFUSE: "no",
    Verdict.SKIP: "not judged: the time is not certain",
}

HEADINGS: dict[str, str] = {
    "when": "When",
    "way": "Where",
    "code": "Code",
    "clock": "Clock",
    "snapshot": "Snapshot",
    "counted": "Counted",
    "flags": "Also",
    "staff": "Staff",
    "passage": "Passage",
    "trace": "How it was decided",
    "again": "Decided again",
}

SENTENCES: dict[str, str] = {
    "title": "decision {seq} of {device}",
    "when": "{at} ({zone})",
    "look": "only a look, nobody was let in",
    "snapshot": "number {seq}, made {made}, {age} old",
    "no_snapshot": "none was there",
    "answered": "the answer was: {answer} (row {seq})",
    "not_answered": "nobody answered",
    "passed": "walked through: {persons} (row {seq})",
    "not_passed": "did not walk through, given back: {persons} (row {seq})",
    "unknown": "not known, a restart found no report; it stays counted (row {seq})",
    "pending": "not reported yet",
    "not_watched": "no sensor looks; it counts as passed",
    "shut": "the arm stayed shut",
    "same": "from what was kept: the same",
    "other": "from what was kept: {outcome} {reason}; this software decides otherwise than the one that recorded it",
    "not_kept": "not possible: not enough was kept of this decision",
    "of_right": "right {grant_no}",
    "minutes": "{hours} h {minutes} min",
    "seconds": "{seconds} s",
    "at_gate": "{at} at gate {gate_no}",
}

QUESTIONS: dict[str, str] = {
    "site": "Name of the site",
    "direction": "Way that this lane serves (in, out, both)",
    "relay_in": "Line of the relay that releases the arm on the way in (docs/hardware.md, Pins)",
    "sensor_in": "Line of the sensor that reports a passage in; a dash for none",
    "relay_out": "Line of the relay that releases the arm on the way out",
    "sensor_out": "Line of the sensor that reports a passage out; a dash for none",
    "camera": "Camera that reads codes (best by /dev/v4l/by-id/), or none",
    "scanner": "Wired scanner (best by /dev/serial/by-id/ or /dev/input/by-id/), or none",
    "central": "Address of the central; a dash for a gate that works by stick",
    "token": "Enrolment token or code of the central, not shown; a dash to enrol later",
}
"""What `portillon setup` asks."""

PROBLEMS: dict[str, str] = {
    "site": "{key}: {value!r} is no name; it takes 1 to 60 characters that can be printed",
    "direction": "{key}: {value!r} is no way; say in, out or both",
    "relay": "{key}: a lane that serves this way needs its relay; name its line, such as GPIO17",
    "line": "{key}: {value!r} is no line; give a name such as GPIO17, or chip and number such as pinctrl-rp1/17",
    "line_twice": "{key}: {value!r} has a purpose already; give each relay and sensor a line of its own",
    "device": "{key}: {value!r} is no device; give a path below /dev/, or none",
    "scanner": "{key}: {value!r} is no scanner; give a path below /dev/serial/, /dev/tty or /dev/input/, or none",
    "nothing_reads": "{key}: with neither camera nor scanner nothing could be read; name one of them",
    "central": "{key}: {value!r} is no address; say https://central.example (plain http to this machine only)",
    "token": "{key}: this is no token; it has 8 to 4096 characters, as the central prints it",
    "token_without_central": "{key}: a token alone does not say where the central is; give both, or the code",
    "unknown": "{key}: nobody asks for this; take the line out",
    "not_asked": "{key}: a lane that does not serve this way has no such line; take it out",
}
"""What is wrong with an answer, and what would be right."""

SETTING_UP: dict[str, str] = {
    "there": "{path} is there already. Replace it? The old one is kept as {kept}",
    "kept": "nothing was changed",
    "written": "{path} is written",
    "handed": "the token is handed to sync, which enrols this gate",
    "next": "next: `systemctl restart portillon-gate portillon-sync`, then `portillon lane status`",
    "later": "next: `portillon enrol CODE`, or hold the central's code before the camera",
}
"""What `portillon setup` says."""


def every_text() -> Iterator[str]:
    """All that a catalogue translates, but for what the settings mean (`scanner.config`)."""
    yield from (face.word for face in FACES.values())
    yield from MEANINGS.values()
    tables = (FLAGS, CHECKS, VALUES, WORDS, VERDICTS, HEADINGS, SENTENCES)
    for table in (*tables, QUESTIONS, PROBLEMS, SETTING_UP):
        yield from table.values()
    yield from TEXTS.values()
