"""Requests over a real loopback socket: what is sent, and what becomes of every kind of answer."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from scanner.core.errors import CentralError, ConfigError
from support.fixed_clock import FixedClock
from support.scripted_server import Answer, Heard, ScriptedServer, reply
from sync.central_faults import LineError, RefusedError
from sync.client import CentralClient, Identity, parse_central_url
from sync.device_key import FileSigner
from sync.settings import SyncSettings
from sync.wire import NONCE_HEADER, NonceReply

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
IDENTITY = Identity("d1", FileSigner(KEY))


class Pong(msgspec.Struct):
    text: str


def settings(tmp: Path = Path("/nowhere"), **changes: float) -> SyncSettings:
    times = {"connect_timeout_s": 2.0, "read_timeout_s": 2.0, "total_timeout_s": 5.0}
    return SyncSettings(
        data_dir=tmp,
        runtime_dir=tmp,
        key_path=tmp / "key",
        **{**times, **changes},  # type: ignore[arg-type]
    )


def client(server: ScriptedServer, **changes: float) -> CentralClient:
    return CentralClient(server.url, settings(**changes), FixedClock(), IDENTITY)


Script = Callable[[Heard], Answer]


def answering(answer: Answer) -> Script:
    """Gives nonces, and one answer to everything else."""

    def script(heard: Heard) -> Answer:
        if heard.path == "/v1/nonce":
            return reply(msgspec.json.encode(NonceReply("nonce-00")))
        return answer

    return script


def fault_of(script: Script, **changes: float) -> CentralError:
    with (
        ScriptedServer(script) as server,
        client(server, **changes) as line,
        pytest.raises(CentralError) as caught,
    ):
        line.call("GET", "/v1/thing", Pong)
    return caught.value


PONG = reply(b'{"text": "yes"}')


def test_a_message_is_sent_signed_and_its_answer_read() -> None:
    with ScriptedServer(answering(PONG)) as server, client(server) as line:
        assert line.call("POST", "/v1/thing?a=1", Pong, b'{"x": 1}') == Pong("yes")

    asked, sent = server.heard
    assert (asked.path, "signature" in asked.headers) == ("/v1/nonce", False)
    assert (sent.method, sent.path, sent.body) == ("POST", "/v1/thing?a=1", b'{"x": 1}')
    verify_signature(sent)


def verify_signature(sent: Heard) -> None:
    """Rebuild RFC 9421's signature base by hand, and verify it with the bare key."""
    label, _, parameters = sent.headers["signature-input"].partition("=")
    digest = base64.b64encode(hashlib.sha256(sent.body).digest()).decode()
    path, _, query = sent.path.partition("?")
    lines = [
        f'"@method": {sent.method}',
        f'"@path": {path}',
        f'"@query": ?{query}',
        f'"content-digest": sha-256=:{digest}:',
        f'"@signature-params": {parameters}',
    ]
    assert parameters.startswith('("@method" "@path" "@query" "content-digest");')
    for one in ('keyid="d1"', 'nonce="nonce-00"', 'alg="ed25519"', 'tag="portillon"', "created="):
        assert one in parameters
    signature = re.fullmatch(rf"{label}=:(.+):", sent.headers["signature"])
    assert signature
    public = Ed25519PublicKey.from_public_bytes(IDENTITY.signer.public_key)
    public.verify(base64.b64decode(signature[1]), "\n".join(lines).encode())


def test_a_request_without_a_body_signs_the_empty_body() -> None:
    with ScriptedServer(answering(PONG)) as server, client(server) as line:
        line.call("GET", "/v1/thing", Pong)

    verify_signature(server.heard[-1])


def test_every_answer_brings_the_nonce_of_the_next_request() -> None:
    count = iter(range(1, 99))

    def script(_heard: Heard) -> Answer:
        return reply(b'{"text": "", "nonce": "n-0"}', headers={NONCE_HEADER: f"n-{next(count)}"})

    with ScriptedServer(script) as server, client(server) as line:
        line.call("GET", "/v1/a", Pong)
        line.call("GET", "/v1/b", Pong)

    assert [heard.path for heard in server.heard] == ["/v1/nonce", "/v1/a", "/v1/b"]
    assert 'nonce="n-0"' in server.heard[1].headers["signature-input"]
    assert 'nonce="n-2"' in server.heard[2].headers["signature-input"]


def stale_once(fresh: dict[str, str]) -> Script:
    answers: Iterator[bytes] = iter(
        [
            reply(msgspec.json.encode(NonceReply("old-nonce-00000"))),
            reply(b'{"code": "nonce_stale", "message": "m"}', status="401 No", headers=fresh),
            reply(b'{"text": "second"}'),
        ]
    )
    return lambda _heard: next(answers, b"")


def test_a_refused_nonce_is_answered_once_by_signing_again() -> None:
    script = stale_once({NONCE_HEADER: "fresh-nonce"})

    with ScriptedServer(script) as server, client(server) as line:
        assert line.call("GET", "/v1/thing", Pong) == Pong("second")

    assert 'nonce="fresh-nonce"' in server.heard[2].headers["signature-input"]


def test_a_401_without_a_fresh_nonce_is_the_answer() -> None:
    with (
        ScriptedServer(stale_once({})) as server,
        client(server) as line,
        pytest.raises(RefusedError) as caught,
    ):
        line.call("GET", "/v1/thing", Pong)

    assert (caught.value.code, caught.value.status) == ("nonce_stale", 401)


def test_two_refused_nonces_are_the_answer() -> None:
    unauthorised = reply(
        b'{"code": "device_unknown", "message": "who?", "hint": "enrol"}',
        status="401 No",
        headers={NONCE_HEADER: "n-again"},
    )
    with (
        ScriptedServer(answering(unauthorised)) as server,
        client(server) as line,
        pytest.raises(RefusedError) as caught,
    ):
        line.call("GET", "/v1/thing", Pong)

    assert (caught.value.code, caught.value.hint) == ("device_unknown", "enrol")
    assert [heard.path for heard in server.heard] == ["/v1/nonce", "/v1/thing", "/v1/thing"]


HTML = b"<html>Welcome to the hotel</html>"


@pytest.mark.fault("attack: a wrong type of content")
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply(HTML, kind="text/html; charset=utf-8"), "captive_portal"),
        (reply(HTML, kind="text/html", status="403 Forbidden"), "captive_portal"),
        (reply(status="302 Found", headers={"Location": "http://portal/"}), "captive_portal"),
        (reply(status="304 Not Modified"), "captive_portal"),
        (reply(status="511 Network Authentication Required"), "captive_portal"),
        (reply(b"pong", kind="text/plain"), "central_content_type"),
        (reply(b"{}", kind=""), "central_content_type"),
        (reply(b'{"text": 5}'), "central_reply_unreadable"),
        (reply(b'{"text": "ye'), "central_reply_unreadable"),
        (reply(b"[" * 100_000), "central_reply_unreadable"),
        (reply(b"\xff\xfe"), "central_reply_unreadable"),
        (reply(HTML, kind="text/html", status="502 Bad Gateway"), "central_busy"),
        (reply(status="500 Oops"), "central_busy"),
        (reply(b'{"code": "fork", "message": "m"}', status="409 Conflict"), "fork"),
        (reply(b'{"code": "B AD;", "message": "m"}', status="409 C"), "central_refuses"),
        (reply(b"no json", status="404 Not Found"), "central_refuses"),
        (reply(b"x" * 70_000, status="400 Bad"), "central_refuses"),
        ([reply(b'{"text": "cut', length=500)], "central_cut_off"),
        (b"", "central_cut_off"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "central_cut_off"),
        (reply(b"", length=10**15), "central_oversize"),
        (reply(b"", length=int("9" * 60)), "central_oversize"),
    ],
)
def test_every_bad_answer_has_its_name(answer: Answer, code: str) -> None:
    assert fault_of(answering(answer)).code == code


@pytest.mark.fault("attack: an endless message")
def test_an_endless_answer_is_cut_at_the_limit() -> None:
    def endless() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
        while True:
            yield b" " * 65_536

    with (
        ScriptedServer(answering(endless())) as server,
        client(server) as line,
        pytest.raises(CentralError) as caught,
    ):
        line.call("GET", "/v1/thing", Pong, limit_bytes=1_000_000)

    assert caught.value.code == "central_oversize"


@pytest.mark.fault("attack: a zip bomb")
def test_a_compressed_answer_is_never_unpacked() -> None:
    bomb = reply(b"\x1f\x8b" + bytes(50), headers={"Content-Encoding": "gzip"})

    assert fault_of(answering(bomb)).code == "central_reply_unreadable"


def test_a_silent_peer_is_given_up_after_the_read_timeout() -> None:
    with ScriptedServer(lambda _heard: b"") as server:
        server.script = lambda _heard: iter_after(server, 30)
        with client(server, read_timeout_s=0.2) as line, pytest.raises(LineError) as caught:
            line.fetch_nonce()

    assert caught.value.code == "central_timeout"


def iter_after(server: ScriptedServer, seconds: float) -> Iterator[bytes]:
    server.wait(seconds)
    yield b""


@pytest.mark.fault("attack: an endless message")
def test_a_peer_that_trickles_is_given_up_at_the_deadline_even_in_the_headers() -> None:
    def trickle(server: ScriptedServer) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nX-Long: "
        for _ in range(1_000):
            server.wait(0.02)
            yield b"x"

    with ScriptedServer(lambda _heard: b"") as server:
        server.script = lambda _heard: trickle(server)
        with client(server, total_timeout_s=0.3) as line, pytest.raises(LineError) as caught:
            line.fetch_nonce()

    assert caught.value.code == "central_timeout"


def test_a_port_where_nothing_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    line = CentralClient(f"http://127.0.0.1:{port}", settings(), FixedClock(), IDENTITY)

    with pytest.raises(LineError) as caught:
        line.fetch_nonce()

    assert caught.value.code == "central_refused"
    assert str(port) in caught.value.message


@pytest.mark.fault("line: the name is gone")
def test_a_name_that_does_not_resolve_is_named() -> None:
    line = CentralClient("https://central.invalid", settings(), FixedClock(), IDENTITY)

    with pytest.raises(LineError) as caught:
        line.fetch_nonce()

    assert caught.value.code == "central_name_unknown"


def test_retry_after_reaches_the_caller() -> None:
    fault = fault_of(answering(reply(status="503 Busy", headers={"Retry-After": "17"})))

    assert isinstance(fault, RefusedError)
    assert (fault.code, fault.retry_after_s) == ("central_busy", 17)


def test_foreign_words_reach_a_log_short_and_on_one_line() -> None:
    words = msgspec.json.encode({"code": "odd_code", "message": "a\nb\x1b[31m" + "c" * 9_999})

    fault = fault_of(answering(reply(words, status="400 Bad")))

    assert fault.message.startswith("a b [31mccc")
    assert len(fault.message) == 500


def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")

    with ScriptedServer(answering(PONG)) as server, client(server) as line:
        assert line.call("GET", "/v1/thing", Pong) == Pong("yes")


def test_a_cookie_is_never_sent_back() -> None:
    crumbs = reply(b'{"text": "yes"}', headers={"Set-Cookie": "track=1; Path=/"})

    with ScriptedServer(answering(crumbs)) as server, client(server) as line:
        line.call("GET", "/v1/a", Pong)
        line.call("GET", "/v1/b", Pong)

    assert all("cookie" not in heard.headers for heard in server.heard)


def test_a_file_streams_up_to_its_limit() -> None:
    blob = reply(b"z" * 100_000, kind="application/octet-stream")

    with ScriptedServer(answering(blob)) as server, client(server) as line:
        assert b"".join(line.stream("/v1/tuf/x", 100_000)) == b"z" * 100_000
        with pytest.raises(CentralError) as caught:
            list(line.stream("/v1/tuf/x", 99_999))
        assert caught.value.code == "central_oversize"
        # the connection that was cut short does not spoil the next request
        assert len(b"".join(line.stream("/v1/tuf/x", 100_000))) == 100_000


def test_without_a_nonce_nothing_is_signed() -> None:
    with (
        ScriptedServer(lambda _heard: reply(b'{"nonce": "\\u0000"}')) as server,
        client(server) as line,
        pytest.raises(LineError) as caught,
    ):
        line.call("GET", "/v1/thing", Pong)

    assert caught.value.code == "central_nonce_missing"


def test_nothing_can_be_signed_before_enrolment() -> None:
    with ScriptedServer(answering(PONG)) as server:
        line = CentralClient(server.url, settings(), FixedClock())
        with line, pytest.raises(RuntimeError, match="before enrolment"):
            line.call("GET", "/v1/thing", Pong)


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("https://central.example", "https://central.example"),
        ("https://central.example:8443/club/ ", "https://central.example:8443/club"),
        ("http://localhost:8377", "http://localhost:8377"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://[::1]:8377/", "http://[::1]:8377"),
    ],
)
def test_an_address_of_a_central_is_read(url: str, parsed: str) -> None:
    assert parse_central_url(url) == parsed


@pytest.mark.parametrize(
    "url",
    [
        "http://central.example",
        "http://10.0.0.1",
        "http://127.0.0.1.example",
        "ftp://central.example",
        "central.example",
        "",
        "https://",
        "https://me:secret@central.example",
        "https://central.example/?a=1",
        "https://central.example/#x",
        "https://central.example:99999",
        "https://[::1",
    ],
)
def test_an_address_that_would_leak_or_lead_nowhere_is_refused(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_central_url(url)

    assert caught.value.code == "central_url_bad"
    assert "secret" not in str(caught.value)
