"""The snapshot's format: the tables of a base file, one definition for the central that writes and the gate that reads.

Law: a base is one SQLite file; once it is named current only deltas change it. Its schema text is compared before use.
It holds keyed hashes, never codes; rights, never people. Booleans are 0/1, instants are ms, names are stored as text,
sets of numbers as ``,``-separated text (NULL = all), small structures as JSON with sorted keys.

Source: docs/sync-protocol.md, "Snapshot".
"""

from __future__ import annotations

FORMAT = 1

PART_BYTES = 4 * 1024 * 1024
"""A compressed base travels in parts of this size, so that a dropped line resumes at the part."""

TABLES: dict[str, str] = {
    # format, site, snapshot_seq, created_at ...: see META_KEYS
    "meta": "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "credential": (
        "CREATE TABLE credential (key BLOB NOT NULL, grant_no INTEGER NOT NULL,"
        " PRIMARY KEY (key, grant_no)) WITHOUT ROWID"
    ),
    # only for grants that have, or had, more than one credential: an old card's unlisted entries
    # must count for the new card
    "grant_credential": (
        "CREATE TABLE grant_credential (grant_no INTEGER NOT NULL, key BLOB NOT NULL,"
        " PRIMARY KEY (grant_no, key)) WITHOUT ROWID"
    ),
    "access_grant": (
        "CREATE TABLE access_grant (grant_no INTEGER PRIMARY KEY, rule_no INTEGER NOT NULL,"
        " type_no INTEGER NOT NULL, scope_no INTEGER, zones TEXT, valid_from INTEGER,"
        " valid_until INTEGER, first_scan TEXT, is_denied INTEGER NOT NULL, deny_reason TEXT,"
        " grace_until INTEGER, seat TEXT, flags TEXT, version INTEGER NOT NULL)"
    ),
    "grant_event": (
        "CREATE TABLE grant_event (grant_no INTEGER NOT NULL, event_no INTEGER NOT NULL,"
        " seat TEXT, deny_reason TEXT, flags TEXT, version INTEGER NOT NULL,"
        " PRIMARY KEY (grant_no, event_no)) WITHOUT ROWID"
    ),
    # counts of the facts at or below the vector; only where movements exist (see TallyRow)
    "tally": (
        "CREATE TABLE tally (grant_no INTEGER NOT NULL, zone_no INTEGER NOT NULL,"
        " counts TEXT NOT NULL, PRIMARY KEY (grant_no, zone_no)) WITHOUT ROWID"
    ),
    # the same for accepted facts without a grant (unlisted entries), by key
    "key_tally": (
        "CREATE TABLE key_tally (key BLOB NOT NULL, zone_no INTEGER NOT NULL,"
        " counts TEXT NOT NULL, PRIMARY KEY (key, zone_no)) WITHOUT ROWID"
    ),
    "scope": "CREATE TABLE scope (scope_no INTEGER PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL)",
    "scope_event": (
        "CREATE TABLE scope_event (scope_no INTEGER NOT NULL, event_no INTEGER NOT NULL,"
        " PRIMARY KEY (scope_no, event_no)) WITHOUT ROWID"
    ),
    "event": (
        "CREATE TABLE event (event_no INTEGER PRIMARY KEY, name TEXT NOT NULL, starts_at INTEGER NOT NULL,"
        " ends_at INTEGER NOT NULL, doors_from INTEGER NOT NULL, doors_until INTEGER NOT NULL,"
        " zones TEXT, status TEXT NOT NULL, version INTEGER NOT NULL)"
    ),
    # seats entered at events whose doors are not yet over: (event, seat) → who
    "seat_entry": (
        "CREATE TABLE seat_entry (event_no INTEGER NOT NULL, seat TEXT NOT NULL, grant_no INTEGER,"
        " key BLOB, PRIMARY KEY (event_no, seat, grant_no, key))"
    ),
    # the ScanRule under the field names of scanner.core.rules, as JSON
    "rule": "CREATE TABLE rule (rule_no INTEGER PRIMARY KEY, body TEXT NOT NULL, version INTEGER NOT NULL)",
    "type": (
        "CREATE TABLE type (type_no INTEGER PRIMARY KEY, rule_no INTEGER NOT NULL, name TEXT NOT NULL,"
        " zones TEXT, scope_no INTEGER, version INTEGER NOT NULL)"
    ),
    "zone": "CREATE TABLE zone (zone_no INTEGER PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL)",
    "gate": (
        "CREATE TABLE gate (gate_no INTEGER PRIMARY KEY, name TEXT NOT NULL, zone_no INTEGER NOT NULL,"
        " direction TEXT, types TEXT, version INTEGER NOT NULL)"
    ),
    "operator": (
        "CREATE TABLE operator (name TEXT PRIMARY KEY, role TEXT NOT NULL, pin_scrypt TEXT NOT NULL,"
        " version INTEGER NOT NULL) WITHOUT ROWID"
    ),
    # first 8 bytes of revoked credential keys
    "revoked": "CREATE TABLE revoked (prefix BLOB PRIMARY KEY) WITHOUT ROWID",
    "ticket_key": (
        "CREATE TABLE ticket_key (kid BLOB PRIMARY KEY, public BLOB NOT NULL, state TEXT NOT NULL,"
        " site TEXT NOT NULL, types TEXT, version INTEGER NOT NULL) WITHOUT ROWID"
    ),
    # site policy under the field names of scanner.core.rules.SitePolicy (calendar = zone, day_cutoff)
    "config": "CREATE TABLE config (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # facts at or below (device, epoch, seq) are in tally; seqs above are not
    "vector": (
        "CREATE TABLE vector (device TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL,"
        " PRIMARY KEY (device, epoch)) WITHOUT ROWID"
    ),
    # clock corrections the central knows, for facts above the vector
    "clock_offset": (
        "CREATE TABLE clock_offset (device TEXT NOT NULL, boot TEXT NOT NULL, offset_ms INTEGER NOT NULL,"
        " PRIMARY KEY (device, boot)) WITHOUT ROWID"
    ),
}

INDEXES: dict[str, str] = {}

META_KEYS = ("format", "site", "snapshot_seq", "created_at", "pepper_id", "grants")
"""Every base has these names in ``meta``."""

META_KEYS_NEWER = ("digest",)
"""What a base may also say: without a digest it takes no deltas."""

REVOKED_PREFIX_BYTES = 8


def schema_sql() -> tuple[str, ...]:
    """The statements that make an empty base, in order."""
    return (*TABLES.values(), *INDEXES.values())
