"""What anybody may ask of the central over real sockets, what only a device may, and every way to cheat."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from server_stub.gates.devices import add_device, revoke_device
from server_stub.publishing.publisher import publish
from support.central_site import sell_annual
from support.databases import NewDatabase
from support.gate_facts import entry
from support.loopback_site import LoopbackSite, code_of, loopback_site
from support.signed_caller import Caller
from sync.wire import NONCE_HEADER, REQUEST_BYTES


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> Iterator[LoopbackSite]:
    with loopback_site(tmp_path_factory.mktemp("site"), new_database()) as made:
        sell_annual(made.central)
        publish(made.central)
        yield made


@pytest.fixture
def site(tmp_path: Path, new_database: NewDatabase) -> Iterator[LoopbackSite]:
    with loopback_site(tmp_path, new_database()) as made:
        yield made


def test_time_is_signed_with_the_callers_challenge_by_the_key_told_at_enrolment(
    shared: LoopbackSite,
) -> None:
    caller = Caller(shared.url)
    papers = caller.enrol(shared.token()).json()
    reply = requests.get(
        f"{shared.url}/v1/time", params={"nonce": "challenge-0123456789"}, timeout=10
    ).json()
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(papers["central_keys"][reply["kid"]]))

    key.verify(
        base64.b64decode(reply["signature"]),
        f"portillon-time-1\n{shared.clock.now}\nchallenge-0123456789".encode(),
    )


@pytest.mark.parametrize("challenge", ["short", "line\nbreak-0123456789", "x" * 87, ""])
def test_nothing_but_a_plain_challenge_is_signed(shared: LoopbackSite, challenge: str) -> None:
    response = requests.get(f"{shared.url}/v1/time", params={"nonce": challenge}, timeout=10)

    assert response.status_code == 422


def test_enrolment_gives_all_that_makes_a_gate(shared: LoopbackSite) -> None:
    caller = Caller(shared.url)
    device, text = add_device(shared.central, "G2")
    papers = caller.enrol(text.token).json()
    root = caller.call("GET", f"/v1/repo/metadata/{text.root_version}.root.json").content

    assert (papers["device"], papers["site"], papers["gate_no"]) == (device, "museum", 2)
    assert len(papers["peppers"]) == 1
    assert base64.b64decode(papers["event_master"]) == shared.central.secrets.event_master
    assert hashlib.sha256(root).hexdigest() == text.root_sha256 == papers["root_sha256"]


def test_a_lost_reply_to_an_enrolment_may_be_asked_for_again_with_the_same_key(
    shared: LoopbackSite,
) -> None:
    caller, token = Caller(shared.url), shared.token()

    assert caller.enrol(token).json() == caller.enrol(token).json()


def test_a_token_is_good_for_one_key(shared: LoopbackSite) -> None:
    token = shared.token()
    Caller(shared.url).enrol(token)

    assert code_of(Caller(shared.url).enrol(token)) == (403, "enrolment_token")


def test_a_token_is_good_for_15_minutes(site: LoopbackSite) -> None:
    token = site.token()
    site.clock.now += 15 * 60 * 1_000

    assert code_of(Caller(site.url).enrol(token)) == (403, "enrolment_token")


def test_a_guessed_token_is_refused(shared: LoopbackSite) -> None:
    assert code_of(Caller(shared.url).enrol("a" * 26)) == (403, "enrolment_token")


def test_an_enrolment_must_be_signed_by_the_key_it_brings(shared: LoopbackSite) -> None:
    response = Caller(shared.url).enrol(shared.token(), public_key=Caller(shared.url).public)

    assert code_of(response) == (403, "enrolment_signature")


def test_a_key_cannot_enrol_as_a_second_device(shared: LoopbackSite) -> None:
    caller = shared.device()

    assert code_of(caller.enrol(shared.token())) == (409, "device_key_taken")


def test_a_device_revoked_before_it_enrolled_cannot_enrol(site: LoopbackSite) -> None:
    device, text = add_device(site.central, "G1")
    with site.central.database.write() as connection:
        revoke_device(connection, device, site.clock.now_ms())

    assert code_of(Caller(site.url).enrol(text.token)) == (403, "enrolment_token")


def test_every_reply_brings_a_nonce_even_of_what_does_not_exist(shared: LoopbackSite) -> None:
    nonces = {
        requests.get(shared.url + path, timeout=10).headers[NONCE_HEADER]
        for path in ("/v1/health", "/v1/nothing", "/v1/device", "/v1/nonce")
    }

    assert len(nonces) == 4


def test_a_nonce_of_any_reply_signs_the_next_request(shared: LoopbackSite) -> None:
    caller = shared.device()
    refused = requests.get(f"{shared.url}/v1/device", timeout=10)

    assert code_of(refused) == (401, "signature_refused")
    assert caller.call("GET", "/v1/device", nonce=refused.headers[NONCE_HEADER]).ok


@pytest.mark.parametrize(
    "path", ["/v1/device", "/v1/repo/metadata/timestamp.json", "/v1/repo/targets/museum/x"]
)
def test_nothing_is_told_to_whom_has_not_signed(shared: LoopbackSite, path: str) -> None:
    assert code_of(requests.get(shared.url + path, timeout=10)) == (401, "signature_refused")


@pytest.mark.fault("attack: a replayed request")
def test_a_recorded_request_is_worth_nothing(shared: LoopbackSite) -> None:
    caller = shared.device()
    request = caller.prepare("GET", "/v1/device")

    assert caller.send(request).status_code == 200
    assert code_of(caller.send(request)) == (401, "nonce_refused")


def test_a_nonce_dies_after_five_minutes(site: LoopbackSite) -> None:
    caller = site.device()
    request = caller.prepare("GET", "/v1/device")
    site.clock.pass_ms(300_000)

    assert code_of(caller.send(request)) == (401, "nonce_refused")


@pytest.mark.parametrize("nonce", ["", "made-up", "A" * 48, "\u00fc"])
def test_a_nonce_that_is_not_ours_is_refused(shared: LoopbackSite, nonce: str) -> None:
    caller = shared.device()
    try:
        response = caller.call("GET", "/v1/device", nonce=nonce)
    except (UnicodeError, ValueError):  # not even the library signs it
        return

    assert response.status_code == 401


@pytest.mark.fault("attack: another device's key")
def test_another_devices_key_does_not_sign_for_this_one(shared: LoopbackSite) -> None:
    one, other = shared.device(), shared.device("G2")

    response = other.call("GET", "/v1/device", key_id=one.device)

    assert code_of(response) == (401, "signature_refused")


@pytest.mark.fault("attack: an altered request")
def test_an_altered_body_is_refused(shared: LoopbackSite) -> None:
    caller = shared.device()
    caller.record(entry())
    request = caller.prepare("POST", "/v1/scans", caller.batch())
    assert isinstance(request.body, bytes)
    request.body = request.body.replace(b"charged", b"chargeD")

    assert code_of(caller.send(request)) == (401, "signature_refused")


@pytest.mark.fault("attack: an altered request")
def test_an_altered_path_or_query_is_refused(shared: LoopbackSite) -> None:
    caller = shared.device()
    request = caller.prepare("GET", "/v1/repo/metadata/timestamp.json")
    request.url = f"{shared.url}/v1/repo/metadata/1.root.json"
    with_query = caller.prepare("GET", "/v1/device")
    with_query.url = f"{shared.url}/v1/device?x=1"

    assert code_of(caller.send(request)) == (401, "signature_refused")
    assert code_of(caller.send(with_query)) == (401, "signature_refused")


@pytest.mark.parametrize("left_out", ["@method", "@path", "@query", "content-digest"])
def test_a_signature_must_cover_everything(shared: LoopbackSite, left_out: str) -> None:
    caller = shared.device()
    covered = tuple(
        name for name in ("@method", "@path", "@query", "content-digest") if name != left_out
    )

    response = caller.call("GET", "/v1/device", components=covered)

    assert code_of(response) == (401, "signature_refused")


def test_a_signature_made_for_another_purpose_is_refused(shared: LoopbackSite) -> None:
    caller = shared.device()

    assert code_of(caller.call("GET", "/v1/device", tag="other")) == (401, "signature_refused")


@pytest.mark.fault("attack: an endless message")
def test_a_body_over_the_limit_is_refused_unread(shared: LoopbackSite) -> None:
    response = requests.post(
        f"{shared.url}/v1/scans",
        data=b" " * (REQUEST_BYTES + 1),
        headers={"Content-Type": "application/json"},
        timeout=20,
    )

    assert code_of(response) == (413, "body_too_long")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"{" * 10_000, b'{"epoch": 3}'])
def test_a_body_that_is_no_batch_is_refused_with_a_reason(
    shared: LoopbackSite, body: bytes
) -> None:
    caller = shared.device()
    response = caller.call("POST", "/v1/scans", body)

    assert response.status_code in {400, 422}
    assert response.json()["code"]


def test_the_repository_gives_its_files_and_no_others(shared: LoopbackSite) -> None:
    caller = shared.device()

    assert caller.call("GET", "/v1/repo/metadata/timestamp.json").json()["signed"]["version"]
    for path in (
        "/v1/repo/metadata/..%2f..%2fadmin-token",
        "/v1/repo/metadata/.timestamp.json.new",
        "/v1/repo/targets/..%2f..%2fkeys/seal.key",
        "/v1/repo/targets/../keys",
        "/v1/repo/metadata/none.json",
    ):
        assert caller.call("GET", path).status_code in {401, 404}, path
