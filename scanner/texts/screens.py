"""The English texts of the screens, each the key of its translations.

Law: every word that a screen shows by itself stands here or in the tables of `scanner.texts.english`; a screen holds
none. Formats of numbers and dates are texts too: what differs between languages stands in the catalogue.

Source: docs/console.md.
"""

from __future__ import annotations

from scanner.texts.fault_texts import FAULTS, TROUBLE
from scanner.texts.health_texts import HINTS, NAMES, SAYS
from scanner.texts.lane_texts import LANE, REFUSALS, SIGNS, STAFF
from scanner.texts.setup_texts import SETUP_TEXTS

FORMATS: dict[str, str] = {
    "format_number": "1,234.5",
    "format_date_time": "%Y-%m-%d %H:%M:%S",
    "format_time": "%H:%M:%S",
    "format_date": "%Y-%m-%d",
    "length_s": "{s} s",
    "length_min": "{m} min",
    "length_h": "{h} h {m} min",
    "length_d": "{d} d {h} h",
}
"""``format_number``: how 1234.5 is written; ``format_…``: as strftime takes them."""

TABS: dict[str, str] = {
    "tab_lane": "Lane",
    "tab_scans": "Scans",
    "tab_sync": "Sync",
    "tab_hardware": "Hardware",
    "tab_health": "Health",
    "tab_settings": "Settings",
    "tab_log": "Log",
    "key_help": "Help",
    "key_palette": "Commands",
    "key_language": "Language",
    "key_quit": "Quit",
    "key_back": "Back",
    "key_search": "Search",
    "key_outcome": "Outcome",
    "key_explain": "Why?",
    "key_older": "Older",
    "key_level": "Warnings only",
    "key_release": "Release arm",
    "key_lamps": "Try lamps",
    "key_pulse": "Test pulse",
    "key_choose": "Choose",
    "key_scroll": "Up and down",
    "key_yes": "Do it",
    "key_answer": "Answer",
    "size_units": "B kB MB GB TB",
    "name_enter": "Enter",
    "name_escape": "Esc",
    "level_info": "INFO",
    "level_warning": "WARNING",
    "level_error": "ERROR",
    "level_critical": "CRITICAL",
    "level_debug": "DEBUG",
    "unknown": "not known",
    "loading": "asking the gate …",
    "search_hint": "reason, seat, right or key",
    "seek_hint": "what to look for",
    "palette_hint": "what do you want to do?",
    "palette_none": "nothing of that name",
}

SCANS: dict[str, str] = {
    "scans_all": "all",
    "scans_caption": "scans: {count} · outcome: {filter} · search: {seek}",
    "scans_more": " · more below",
    "scans_none": "No scans.",
    "scan_look": "only a look",
    "scan_persons": "{count} persons",
    "scan_staff_accept": "staff: let in",
    "scan_staff_refuse": "staff: refused",
    "scan_staff_force": "staff: let in all the same",
    "scan_staff_release": "released by staff",
    "scan_passed": "went through",
    "scan_not_passed": "given back",
    "scan_unknown": "passage not known",
    "scan_pending": "under way",
    "scan_not_watched": "not watched",
    "explain_title": "Why was it decided so?",
}

SYNC: dict[str, str] = {
    "sync_snapshot": "Snapshot",
    "sync_age": "Age",
    "sync_seq": "Number",
    "sync_waits": "Waits for a yes",
    "sync_central": "Central",
    "sync_line": "Line",
    "sync_last_at": "Last contact",
    "sync_last_ok_at": "Last good contact",
    "sync_fault": "Fault",
    "sync_push": "Push",
    "push_connected": "connected since {since}",
    "push_polling": "polling since {since} [{code}]",
    "push_silent": "nothing heard since {heard}: is sync running?",
    "push_unknown": "not known: sync does not run, or has not been in contact",
    "sync_push_heard": "Sign of life",
    "sync_push_told": "Last message",
    "push_no_message": "none yet",
    "sync_facts": "Facts to the central",
    "sync_backlog": "Not sent",
    "sync_backlog_count": "{count}",
    "sync_receipts": "Receipts",
    "sync_receipts_of": "{have} of {head} facts",
    "sync_plot": "Not sent, over time",
    "sync_peers": "Other lanes",
    "sync_peers_none": "nothing heard of other lanes",
    "sync_peer": "{count} facts, the newest of {at}",
}

HARDWARE: dict[str, str] = {
    "hardware_arm": "Arm and contacts",
    "hardware_backend": "Driven by",
    "hardware_simulated": "SIMULATION: no arm turns",
    "hardware_relay": "Relay {way}",
    "hardware_sensor": "Sensor {way}",
    "hardware_camera": "Camera",
    "hardware_sharpness": "Sharpness",
    "hardware_exposure": "Light",
    "hardware_code": "Code",
    "hardware_reads": "Camera: last reads, by their shape",
    "hardware_scanners": "Scanners: last lines, by their shape",
    "scanner_ready": "ready",
    "scanner_opening": "is opening",
    "scanner_back-off": "not there",
    "scanner_closed": "line closed",
    "scanner_counts": "{codes} codes, {fragments} cut short, {unframed} without what was set",
    "scanner_no_line": "nothing came yet",
    "scanner_prefix": "prefix",
    "scanner_no_prefix": "NO PREFIX",
    "scanner_suffix": "suffix",
    "scanner_no_suffix": "NO SUFFIX",
    "scanner_no_aim": "NO AIM",
    "scanner_no_end": "no end yet",
    "way_in": "in",
    "way_out": "out",
    "input_fire": "Fire contact",
    "input_tamper": "Housing contact",
    "level_on": "on",
    "level_off": "off",
    "level_active": "ACTIVE",
    "level_rests": "at rest",
    "not_wired": "not wired",
    "sharp": "sharp",
    "blurred": "blurred: turn the lens or move the camera",
    "well_lit": "good",
    "too_dark": "too dark",
    "too_bright": "too bright",
    "no_code": "none in sight",
    "no_reads": "nothing was read yet",
    "no_picture": "no picture",
}

HEALTH: dict[str, str] = {
    "health_now": "What is wrong now",
    "health_no_doubt": "nothing",
    "health_doctor": "Doctor, at {at}",
    "health_doctor_looks": "Doctor",
    "health_doctor_first": "is looking …",
    "health_machine": "Machine",
    "health_temperature": "Temperature",
    "health_disk": "Disk",
    "health_disk_of": "{free} free of {all}",
    "health_memory": "Memory of the gate",
    "health_load": "Load",
    "health_up": "Running for",
    "health_since_start": "Reads since the gate started",
    "health_plots": "Over time",
    "not_measured": "not measured on this machine",
    "reads_all": "All",
    "reads_same_presentation": "The same code again",
    "reads_not_read": "Not certain enough",
    "reads_not_recorded": "NOT RECORDED",
    "plot_temperature": "Temperature",
    "plot_disk_free": "Disk free",
    "plot_backlog": "Facts not sent",
}

SETTINGS: dict[str, str] = {
    "source_default": "as shipped",
    "source_file": "from the file",
    "source_central": "from the central",
    "kind_text": "text",
    "kind_whole number": "whole number",
    "kind_number": "number",
    "kind_list of text": "list of texts",
    "kind_list of whole numbers": "list of whole numbers",
    "kind_true | false": "true | false",
    "kind_range": "{kind} from {low} to {high}",
    "setting_limits": "({kind}; as shipped {default})",
    "settings_caption": "settings: {count} · ● not as shipped: {changed} · search: {seek}",
    "log_caption": "lines: {count} · {level} · search: {seek}",
    "log_all": "all",
    "log_warning": "warnings and worse",
    "settings_none": "No setting of that name.",
    "site_calendar": "Time zone of the site.",
    "site_clock_policy": "What to do when the time is not certain.",
    "site_soft_age_s": "Age of the snapshot, in seconds, from which a note is shown.",
    "site_hard_age_s": "Age of the snapshot, in seconds, from which `hard_age_policy` decides.",
    "site_hard_age_policy": "What to do when the snapshot is older than that.",
    "site_grace_outcome": "What staff see during the days of grace.",
    "site_debounce_s": "Seconds for which the same code is the same presentation.",
    "site_expires_soon_days": "Days before the end from which a note is shown.",
}

ACTS: dict[str, str] = {
    "act_tab": "Show: {tab}",
    "act_free": "Hold the arm open (free mode)",
    "act_closed": "Close the lane",
    "act_normal": "Open the lane (normal mode)",
    "act_release": "Release the arm for one person",
    "act_pulse": "Test pulse: try the arm",
    "act_way": "{act} ({way})",
    "act_lamps": "Try lamps and buzzer",
    "act_roll_back": "Go back to the snapshot before",
    "act_wipe": "Wipe this gate",
    "act_accept": "Let in: answer the last scan",
    "act_refuse": "Refuse: answer the last scan",
    "act_force": "Let in all the same (supervisor)",
    "act_language": "Language: {language}",
    "act_help": "Help",
    "act_quit": "Leave the console",
    "ask_free": (
        "The arm stays open and everybody can walk through until the lane is set back to normal."
    ),
    "ask_closed": "Nobody is let in until the lane is opened again. Exits stay open.",
    "ask_normal": "The lane decides again by itself.",
    "ask_release": "The arm opens once, for one person, without a ticket. Look who stands there.",
    "ask_pulse": (
        "The relay pulses once and the arm can be turned, while nobody is between. It is nobody's entry and "
        "is counted nowhere."
    ),
    "ask_lamps": (
        "Green, amber and red light up and the buzzer sounds. People may take it for an answer."
    ),
    "ask_roll_back": (
        "The gate works with the older snapshot; what is newer waits until somebody says yes."
    ),
    "ask_wipe": (
        "Rights and the secrets that codes are recognised by are erased; recorded facts stay. The gate"
        " admits nobody until it is enrolled again."
    ),
    "ask_accept": "The gate asked; you let the person in.",
    "ask_refuse": "The gate asked; you refuse.",
    "ask_force": "You let the person in against the gate's answer. Both are recorded.",
    "ask_recorded": "It is recorded with your name.",
    "ask_name": "Your name",
    "ask_pin": "PIN",
    "ask_why": "Why, in a few words",
    "ask_incomplete": "Every field is needed.",
    "ask_waiting": "waiting for the gate …",
    "done": "Done: {act}",
}

HELP: dict[str, str] = {
    "help_title": "Help",
    "help_keys": "Keys on this screen",
    "help_lane": (
        "The answer to each scan, as gate staff see it. Colour, sign and word say the same three times: green"
        " ✔ or ★ walks in, amber ? waits for you, orange ↻ was used already, red ✖ stays out, blue → goes "
        "out. At the foot stand the signs of trouble."
    ),
    "help_scans": (
        "Every scan that the ledger holds, newest first. Enter says in plain words why one was decided as it "
        "was: each check with the values it used."
    ),
    "help_sync": (
        "How old the rights are, whether the central is reached, and how much it has not receipted yet. "
        "Nothing is lost while the line is down."
    ),
    "help_hardware": (
        "Levels of relay and contacts as they are now, what wired scanners send, and the camera's picture: "
        "turn it until the yellow outline sits on the code and both bars are long enough."
    ),
    "help_health": (
        "What is wrong now, by the codes of the handbook; what the doctor finds, with what to do; and the "
        "machine's figures over time. Looking changes nothing and keeps nobody waiting."
    ),
    "help_settings": (
        "Every setting with its value and where it comes from. A setting is changed in the installer's file, "
        "a site's at the central."
    ),
    "help_log": "The gate's newest log lines. Older ones: journalctl -u portillon-gate.",
    "help_palette": "Type a part of what you want; Enter does it.",
    "help_prompt": (
        "What you are about to do is told above. Name and PIN prove who you are; Escape leaves everything as "
        "it is."
    ),
    "help_explain": (
        "The checks in their order; the last line with a sign of its own is the one that decided."
    ),
}

TEXTS: dict[str, str] = (
    FORMATS
    | LANE
    | STAFF
    | SIGNS
    | REFUSALS
    | TABS
    | SCANS
    | SYNC
    | HARDWARE
    | HEALTH
    | SETTINGS
    | ACTS
    | HELP
    | NAMES
    | SETUP_TEXTS
    | {f"trouble_{code}": text for code, text in TROUBLE.items()}
    | {f"fault_{code}": text for code, text in FAULTS.items()}
    | {f"says_{name}": text for name, text in SAYS.items()}
    | {f"hint_{name}": text for name, text in HINTS.items()}
)
