"""The English texts of faults: of the gate's parts, and of its contacts with the central. Many codes, few sentences.

Law: by the stable codes of docs/troubleshooting.md. A sentence says what it means to whoever stands at the gate; the
code that is shown beside it leads to the rest.

Source: docs/troubleshooting.md; docs/console.md, "Sync" and "Health".
"""

from __future__ import annotations

TROUBLE: dict[str, str] = {
    "forced_passage": "Somebody went through without being let in.",
    "tailgate": "One person more went through than was let in.",
    "sensor_active_at_grant": "Somebody stands in the arm, or its sensor is stuck.",
    "sensor_stuck": "The passage sensor is stuck.",
    "sensor_dead": "The passage sensor reports nothing any more.",
    "lost_edge": "A passage report was lost.",
    "no_report": "The arm reports nothing: the lane is out of order.",
    "fire": "Fire alarm: the lane lets nobody in.",
    "tamper": "The housing is open.",
    "relay_left_on": "At the start a relay was on: the arm was released.",
    "ledger_full": "The disk is full: entries cannot be recorded.",
    "ledger_damaged": "The ledger is damaged and was set aside.",
    "ledger_io": "The disk fails: entries cannot be recorded.",
    "ledger_read_only": "The disk takes nothing any more: entries cannot be recorded.",
    "ledger_busy": "Another program holds the ledger: entries cannot be recorded.",
    "camera_missing": "The camera is missing.",
    "camera_silent": "The camera sends nothing.",
    "replay_missing": "The pictures to replay are missing.",
    "replay_empty": "The pictures to replay are missing.",
    "replay_unreadable": "The pictures to replay cannot be read.",
    "scanner_missing": "A scanner is missing: look at its cable.",
    "scanner_busy": "Another program holds a scanner.",
    "zbar_missing": "The second decoder is missing: bar codes are read by one alone.",
    "line_failed": "A pin does not answer: look at the wires.",
    "lane_memory_unreadable": "The lane's memory cannot be read: closed or out of order may be forgotten.",
    "peers_not_read": "Other lanes' entries cannot be read.",
    "snapshot_unusable": "The snapshot on the disk cannot be used.",
    "snapshot_not_opened": "The newest snapshot cannot be opened; the one before is in use.",
    "snapshot_of_another_site": "The snapshot is another site's.",
    "snapshot_pepper_missing": "The secret for this snapshot is missing: codes cannot be looked up.",
    "gate_not_in_snapshot": "The snapshot does not know this gate.",
}
"""Of the gate's parts; what is not here is shown by its code and the gate's own words."""

_LINE = "The central is not reached: look at the network. The gate goes on."
_CERTIFICATE = "The central's certificate is not accepted."
_PROXY = "Something between here and the central answers in its place: a login page or a proxy."
_BUSY = "The central is busy; it is asked again."
_REFUSES = "The central refuses this gate's request."
_UNREADABLE = "The central's answer cannot be understood: are both of one version?"
_TIME = "The central's word on the time cannot be believed."
_SNAPSHOT_BAD = (
    "The new snapshot was refused: it is not what the central signed. The old one stays."
)
_SNAPSHOT_OLD = "The central offers nothing newer than what is here, or its signatures are over."
_SNAPSHOT_FOREIGN = "The new snapshot is another site's. The old one stays."
_SNAPSHOT_LATER = "The central has not published a snapshot yet."
_SNAPSHOT_ASKS = "A new snapshot lacks much that was there: it waits for a person's yes."
_RECEIPT = "The central's receipt does not fit this ledger: call whoever runs the central."
_LEDGER = "Sync cannot read the gate's ledger."
_DISK = "The disk did not take it: is it full or worn?"
_KEY = "The device key cannot be used: nothing is sent or fetched."
_REVOKED = "The central revoked this gate: it has to be enrolled again."
_QUARANTINED = (
    "The central put this gate aside until a person has looked at it. Facts are still sent."
)
_NOT_ENROLLED = "This device is not enrolled."
_PAPERS = "This device's papers cannot be used: enrol it again."

FAULTS: dict[str, str] = {
    **dict.fromkeys(
        (
            *("central_unreachable", "central_refused", "central_name_unknown"),
            *("central_timeout", "central_cut_off", "central_keeps_losing"),
        ),
        _LINE,
    ),
    **dict.fromkeys(("central_certificate_refused", "central_tls_bad"), _CERTIFICATE),
    **dict.fromkeys(("captive_portal", "central_content_type"), _PROXY),
    **dict.fromkeys(("central_busy", "central_takes_nothing"), _BUSY),
    **dict.fromkeys(("central_refuses", "central_nonce_missing"), _REFUSES),
    **dict.fromkeys(
        (
            *("central_oversize", "central_reply_unreadable", "device_reply_wrong"),
            *("message_too_long", "message_unreadable", "base64_unreadable"),
            *("fact_too_long", "fact_unreadable"),
        ),
        _UNREADABLE,
    ),
    **dict.fromkeys(
        ("central_key_unknown", "time_nonce_wrong", "time_signature_bad", "time_too_slow"), _TIME
    ),
    **dict.fromkeys(
        (
            *("snapshot_damaged", "snapshot_oversize", "snapshot_untrusted", "snapshot_row_wrong"),
            *("snapshot_signature_bad", "snapshot_tally_wrong", "snapshot_file_unreadable"),
            *("snapshot_format_unknown", "base_damaged", "base_not_as_announced"),
            *("base_schema_unknown", "delta_digest_wrong", "delta_not_applied"),
            *("delta_out_of_place", "delta_rows_wrong", "delta_too_long", "delta_unreadable"),
        ),
        _SNAPSHOT_BAD,
    ),
    **dict.fromkeys(("snapshot_rolled_back", "snapshot_expired", "base_not_newer"), _SNAPSHOT_OLD),
    **dict.fromkeys(("snapshot_wrong_site", "base_wrong_site"), _SNAPSHOT_FOREIGN),
    "snapshot_not_published": _SNAPSHOT_LATER,
    "snapshot_shrunk": _SNAPSHOT_ASKS,
    "snapshot_gone_back": "Somebody went back a snapshot; what is newer waits for a yes.",
    **dict.fromkeys(
        (
            *("receipt_ahead", "receipt_differs", "receipt_signature_bad"),
            *("receipt_wrong_ledger", "ledger_not_ours"),
        ),
        _RECEIPT,
    ),
    **dict.fromkeys(("ledger_not_read", "ledger_missing", "ledger_unreadable"), _LEDGER),
    **dict.fromkeys(
        ("disk_has_no_room", "file_not_written", "folder_unusable", "peers_unusable"), _DISK
    ),
    **dict.fromkeys(
        ("device_key_exposed", "device_key_missing", "device_key_unreadable", "device_key_stays"),
        _KEY,
    ),
    "sync_revoked": _REVOKED,
    "sync_quarantined": _QUARANTINED,
    "sync_not_enrolled": _NOT_ENROLLED,
    **dict.fromkeys(
        (
            *("device_unreadable", "root_missing", "root_not_pinned"),
            *("pepper_missing", "central_url_bad"),
        ),
        _PAPERS,
    ),
}
"""Of contacts, and of files that an act of the console changes."""
