"""Whether the central pushes, as screens are told: connected, polling and why, since when, what was heard last."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from support.eventually import eventually
from support.fixed_clock import FixedClock
from support.scripted_server import Answer, Heard, ScriptedServer, reply
from sync.clock_proof import TimeProof
from sync.device import Device, save_device
from sync.device_key import load_or_create_signer
from sync.durable import save_atomically
from sync.notices import Listener
from sync.push_state import PushState, forget_push, load_push, save_push
from sync.settings import SyncSettings
from sync.wire import NonceReply

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
NEWS = b'event: snapshot\ndata: {"seq": 7}\n\n'


@pytest.fixture
def settings(tmp_path: Path) -> SyncSettings:
    folder = tmp_path / "data"
    key_path = folder / "device.key"
    return SyncSettings(data_dir=folder, runtime_dir=tmp_path / "run", key_path=key_path)


def introduce(settings: SyncSettings, url: str, clock: FixedClock) -> None:
    """A device that a central knows, with its signed time."""
    load_or_create_signer(settings.key_path)
    papers = {"device": "d1", "site": "museum", "gate_no": 1, "central_url": url}
    device = {"peppers": {}, "central_keys": {}, "root_version": 1, "root_sha256": ""}
    save_device(settings.device_path, msgspec.convert(papers | device, Device))
    proof = TimeProof(clock.boot_id(), clock.monotonic_ms(), clock.now_ms(), "k1")
    save_atomically(settings.time_path, msgspec.json.encode(proof))


def test_a_stream_is_told_from_its_beginning_to_its_end(settings: SyncSettings) -> None:
    clock, may_end, woken = FixedClock(), threading.Event(), threading.Event()
    began_ms = clock.now_ms()

    def pushed() -> Iterator[bytes]:
        yield HEAD
        assert woken.wait(30)
        clock.pass_ms(5_000)
        yield b"%x\r\n%b\r\n" % (len(NEWS), NEWS)
        assert may_end.wait(30)

    def script(heard: Heard) -> Answer:
        if heard.path == "/v1/notices":
            return pushed()
        return reply(msgspec.json.encode(NonceReply("nonce-" + "0" * 20)))

    def found() -> PushState:
        return load_push(settings.push_path) or PushState(is_connected=False, since_ms=0)

    with ScriptedServer(script) as central:
        introduce(settings, central.url, clock)
        with Listener(settings, clock, woken.set):
            assert eventually(lambda: found().told_at_ms is not None)
            assert woken.is_set()
            assert found() == PushState(
                is_connected=True,
                since_ms=began_ms,
                heard_at_ms=began_ms + 5_000,
                told_at_ms=began_ms + 5_000,
            )
            may_end.set()
            assert eventually(lambda: not found().is_connected)
            lost = found()
            assert (lost.since_ms, lost.told_at_ms) == (began_ms + 5_000, began_ms + 5_000)
            assert lost.code.startswith("central_")
    assert load_push(settings.push_path) is None, "nobody listens any more"


def test_what_cannot_be_written_or_read_is_not_known(tmp_path: Path) -> None:
    state = PushState(is_connected=True, since_ms=1)
    nowhere = tmp_path / "file" / "push.json"
    (tmp_path / "file").write_text("", encoding="ascii")
    save_push(nowhere, state)
    forget_push(nowhere)
    assert load_push(nowhere) is None
    broken = tmp_path / "push.json"
    broken.write_text('{"is_connected": 3}', encoding="ascii")
    assert load_push(broken) is None
    save_push(broken, state)
    assert load_push(broken) == state
