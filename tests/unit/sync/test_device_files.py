"""The device's papers and its key: whole, private, or named as what is wrong."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scanner.core.errors import StoreError
from sync.device import Device, load_device, save_device
from sync.device_key import delete_key, load_or_create_signer, load_signer
from sync.durable import make_folder, save_atomically

DEVICE = Device(
    device="d1",
    site="museum",
    gate_no=3,
    peppers={"p1": "c2VjcmV0LXBlcHBlcg=="},
    central_keys={"k1": "A" * 43 + "=", "k2": "no base64", "k3": "AAAA"},
    central_url="https://central.example",
    root_version=1,
    root_sha256="ab" * 32,
    event_master="c2Vj" * 10 + "c2U=",
)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "device.json"

    save_device(path, DEVICE)

    assert load_device(path) == DEVICE
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["device.json"]


def test_before_enrolment_there_is_no_device(tmp_path: Path) -> None:
    assert load_device(tmp_path / "device.json") is None


def test_papers_behind_something_that_is_no_folder_are_not_to_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "data").touch()

    with pytest.raises(StoreError) as caught:
        load_device(tmp_path / "data" / "device.json")
    assert "mend gate.data_dir" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"device": 5}', b"\xff"])
def test_papers_that_cannot_be_read_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "device.json"
    path.write_bytes(content)

    with pytest.raises(StoreError) as caught:
        load_device(path)
    assert caught.value.code == "device_unreadable"


def test_a_printed_device_tells_no_pepper() -> None:
    assert "pepper" not in f"{DEVICE!r} {DEVICE}"
    assert "c2Vj" not in f"{[DEVICE]}"


@pytest.mark.parametrize("text", [None, "", "no base64", "AAAA"])
def test_an_event_master_that_is_none_proves_nothing(text: str | None) -> None:
    assert msgspec.structs.replace(DEVICE, event_master=text).master() is None


def test_central_keys_that_are_none_are_left_out() -> None:
    assert DEVICE.public_keys() == {"k1": bytes(32)}


def test_a_newer_softwares_papers_are_read_without_what_we_do_not_know(tmp_path: Path) -> None:
    path = tmp_path / "device.json"
    path.write_bytes(msgspec.json.encode(DEVICE)[:-1] + b', "later": [1]}')

    assert load_device(path) == DEVICE


def test_a_key_is_made_once_and_signs(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "device.key"

    signer = load_or_create_signer(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_create_signer(path).public_key == signer.public_key
    Ed25519PublicKey.from_public_bytes(signer.public_key).verify(signer.sign(b"m"), b"m")


def test_a_key_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "device.key"
    load_or_create_signer(path)
    path.chmod(0o604)

    with pytest.raises(StoreError) as caught:
        load_or_create_signer(path)
    assert caught.value.code == "device_key_exposed"


def test_a_credential_of_systemd_with_an_access_list_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "device.key"
    load_or_create_signer(path)
    path.chmod(0o440)

    assert load_signer(path).public_key


def test_what_is_no_ed25519_key_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "device.key"
    other = generate_private_key(SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"garbage", pem):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(StoreError) as caught:
            load_or_create_signer(path)
        assert caught.value.code == "device_key_unreadable"
        assert path.read_bytes() == content


def test_a_missing_key_and_a_folder_in_its_place_are_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        load_signer(tmp_path / "device.key")
    assert caught.value.code == "device_key_missing"

    with pytest.raises(StoreError) as caught:
        load_signer(tmp_path)
    assert caught.value.code == "device_key_unreadable"


def test_a_key_is_deleted_or_it_is_said_that_it_stays(tmp_path: Path) -> None:
    path = tmp_path / "device.key"
    load_or_create_signer(path)
    delete_key(path)
    assert not path.exists()

    with pytest.raises(StoreError) as caught:
        delete_key(path)
    assert caught.value.code == "device_key_stays"


def test_a_file_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    path = tmp_path / "target"
    (path / "full").mkdir(parents=True)

    with pytest.raises(StoreError) as caught:
        save_atomically(path, b"new")

    assert caught.value.code == "file_not_written"
    assert (path / "full").is_dir()


def test_the_leaving_of_a_crash_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".target.new").write_bytes(b"half")

    save_atomically(tmp_path / "target", b"whole")

    assert (tmp_path / "target").read_bytes() == b"whole"
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreError) as caught:
        make_folder(tmp_path / "file" / "below")
    assert caught.value.code == "folder_unusable"
