"""New keys in place of old ones: each rotation is one drill of docs/operations.md.

Law: nothing is cut off from what it trusts: what takes over is named by what is trusted already, before it signs alone.
A new root is signed by two of the old root keys and two of its own, is the next version, and is put in place only if
its own rules accept it. Metadata of the moment of change is signed by the old online keys and the new ones. New private
keys are on disk before anything names them; a crash in between leaves a drill that can be done again.

Source: docs/operations.md, "Keys"; docs/sync-protocol.md, "Trust"; the TUF specification, 1.0.33, section 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from securesystemslib.signer import CryptoSigner
from sqlalchemy import insert, select, update
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Metadata, Root

from scanner.core.errors import ConfigError, InputError
from server_stub.central import NEXT_RECEIPTS, RECEIPTS, Central
from server_stub.folder import ROOT_KEY_NUMBERS, Folder
from server_stub.publishing.keys import Signer, create_signer, load_signer
from server_stub.publishing.publisher import publish
from server_stub.publishing.repository import (
    ROOT_JSON,
    ROOT_THRESHOLD,
    Repository,
    expiry_of,
    key_path,
    load_root,
    save_file,
)
from server_stub.site import load_site
from server_stub.store import tables
from server_stub.store.changes import note_rights_changed

NAMED_BY_ROOT = ("timestamp", "snapshot", "targets")


class KeyStatus(msgspec.Struct, frozen=True):
    """One key: what it is for, its id, what it may do now, and until when its newest metadata is good."""

    role: str
    key: str
    state: str
    good_until: str = ""


def load_status(central: Central) -> list[KeyStatus]:
    """Every public key that gates are told of."""
    root = load_root(central.folder).signed
    until = f"{root.expires:%Y-%m-%d}"
    found = [KeyStatus("root", key, f"version {root.version}", until) for key in _ids(root, "root")]
    for role in NAMED_BY_ROOT:
        found += [KeyStatus(role, key, "active") for key in _ids(root, role)]
    site = CryptoSigner(load_signer(key_path(central.folder, "site")).private).public_key
    found.append(KeyStatus("site", site.keyid, "active"))
    for name, state in ((RECEIPTS, "active"), (NEXT_RECEIPTS, "announced")):
        if (path := central.folder.keys / name).exists():
            found.append(KeyStatus("receipts", load_signer(path).kid, state))
    with central.database.read() as connection:
        tickets = connection.execute(select(tables.ticket_key.c.kid, tables.ticket_key.c.state))
        found += [KeyStatus("tickets", row.kid, row.state) for row in tickets]
    return found


def _ids(root: Root, role: str) -> list[str]:
    return sorted(root.roles[role].keyids)


def rotate_root(central: Central, old: Sequence[Path], folder: Path) -> int:
    """Three new root keys, in ``folder``, in place of the three of now. Returns the new root's version.

    Raises:
        ConfigError: ``root_keys_too_few``, ``root_keys_exist``; nothing was changed.
    """
    signers = _load_root_keys(central, old)
    paths = [folder / f"root-{number}.pem" for number in ROOT_KEY_NUMBERS]
    if any(path.exists() for path in paths):
        raise ConfigError(
            "root_keys_exist",
            f"there are root keys in {str(folder)!r} already; nothing was changed",
            "name an empty folder for the new ones: a key is never written over another",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = [create_signer(path) for path in paths]

    def change(root: Root) -> None:
        for key in _ids(root, "root"):
            root.revoke_key(key, "root")
        for signer in fresh:
            root.add_key(CryptoSigner(signer.private).public_key, "root")

    return _save_root(central.folder, _next_root(central, change, [*signers, *fresh]))


def rotate_online(central: Central, role: str, old: Sequence[Path]) -> int:
    """A new key for a role that the root names. Returns the new root's version.

    Raises:
        ConfigError: ``root_keys_too_few``; nothing was changed.
    """
    signers = _load_root_keys(central, old)
    path = key_path(central.folder, role)
    beside = _begin(path)
    fresh = load_signer(beside)

    def change(root: Root) -> None:
        for key in _ids(root, role):
            root.revoke_key(key, role)
        root.add_key(CryptoSigner(fresh.private).public_key, role)

    root = _next_root(central, change, signers)
    repository = _repository(central, {role: fresh})
    with repository.turn():
        _republish(repository)
        version = _save_root(central.folder, root)
        beside.replace(path)
    return version


def rotate_site(central: Central) -> None:
    """A new key for the site's role: the top role names it, so no root key is needed."""
    path = key_path(central.folder, "site")
    beside = _begin(path)
    repository = _repository(central)
    with repository.turn():
        beside.replace(path)
        _republish(repository)


def announce_receipts(central: Central) -> str:
    """A next key for receipts and time, told to all gates before it signs anything. Returns its kid."""
    path = central.folder.keys / NEXT_RECEIPTS
    signer = load_signer(path) if path.exists() else create_signer(path)
    publish(central)
    return signer.kid


def switch_receipts(central: Central) -> str:
    """The announced key signs from now on, the old one is told to nobody any more. Returns the new kid.

    Raises:
        ConfigError: ``receipts_not_announced``; nothing was changed.
    """
    path = central.folder.keys / NEXT_RECEIPTS
    if not path.exists():
        raise ConfigError(
            "receipts_not_announced",
            "no next key for receipts was announced; nothing was changed",
            "first `portillon-central keys rotate-receipts`, and wait until every gate had contact",
        )
    path.replace(central.folder.keys / RECEIPTS)
    return load_signer(central.folder.keys / RECEIPTS).kid


def rotate_tickets(central: Central) -> str:
    """A new key for tickets that are made from now on; those of earlier keys stay good. Returns its kid."""
    path = central.folder.keys / "tickets.pem"
    beside = _begin(path)
    fresh = load_signer(beside)
    with central.database.write() as connection:
        known = select(tables.ticket_key.c.kid).where(tables.ticket_key.c.kid == fresh.kid)
        if connection.execute(known).first() is None:
            row = {"kid": fresh.kid, "public": fresh.public, "state": "active", "version": 1}
            now = central.clock.now_ms()
            connection.execute(insert(tables.ticket_key).values(created_at=now, **row))
            note_rights_changed(connection, ())
    # gates know it before the first ticket is signed with it
    publish(central)
    beside.replace(path)
    return fresh.kid


def revoke_tickets(central: Central, kid: str) -> None:
    """Make every ticket that a key signed worthless, for ever.

    Raises:
        InputError: ``ticket_key_unknown``, ``ticket_key_in_use``.
    """
    if load_signer(central.folder.keys / "tickets.pem").kid == kid:
        raise InputError(
            "ticket_key_in_use",
            f"key {kid!r} signs the tickets of now; nothing was changed",
            "first `portillon-central keys rotate-tickets`, then revoke the old one",
        )
    table = tables.ticket_key
    with central.database.write() as connection:
        revoked = {"state": "revoked", "version": table.c.version + 1}
        changed = connection.execute(update(table).where(table.c.kid == kid).values(**revoked))
        if not changed.rowcount:
            raise InputError(
                "ticket_key_unknown",
                f"no ticket key {kid[:32]!r} is known; nothing was changed",
                "see `portillon-central keys status`",
            )
        note_rights_changed(connection, ())
    publish(central)


def _repository(central: Central, incoming: Mapping[str, Signer] | None = None) -> Repository:
    with central.database.read() as connection:
        site = load_site(connection).name
    return Repository(central.folder, site, central.clock, incoming)


def _republish(repository: Repository) -> None:
    """What is visible, signed anew."""
    repository.publish(repository.current_targets(), repository.next_version())


def _begin(path: Path) -> Path:
    """The new key beside the old one; that of a drill which was cut short is taken up again."""
    beside = path.with_name(f"{path.stem}-new.pem")
    if not beside.exists():
        create_signer(beside)
    return beside


def _load_root_keys(central: Central, paths: Sequence[Path]) -> list[Signer]:
    """Enough of the root keys of now."""
    known = set(_ids(load_root(central.folder).signed, "root"))
    signers = {}
    for signer in (load_signer(path) for path in paths):
        keyid = CryptoSigner(signer.private).public_key.keyid
        if keyid in known:
            signers[keyid] = signer
    if len(signers) < ROOT_THRESHOLD:
        raise ConfigError(
            "root_keys_too_few",
            f"{len(signers)} of the files are root keys of now, {ROOT_THRESHOLD} are needed; nothing was changed",
            "bring two of the three root keys: --root-key A --root-key B; `keys status` lists their ids",
        )
    return list(signers.values())


def _next_root(
    central: Central, change: Callable[[Root], None], signers: Sequence[Signer]
) -> Metadata[Root]:
    """The root after this one, signed and checked by the rules of both."""
    now = load_root(central.folder)
    root = load_root(central.folder)
    change(root.signed)
    root.signed.version += 1
    root.signed.expires = expiry_of("root", central.clock.now_ms())
    root.signatures.clear()
    for signer in signers:
        root.sign(CryptoSigner(signer.private), append=True)
    for judge in (now, root):
        try:
            judge.signed.verify_delegate("root", root.signed_bytes, root.signatures)
        except UnsignedMetadataError as error:
            raise ConfigError(
                "root_keys_too_few", str(error), "bring two of the root keys"
            ) from error
    return root


def _save_root(folder: Folder, root: Metadata[Root]) -> int:
    version = root.signed.version
    save_file(folder.metadata / f"{version}.root.json", root.to_bytes(ROOT_JSON))
    return version
