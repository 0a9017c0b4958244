"""Letters of subscriptions: each notice handed to the mailer once, whatever dies in between (S46's written notice)."""

from __future__ import annotations

import email
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.core.errors import StoreError
from server_stub.reporting.listings import load_records
from server_stub.selling.mailer import FileMailer, Letter
from server_stub.subscribing.billing_run import run_billing
from server_stub.subscribing.notice_letters import post_notices
from server_stub.subscribing.subscriptions import end
from support.subscribers import BAD_LATER, Club, club

FAILED_ON = "2026-02-28T10:00"


@pytest.fixture
def friends(tmp_path: Path) -> Iterator[Club]:
    with club(tmp_path) as made:
        yield made


def letters(friends: Club) -> list[tuple[str, str, str]]:
    """To, subject and text of each, as a mail program takes them."""
    files = sorted(friends.central.folder.mail.glob("*.eml"))
    parsed = [email.message_from_bytes(file.read_bytes()) for file in files]
    return [(one["To"], one["Subject"], str(one.get_payload())) for one in parsed]


def sent(friends: Club) -> list[int | None]:
    with friends.central.database.read() as connection:
        return [row["sent_at"] for row in load_records(connection, "notices")]


def test_a_failed_payment_is_told_in_one_letter_however_often_it_is_billed(friends: Club) -> None:
    friends.join(BAD_LATER)
    friends.at(FAILED_ON)
    reports = [friends.bill().letters for _ in range(3)]
    ((to, subject, text),) = letters(friends)

    assert reports == [1, 0, 0]
    assert (to, subject) == ("a@b.org", "Friends: your payment failed")
    assert "2026-03-07" in text
    assert sent(friends) == [friends.clock.now]


class Dying(FileMailer):
    """A mailer whose process dies once: as the letter is written, or after it was noted as sent."""

    def __init__(self, folder: Path, *, in_writing: bool) -> None:
        super().__init__(folder)
        self._in_writing = in_writing

    def prepare(self, letter: Letter, name: str) -> None:
        super().prepare(letter, name)
        if self._in_writing:
            raise InterruptedError

    def hand_over(self, name: str) -> None:
        raise InterruptedError(name)


@pytest.mark.parametrize("in_writing", [True, False])
def test_a_run_that_dies_over_a_letter_neither_loses_nor_repeats_it(
    friends: Club, *, in_writing: bool
) -> None:
    friends.join(BAD_LATER)
    friends.at(FAILED_ON)
    dying = Dying(friends.central.folder.mail, in_writing=in_writing)
    with pytest.raises(InterruptedError):
        run_billing(friends.central, friends.providers, outbox=dying)
    assert (letters(friends), sent(friends) == [None]) == ([], in_writing)
    friends.bill()
    friends.bill()

    assert len(letters(friends)) == 1


def test_a_letter_that_a_mail_program_took_is_not_written_again(friends: Club) -> None:
    friends.join(BAD_LATER)
    friends.at(FAILED_ON)
    friends.bill()
    for file in friends.central.folder.mail.glob("*.eml"):
        file.unlink()
    friends.bill()

    assert letters(friends) == []


def test_a_customer_without_an_address_stays_on_the_list_for_staff(friends: Club) -> None:
    friends.join(BAD_LATER, email=None)
    friends.at(FAILED_ON)

    assert (friends.bill().letters, sent(friends)) == (0, [None])


def test_a_disk_that_takes_no_letter_stops_no_billing_and_the_next_run_sends_it(
    friends: Club,
) -> None:
    friends.join(BAD_LATER)
    friends.at(FAILED_ON)
    friends.central.folder.mail.write_bytes(b"a file where the folder should be")
    report = friends.bill()
    assert (report.declined, report.faults) == (1, {"mail_unsent": 1})
    friends.central.folder.mail.unlink()

    assert friends.bill().letters == 1
    with pytest.raises(StoreError):
        FileMailer(Path("/dev/null/nowhere")).send(Letter("a@b.org", "", ""))


def test_a_renewal_notice_that_was_never_sent_leaves_the_customer_free_to_go(
    friends: Club,
) -> None:
    """S46: what is only noted, because there is no address, was not told in writing."""
    friends.plan(name="Year", every="year", price_minor=12_000, needs_renewal_notice=True)
    told, untold = friends.join(plan="Year"), friends.join(plan="Year", email=None)
    friends.at("2026-11-15T10:00")
    friends.bill()
    friends.at("2027-01-31T10:00")
    friends.bill()

    assert [end(friends.central, who)[1] for who in (told, untold)] == [0, 12_000]
    assert post_notices(friends.central, FileMailer(friends.central.folder.mail)) == 0
    assert [subject for _to, subject, _text in letters(friends)] == [
        "Year: your subscription renews itself"
    ]
