"""One contact, event by event."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest

from sync.session import (
    BATCHES_BEFORE_SNAPSHOT,
    EXCHANGES_MOST,
    FALL_BACKS_MOST,
    DeviceAnswered,
    Erased,
    Event,
    Failed,
    Fault,
    NothingRecorded,
    ProtocolMisuseError,
    Receipted,
    Session,
    SnapshotVerified,
    Step,
    TimeAnswered,
    advance,
)

DEAD_LINE = Fault("central_refused", "nobody listens", is_line=True)
REFUSED = Fault("snapshot_expired", "too old")
BUSY = Fault("central_busy", "later", retry_after_s=30)


def after(*events: Event, start: Session | None = None) -> Session:
    return reduce(advance, events, start or Session())


def exchanging(**changes: object) -> Session:
    return Session(step=Step.EXCHANGE, is_snapshot_due=False, **changes)  # type: ignore[arg-type]


def test_the_very_first_snapshot_goes_before_all() -> None:
    session = after(TimeAnswered(), DeviceAnswered())
    assert session.step is Step.SNAPSHOT

    assert after(SnapshotVerified(7), start=session).step is Step.EXCHANGE
    assert after(Failed(REFUSED), start=session).step is Step.EXCHANGE


def test_a_contact_asks_time_then_device_then_exchanges_then_fetches_and_ends() -> None:
    events: list[Event] = [
        TimeAnswered(),
        DeviceAnswered(),
        Receipted(have=3, held=3, sent=4),
        SnapshotVerified(7),
    ]

    steps = [after(*events[:n], start=Session(snapshot_seq=6)).step for n in range(5)]

    assert steps == [Step.TIME, Step.DEVICE, Step.EXCHANGE, Step.SNAPSHOT, Step.END]


def test_batches_go_on_until_the_central_holds_all_rows() -> None:
    session = after(Receipted(have=500, held=1_200, sent=4), start=exchanging())
    assert (session.step, session.have) == (Step.EXCHANGE, 500)

    session = after(
        Receipted(have=1_000, held=1_200, sent=4),
        Receipted(have=1_200, held=1_200, sent=4),
        start=session,
    )
    assert (session.step, session.have, session.faults) == (Step.END, 1_200, ())


def test_an_empty_exchange_shows_a_restored_central_and_the_rows_go_again() -> None:
    session = after(Receipted(have=400, held=1_000, sent=4), start=exchanging(have=1_000))

    assert (session.step, session.have, session.faults) == (Step.EXCHANGE, 400, ())


def test_a_replay_that_is_already_held_moves_on_at_once() -> None:
    session = after(Receipted(have=900, held=900, sent=4), start=exchanging(have=400))

    assert (session.step, session.have) == (Step.END, 900)


def test_a_batch_that_does_not_join_is_answered_by_a_lower_have() -> None:
    session = after(Receipted(have=300, held=900, sent=4), start=exchanging(have=700))

    assert (session.step, session.have, session.faults) == (Step.EXCHANGE, 300, ())


def test_two_centrals_behind_one_address_do_not_hold_a_gate_for_ever() -> None:
    session = exchanging(have=9)
    for have in (0, 8) * (FALL_BACKS_MOST + 1):
        if session.step is Step.EXCHANGE:
            session = after(Receipted(have=have, held=9, sent=4), start=session)

    assert session.step is Step.END
    assert [fault.code for fault in session.faults] == ["central_keeps_losing"]


def test_a_central_that_takes_nothing_ends_the_exchange_but_not_the_snapshot() -> None:
    session = after(Receipted(have=5, held=9, snapshot_seq=4, sent=4), start=exchanging(have=5))

    assert session.step is Step.SNAPSHOT
    assert [fault.code for fault in session.faults] == ["central_takes_nothing"]


def test_an_entry_recorded_while_nothing_was_sent_goes_up_in_the_same_contact() -> None:
    session = after(Receipted(have=5, held=6, sent=0), start=exchanging(have=5))

    assert session.step is Step.EXCHANGE
    assert session.faults == ()


def test_more_peers_facts_are_fetched_while_they_come() -> None:
    session = after(
        Receipted(have=5, held=5, facts=500, more=True, sent=4), start=exchanging(have=5)
    )
    assert session.step is Step.EXCHANGE

    session = after(Receipted(have=5, held=5, facts=0, more=True, sent=4), start=session)
    assert [fault.code for fault in session.faults] == ["central_takes_nothing"]


def test_a_peer_that_always_has_more_does_not_hold_a_gate_for_ever() -> None:
    session = exchanging(exchanges=EXCHANGES_MOST - 1)

    assert (
        after(Receipted(have=0, held=0, facts=1, more=True, sent=4), start=session).step is Step.END
    )


def test_a_waiting_snapshot_goes_before_a_long_backlog() -> None:
    session = exchanging()
    for batch in range(1, BATCHES_BEFORE_SNAPSHOT + 1):
        session = after(
            Receipted(have=batch * 500, held=9_000_000, snapshot_seq=8, sent=4), start=session
        )
    assert session.step is Step.SNAPSHOT

    assert after(SnapshotVerified(8), start=session).step is Step.EXCHANGE
    assert after(Failed(REFUSED), start=session).step is Step.EXCHANGE


def test_a_snapshot_that_is_not_newer_is_not_fetched() -> None:
    session = exchanging(snapshot_seq=8)

    assert after(Receipted(have=0, held=0, snapshot_seq=8, sent=4), start=session).step is Step.END
    assert (
        after(Receipted(have=0, held=0, snapshot_seq=9, sent=4), start=session).step
        is Step.SNAPSHOT
    )


def test_a_snapshot_that_was_promised_and_is_not_there_yet_is_looked_for_once() -> None:
    session = after(
        Receipted(have=0, held=0, snapshot_seq=9, sent=4),
        SnapshotVerified(8),
        start=exchanging(snapshot_seq=8),
    )

    assert session.step is Step.END


def test_without_a_ledger_only_the_snapshot_is_fetched() -> None:
    session = after(NothingRecorded(), start=Session(step=Step.EXCHANGE))

    assert session.step is Step.SNAPSHOT


def test_time_that_proves_nothing_is_noted_and_the_contact_goes_on() -> None:
    session = after(TimeAnswered(Fault("central_key_unknown", "rotated")))

    assert session.step is Step.DEVICE
    assert [fault.code for fault in session.faults] == ["central_key_unknown"]


@pytest.mark.parametrize("step", [Step.TIME, Step.DEVICE, Step.EXCHANGE, Step.SNAPSHOT])
def test_a_dead_line_ends_a_contact_in_every_step(step: Step) -> None:
    assert after(Failed(DEAD_LINE), start=Session(step=step)).step is Step.END


@pytest.mark.parametrize("step", [Step.TIME, Step.DEVICE, Step.EXCHANGE, Step.SNAPSHOT])
def test_a_busy_central_ends_a_contact_and_is_given_its_time(step: Step) -> None:
    session = after(Failed(BUSY), start=Session(step=step))

    assert (session.step, session.retry_after_s) == (Step.END, 30)


def test_a_refused_exchange_does_not_keep_a_snapshot_away() -> None:
    assert after(Failed(REFUSED), start=Session(step=Step.EXCHANGE)).step is Step.SNAPSHOT


def test_a_refused_snapshot_is_not_asked_for_again_in_the_same_contact() -> None:
    session = after(
        Failed(REFUSED),
        Receipted(have=9, held=9, snapshot_seq=99, sent=4),
        start=Session(step=Step.SNAPSHOT),
    )

    assert session.step is Step.END


def test_a_revoked_device_erases_then_sends_its_facts_and_fetches_nothing() -> None:
    session = after(TimeAnswered(), DeviceAnswered(is_revoked=True))
    assert session.step is Step.ERASE

    session = after(Erased(), start=replace(session, snapshot_seq=8))
    assert (session.step, session.snapshot_seq) == (Step.EXCHANGE, 0)

    session = after(Receipted(have=3, held=3, snapshot_seq=99, sent=4), start=session)
    assert session.step is Step.END
    assert [fault.code for fault in session.faults] == ["sync_revoked"]


def test_a_quarantined_device_sends_its_facts_and_fetches_nothing() -> None:
    session = after(TimeAnswered(), DeviceAnswered(is_quarantined=True))
    assert session.step is Step.EXCHANGE

    session = after(Receipted(have=3, held=3, snapshot_seq=99, sent=4), start=session)
    assert session.step is Step.END
    assert [fault.code for fault in session.faults] == ["sync_quarantined"]


def test_what_cannot_follow_is_a_mistake_of_the_driver() -> None:
    with pytest.raises(ProtocolMisuseError, match="Erased during time"):
        advance(Session(), Erased())
