"""A letter of the central on a stick: receipts and other lanes' facts for one gate that has no network.

Law: believed by the central's signature, as a receipt is; stored in the order and place of what an exchange brings.
Facts are taken only where they lead on from what is known here: a hole would look like knowledge; receipts always are,
because a central that was restored asks with them for what it forgot. sync is the only writer of ``peers.db``: a
running one finds the letter in ``peers/`` and takes it, otherwise the command does, as sync.

Source: docs/sync.md, "Without a network"; docs/sync-protocol.md, "On a stick".
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from scanner.core.errors import CentralError, StoreError
from sync.bundle import known_vector
from sync.bundle_format import BUNDLE_BYTES, Bundle, BundleKind, LetterPart, open_bundle
from sync.cache import Cache
from sync.clock_proof import is_signed_by
from sync.contact import erase_site
from sync.device import Device, load_device
from sync.durable import save_atomically
from sync.outbox import Outbox
from sync.settings import SyncSettings
from sync.wire import DeviceState, PeerFact, Receipt

if TYPE_CHECKING:
    from sync.peers import Peers


class Letter(msgspec.Struct, frozen=True):
    """What became of a letter. ``have``: up to where our rows are receipted; None = no word of this ledger.

    ``is_waiting``: the running sync takes it at its next turn.
    """

    have: int | None = None
    facts: int = 0
    state: str = ""
    is_waiting: bool = False


WAITING = Letter(is_waiting=True)


def leave_letter(file: IO[bytes], settings: SyncSettings) -> None:
    """Put a letter where sync finds it; an older one there is replaced.

    Raises:
        StoreError: the disk.
    """
    save_atomically(settings.letter_path, file.read(BUNDLE_BYTES + 1))


def take_letter(settings: SyncSettings, peers: Peers) -> Letter | None:
    """Take in the letter that waits, once; None when there is none. Only for the one sync of this folder.

    Raises:
        InputError: it is no letter, or was cut off.
        CentralError: ``letter_not_ours``, ``letter_signature_bad``, ``letter_leaves_gap``, or a receipt that is none.
        StoreError: the disk; the letter waits on.
    """
    try:
        file = settings.letter_path.open("rb")
    except OSError:
        return None
    with file, _once(settings.letter_path), open_bundle(file, BundleKind.LETTER) as bundle:
        device = load_device(settings.device_path)
        if device is None:
            raise _not_ours("this device is not enrolled")
        return _take(bundle, device, settings, peers)


@contextlib.contextmanager
def _once(path: Path) -> Iterator[None]:
    """The file goes when it was used or refused, and stays when our own disk failed."""
    try:
        yield
    except StoreError:
        raise
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    path.unlink(missing_ok=True)


def _take(bundle: Bundle, device: Device, settings: SyncSettings, peers: Peers) -> Letter:
    _verify(bundle, device)
    if bundle.head.state == DeviceState.REVOKED:
        erase_site(settings, device, peers)
        return Letter(state=bundle.head.state)
    leads_on = _leads_on(bundle, settings, peers)
    have, facts = None, 0
    with Outbox.open(settings.ledger_path) or contextlib.nullcontext() as outbox:
        for part in bundle.messages(LetterPart):
            receipt = _verified(part.receipt, outbox, device)
            others = _of_others(part.facts, outbox) if leads_on else []
            peers.apply(receipt, part.rejected, others)
            have = have if receipt is None else receipt.have
            facts += len(others)
    if not leads_on:
        raise CentralError(
            "letter_leaves_gap",
            "the letter leads on from facts that are not here: its receipts were taken, its facts were not",
            "bring the central a new bundle (portillon bundle export), then its answer back here",
        )
    return Letter(have=have, facts=facts, state=bundle.head.state)


def _verify(bundle: Bundle, device: Device) -> None:
    head, seal = bundle.head, bundle.seal
    if (head.site, head.device) != (device.site, device.device):
        raise _not_ours(f"it is for a device of site {head.site[:64]!r}")
    if not is_signed_by(device.public_keys(), seal.kid, seal.signature, bundle.statement):
        raise CentralError(
            "letter_signature_bad",
            f"the letter has a bad signature by key {seal.kid[:16]!r}; nothing of it is used",
            "it was altered on its way, or its central is not ours: export a new bundle there",
        )


def _verified(receipt: Receipt | None, outbox: Outbox | None, device: Device) -> Receipt | None:
    """A receipt of an earlier ledger of ours says nothing of this one."""
    if receipt is None or outbox is None or receipt.epoch != outbox.epoch:
        return None
    return outbox.verify_receipt(receipt, device.public_keys())


def _of_others(facts: list[PeerFact], outbox: Outbox | None) -> list[PeerFact]:
    own = None if outbox is None else (outbox.device, outbox.epoch)
    return [one for one in facts if (one.device, one.epoch) != own]


def _leads_on(bundle: Bundle, settings: SyncSettings, peers: Peers) -> bool:
    """False when facts below those of the letter are not known here: lost, or forgotten by a restored central."""
    known = known_vector(Cache(settings.cache_dir).vector(), peers.vector())
    return all(seq <= known.get((name, epoch), 0) for name, epoch, seq in bundle.head.vector)


def _not_ours(why: str) -> CentralError:
    return CentralError(
        "letter_not_ours",
        f"the letter is not for this gate ({why}); nothing of it is used",
        "take the bundle of this gate's own central; was the gate enrolled again since?",
    )
