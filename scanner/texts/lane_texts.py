"""The English texts of the lane screen, and of what a gate refuses: for people who have a second.

Law: as few words as will do; none says more than docs/decisions.md allows: never payment, ban or contact detail.

Source: docs/console.md, "Lane screen"; docs/decisions.md, "Outcomes and reasons".
"""

from __future__ import annotations

LANE: dict[str, str] = {
    "lane_ready": "READY",
    "lane_ready_hint": "Show your code",
    "lane_closed": "LANE CLOSED",
    "lane_free": "FREE PASSAGE",
    "lane_connecting": "CONNECTING",
    "lane_silent": "NO ANSWER",
    "lane_silent_hint": "The screen tries again each second. Is the gate running?",
    "lane_never": "the start",
    "lane_alarm": "ALARM",
    "lane_given_back": "The arm was not turned: the entry is given back.",
    "lane_look": "{word} (only a look)",
    "no_answer_since": "no answer from the gate since {when}",
    "by_staff_let_in": "Let in by staff.",
    "by_staff_refused": "Refused by staff.",
    "remaining": "{count} entries left",
    "seat": "Seat {seat}",
    "again_in": "Again in {minutes} min",
    "used_at": "Used at {at}, gate {gate}",
    "valid_until": "Valid until {at}",
    "key_accept": "{key}  let in",
    "key_refuse": "{key}  refuse",
    "key_force": "{key}  let in all the same",
}

STAFF: dict[str, str] = {
    "staff_OK": "Good. Walk in.",
    "staff_REENTRY_FREE": "Back again. Walk in.",
    "staff_UNLISTED": "Genuine, sold a short while ago.",
    "staff_GRACE": "The term is over. Please see the desk.",
    "staff_STALE": "The gate's rights are old: look at the network.",
    "staff_CLOCK_UNTRUSTED": "The gate is not certain of the time.",
    "staff_RENEWAL_TOKEN": "Renewed a short while ago.",
    "staff_LAST_ENTRY": "That was the last entry.",
    "staff_ID_CHECK": "Please look at an identity document.",
    "staff_CONCESSION": "Reduced: does it fit the person?",
    "staff_ATTENTION": "The organiser wants this pass noticed.",
    "staff_EXPIRES_SOON": "Ends soon: mention the renewal.",
    "staff_DETAILS_REQUIRED": "The holder's name is missing.",
    "staff_SEAT_CONFLICT": "Somebody else came in on this seat.",
    "staff_PARTY_SIZE": "How many persons?",
    "staff_ALREADY_IN": "Is inside already.",
    "staff_TOO_SOON": "Came in a short while ago.",
    "staff_LIMIT_EVENT": "Used up for this event.",
    "staff_USED": "Was used already.",
    "staff_CODE_REUSED": "This picture was used: show the live code.",
    "staff_UNKNOWN": "This code is not known here.",
    "staff_UNREADABLE": "This is no ticket.",
    "staff_BAD_SIGNATURE": "Not genuine.",
    "staff_UNKNOWN_KEY": "Cannot be verified here.",
    "staff_KEY_REVOKED": "No longer accepted.",
    "staff_CODE_EXPIRED": "An old picture: show the live code.",
    "staff_REVOKED": "Replaced by another card.",
    "staff_BLOCKED": "Stopped. Please see the desk.",
    "staff_WRONG_SITE": "A ticket of another place.",
    "staff_WRONG_ZONE": "Not for this entrance.",
    "staff_WRONG_TYPE": "This ticket is not for this gate.",
    "staff_WRONG_EVENT": "For another event.",
    "staff_EVENT_CANCELLED": "The event was cancelled.",
    "staff_TRANSFERRED": "Was given to somebody else.",
    "staff_RESALE": "Is up for sale.",
    "staff_CANCELLED": "Was cancelled. Please see the desk.",
    "staff_UNPAID": "Not in force. Please see the desk.",
    "staff_SUSPENDED": "Suspended. Please see the desk.",
    "staff_PAUSED": "Paused by the holder.",
    "staff_ENDED": "The subscription is over.",
    "staff_NOT_YET_VALID": "Not valid yet.",
    "staff_EXPIRED": "No longer valid.",
    "staff_OUT_OF_HOURS": "Not at this hour.",
    "staff_BLACKOUT": "Not on this day.",
    "staff_PREREQUISITE_ZONE": "Another entrance comes first.",
    "staff_LIMIT_DAY": "Used up for today.",
    "staff_LIMIT_WEEK": "Used up for this week.",
    "staff_LIMIT_MONTH": "Used up for this month.",
    "staff_LIMIT_YEAR": "Used up for this year.",
    "staff_LIMIT_DAYS": "All days are used up.",
    "staff_LIMIT_TOTAL": "All entries are used up.",
    "staff_STALE_DECLINED": "The gate's rights are too old: call a technician.",
    "staff_LANE_CLOSED": "This lane is closed.",
    "staff_LANE_BUSY": "One moment: somebody is passing.",
    "staff_LANE_FAULT": "The lane is out of order: call a technician.",
    "staff_NOT_RECORDED": "The gate cannot record: call a technician.",
    "staff_EXIT": "Goodbye.",
    "staff_LANE_FREE": "The arm is held open.",
    "staff_PASSAGE_UNKNOWN": "It is not known who went through.",
}
"""Each reason in the fewest words, for people who have a second; docs/decisions.md has the whole sentence."""

SIGNS: dict[str, str] = {
    "sign_simulation": "SIMULATION",
    "sign_closed": "LANE CLOSED",
    "sign_free": "ARM HELD OPEN",
    "block_fire": "FIRE",
    "block_out_of_order": "OUT OF ORDER",
    "sign_camera": "camera {state}",
    "sign_clock": "clock {state}",
    "sign_network_up": "network ok",
    "sign_network_down": "no network since {since}",
    "sign_network_never": "network not tried yet",
    "sign_no_snapshot": "no snapshot",
    "sign_snapshot": "snapshot {age} old",
    "sign_people": "{inside} inside · {entries} came today",
    "camera_none": "not fitted",
    "camera_opening": "is opening",
    "camera_streaming": "sees",
    "camera_stale": "sends nothing",
    "camera_closed": "is closed",
    "camera_back-off": "missing",
    "camera_covered": "covered or in the dark",
    "camera_frozen": "repeats one picture",
    "camera_ended": "has no more pictures",
}

TROUBLE: dict[str, str] = {
    "trouble_forced_passage": "Somebody went through without being let in.",
    "trouble_tailgate": "One person more went through than was let in.",
    "trouble_sensor_active_at_grant": "Somebody stands in the arm, or its sensor is stuck.",
    "trouble_sensor_stuck": "The passage sensor is stuck.",
    "trouble_sensor_dead": "The passage sensor reports nothing any more.",
    "trouble_lost_edge": "A passage report was lost.",
    "trouble_no_report": "The arm reports nothing: the lane is out of order.",
    "trouble_fire": "Fire alarm: the lane lets nobody in.",
    "trouble_tamper": "The housing is open.",
    "trouble_ledger_full": "The disk is full: entries cannot be recorded.",
    "trouble_ledger_damaged": "The ledger is damaged and was set aside.",
    "trouble_ledger_io": "The disk fails: entries cannot be recorded.",
    "trouble_ledger_read_only": "The disk takes nothing any more: entries cannot be recorded.",
    "trouble_camera_missing": "The camera is missing.",
    "trouble_camera_silent": "The camera sends nothing.",
    "trouble_line_failed": "A pin does not answer: look at the wires.",
    "trouble_peers_not_read": "Other lanes' entries cannot be read.",
    "trouble_snapshot_unusable": "The snapshot on the disk cannot be used.",
    "trouble_snapshot_not_opened": (
        "The newest snapshot cannot be opened; the one before is in use."
    ),
}
"""By codes of docs/troubleshooting.md; what is not here is shown by its code and the gate's own words."""

REFUSALS: dict[str, str] = {
    "refused_gate_silent": (
        "The gate did not answer; it is not known whether it did it. Look before you ask again."
    ),
    "refused_operator_pin_wrong": "No such name with this PIN. Nothing was done.",
    "refused_operator_must_wait": "Too many wrong PINs. Wait five minutes, or ask somebody else.",
    "refused_operator_not_technician": "This takes a technician's PIN. Nothing was done.",
    "refused_control_busy": "The gate is busy. Ask again in a moment.",
    "refused_control_no_answer": "The lane did not answer in time.",
    "refused_control_too_often": "Asked too often. Wait a second.",
    "refused_control_closing": "The gate is ending.",
    "refused_control_unknown_command": (
        "This gate cannot do that: it is older than this console, or has no such part."
    ),
    "refused_answer_not_asked": "There is nothing to answer any more.",
    "refused_answer_needs_supervisor": "Only a supervisor lets somebody in against the gate.",
    "refused_answer_not_forceable": "The lane itself is in the way: mend that first.",
    "refused_answer_lane_not_ready": "The lane cannot let anybody in now.",
    "refused_answer_of_a_look": "That was only a look; there is nothing to open.",
    "refused_answer_not_refused": "It was not refused; there is nothing to force.",
    "refused_answer_not_recorded": "The disk did not take it; the arm stays shut.",
    "refused_pulse_lane_not_idle": (
        "Somebody may be between, or the lane is blocked or held open. The arm was not tried."
    ),
    "refused_lane_way_unknown": "This lane has no such way.",
    "refused_release_without_reason": "Say in a few words why; it is recorded.",
    "refused_no_base_before": "There is no snapshot before this one.",
    "refused_cache_in_use": "Somebody else works on the snapshots now. Try again.",
    "refused_ledger_row_missing": "There is no such row.",
    "refused_ledger_row_no_decision": "This row is no decision.",
    "refused_wipe_not_sent": (
        "Not everything was sent to the central yet; a wiped gate could never send it."
    ),
    "refused_control_aside_slow": "The question before this one takes long. Ask again in a moment.",
}
"""By the code of the gate's refusal."""
