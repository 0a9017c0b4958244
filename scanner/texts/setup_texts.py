"""The English texts of the set-up wizard, each the key of its translations.

Law: what is done to the arm is told before it is asked; a step says what it sees in plain words.

Source: docs/console.md, "Set-up".
"""

from __future__ import annotations

SETUP: dict[str, str] = {
    "setup_title": "Set-up of this gate",
    "setup_step_network": "Network",
    "setup_step_enrolment": "Enrolment",
    "setup_step_direction": "Direction",
    "setup_step_relay": "Relay test",
    "setup_step_sensor": "Sensor test",
    "setup_step_camera": "Camera aim",
    "setup_step_scan": "First scan",
    "setup_state_open": "open",
    "setup_state_done": "done",
    "setup_state_doubt": "look at it",
    "setup_state_passed_over": "passed over",
    "setup_not_in_service": "The lane is not in service: the arm stays locked.",
    "setup_simulated": "SIMULATION: no arm turns",
    "setup_no_bench": "The set-up cannot work",
    "setup_bench_gone": "The bench has ended; the arm was locked. Leave, and begin again.",
    "setup_not_allowed": (
        "This account may not write the configuration. Log in and say: sudo portillon-console --setup"
    ),
    "setup_error": "Fault",
    "setup_hint": "What to do",
    "setup_waits": "asking …",
    "setup_done": "Written.",
}

PAGES: dict[str, str] = {
    "setup_told_network": (
        "A gate works without a network; enrolment and fresh rights need one. What this box sees now:"
    ),
    "setup_told_enrolment": (
        "At the central: portillon-central device add --gate NAME shows a code. Hold it before the camera, "
        "or type it (E). It is good once, for 15 minutes."
    ),
    "setup_told_enrolled": (
        "This box is a gate of this site. To make it another's, revoke the device at the central first."
    ),
    "setup_told_direction": "Which way does this lane serve, and which lines go to its arm?",
    "setup_told_relay": (
        "P asks for one pulse: the arm opens once, for one person. Look whether it does, and whether it is "
        "locked again after. Then say so: Y or X."
    ),
    "setup_told_sensor": "Turn the arm by hand, each way that is watched. Each turn must count once.",
    "setup_told_camera": (
        "Hold any printed code where visitors will. Turn and focus the camera until the yellow outline sits on "
        "it and both bars are good."
    ),
    "setup_told_scan": (
        "G puts the lane into service: from then on it decides, records and opens by itself. Then show a valid "
        "ticket, and walk through."
    ),
    "setup_told_scan_waits": "The lane goes into service. Waiting for the gate to start …",
    "setup_told_scan_ready": "The lane is in service. Show a valid ticket, and walk through.",
    "setup_told_finished": "The first scan was answered. This gate is set up. Q leaves.",
    "setup_told_taken": (
        "The lane is in service, so nothing here moves its arm. The console's Hardware tab tries it with a PIN; "
        "to set up anew: systemctl stop portillon-gate."
    ),
    "setup_told_missing": "Not yet: {steps} must be done first.",
    "setup_address_none": "no address",
    "setup_link_down": "no cable, or switched off",
    "setup_clock": "Clock",
    "setup_clock_synchronised": "kept by a time source",
    "setup_clock_unsynchronised": "not certain yet: the central will tell the time",
    "setup_clock_denied": "not told by this system",
    "setup_central": "Central",
    "setup_central_ok": "{url} answers",
    "setup_central_none": "none is named; the enrolment code says it",
    "setup_site": "Site",
    "setup_gate_no": "Gate",
    "setup_snapshot": "Snapshot",
    "setup_snapshot_none": "none yet: R fetches it",
    "setup_not_enrolled": "not enrolled yet",
    "setup_enrolling": "a code was read: asking the central …",
    "setup_fetching": "fetching the first snapshot …",
    "setup_sync_at_work": "sync is at work and fetches it",
    "setup_pulses": "Pulses {way}",
    "setup_turns": "Turns {way}",
    "setup_word_good": "you said that it opens and locks",
    "setup_word_bad": "you said that it does not",
    "setup_word_changed": "the wires were changed since: try again",
    "setup_not_fitted": "none is fitted: nothing to try",
    "setup_no_ways": "first say which lines go to the arm (Direction)",
    "setup_sensor_at_rest": "reads ACTIVE at rest? Then it is the other kind of contact: C",
    "setup_sensor_good": "every sensor reported and rests again",
    "setup_camera_good": "a code was read, sharp and well lit",
    "setup_answer": "The gate's answer",
    "setup_no_scan": "no scan yet",
    "setup_gate_silent": "the gate does not answer yet: systemctl start portillon-gate portillon-sync",
}

FIELDS: dict[str, str] = {
    "field_central": "Address of the central, such as https://central.example",
    "field_camera": "Camera: a path below /dev/, or none",
    "field_token": "Code or token, not shown",
    "field_site": "Name of the site or lane",
    "field_direction": "Way: in, out or both",
    "field_relay_in": "Relay, way in",
    "field_sensor_in": "Sensor, way in (empty: none)",
    "field_relay_out": "Relay, way out",
    "field_sensor_out": "Sensor, way out (empty: none)",
}

KEYS: dict[str, str] = {
    "key_next": "Next",
    "key_before": "Back",
    "key_pass_over": "Pass over",
    "key_edit": "Edit",
    "key_again": "Try again",
    "key_pulse_one": "One pulse",
    "key_opened": "It works",
    "key_not_opened": "It does not",
    "key_other_level": "Other level",
    "key_other_contact": "Other contact",
    "key_turn": "Turn (simulated)",
    "key_go": "Into service",
    "key_take": "Take over",
    "key_out": "Out of the fields",
}

PROMPTS: dict[str, str] = {
    "sure_pulse": "Open the arm once, {way}?",
    "sure_pulse_told": (
        "The relay is on for a moment and the arm opens for one person. Is nobody leaning on it, and no hand in it?"
    ),
    "sure_pulse_yes": "Open it once",
    "sure_level": "Let relays switch on at the other level?",
    "sure_level_told": (
        "For boards that switch on at 0 V: the arm stood open and was locked by the pulse. The lines are set "
        "anew at once."
    ),
    "sure_level_yes": "Change it",
    "sure_go": "Put this lane into service?",
    "sure_go_told": "From now on the gate decides by itself who is let in. The tests of the arm end here.",
    "sure_go_yes": "Into service",
    "sure_leave": "Leave the set-up?",
    "sure_leave_told": (
        "The arm stays locked and the lane out of service until the set-up is finished: portillon-console --setup "
        "goes on where you are."
    ),
    "sure_leave_in_service": "The lane is in service and stays so.",
    "sure_leave_yes": "Leave",
}

SETUP_HELP: dict[str, str] = {
    "help_setup_network": (
        "Interfaces of this box with their addresses, whether the central answers, and whether the clock is kept. "
        "A lane that works by stick passes this over."
    ),
    "help_setup_enrolment": (
        "The central's code makes this box a gate of its site. It names the central and the key that everything "
        "later is verified by. A used or old code is refused: make a new one there."
    ),
    "help_setup_direction": (
        "Names of lines as in the handbook's page on hardware, such as GPIO17. Each line has one purpose; nothing is "
        "guessed."
    ),
    "help_setup_relay": (
        "The only place where the arm moves without a ticket and without a PIN: nobody is known before the first "
        "snapshot. So it takes this machine's root or the gate's account, and a lane that is not in service."
    ),
    "help_setup_sensor": (
        "The level as it is, and how often it was turned. A sensor that counts nothing is on another line or not "
        "wired; one that is active at rest is the other kind of contact."
    ),
    "help_setup_camera": (
        "The picture as the gate sees it. Good light from the side, no lamp mirrored in the screen of a phone, and "
        "the code as large as a hand."
    ),
    "help_setup_scan": (
        "The gate itself answers here. If it refuses, its reason is told; the console says why (Scans, Enter)."
    ),
}

WRONG: dict[str, str] = {
    "wrong_enrolment_text_bad": "This is no enrolment code. Let the central make one.",
    "wrong_enrolment_token": "The code was used already, or is older than 15 minutes. Make a new one.",
    "wrong_enrolment_url_missing": "A token alone does not say where the central is: type its address first.",
    "wrong_central_url_bad": "This is no address of a central.",
    "wrong_root_not_pinned": "Another central answered than the code is of. Nothing was taken over.",
    "wrong_already_enrolled": "This box is a gate already.",
    "refused_pulse_too_soon": "The arm has just moved. Wait a moment.",
    "refused_word_without_pulse": "First ask for a pulse of each way, and look at the arm.",
    "refused_setup_in_service": "The lane is in service, or another program holds it.",
    "refused_setup_incomplete": "Something is still missing: enrolment and direction must be done.",
    "wrong_line_busy": "Another program holds this line.",
    "wrong_line_unknown": "This machine has no line of that name.",
    "wrong_no_gpio_chip": "This machine has no pins.",
    "wrong_central_refused": (
        "Nobody listens at this address. Look at address and port, and whether the central runs."
    ),
    "wrong_central_unreachable": "There is no way to this address. Look at the cable and the network.",
    "wrong_central_timeout": "The central did not answer in time. Look at the network.",
    "wrong_central_name_unknown": "Nobody knows this name. Look at the address and at the name server.",
    "wrong_central_tls_bad": "The central cannot prove who it is: its certificate is not trusted here.",
    "wrong_captive_portal": "Something between here and the central answered with a page of its own.",
    "wrong_central_reply_unreadable": "Whoever answered there is no central.",
    "wrong_line_used_twice": "A line has two purposes. Give each one its own.",
    "wrong_sync_already_running": "Sync is at work and fetches the snapshot by itself.",
    "wrong_errand_slow": "It took too long. Look at the network.",
    "wrong_errand_failed": "It could not be done.",
}

SETUP_TEXTS: dict[str, str] = SETUP | PAGES | FIELDS | KEYS | PROMPTS | SETUP_HELP | WRONG
