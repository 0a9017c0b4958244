"""What gates call: time, enrolment, snapshots down, facts up.

Law: thin. Every route but nonce, time, health and enrolment asks for `Proven`, so that it cannot be reached without a
signature (a test walks all routes). Handlers run in threads; each does one transaction.

Source: docs/sync-protocol.md.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.di import Provide
from litestar.params import FromPath, JSONBody, QueryParameter, RawBody
from litestar.response import File, Stream

from scanner.core.errors import InputError
from server_stub.api.injected import Proven, TheCentral, TheNonces, TheNotices
from server_stub.api.request_proof import build_message, verify_request
from server_stub.central import Central
from server_stub.gates.devices import Device, describe, enrol
from server_stub.gates.intake import take_batch
from sync.wire import (
    CHALLENGE_PATTERN,
    REQUEST_BYTES,
    Batch,
    DeviceReply,
    DeviceState,
    EnrolReply,
    EnrolRequest,
    Exchange,
    NonceReply,
    TimeReply,
    time_statement,
    to_base64,
)

_CHALLENGE = re.compile(CHALLENGE_PATTERN)
_RANGE = re.compile(r"bytes=([0-9]{1,10})-")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")


def prove_device(
    request: Request[Any, Any, Any], body: RawBody, central: TheCentral, nonces: TheNonces
) -> Device:
    """The device behind a signed request."""
    scope = request.scope
    path = scope["raw_path"].split(b"?")[0]
    message = build_message(request.method, path, scope["query_string"], scope["headers"])
    return verify_request(central, nonces, message, body)


@get("/nonce", sync_to_thread=False, summary="A nonce for the first signed request")
def give_nonce(nonces: TheNonces) -> NonceReply:
    """Every other reply carries one, too."""
    return NonceReply(nonces.issue())


@get("/time", sync_to_thread=False, summary="The time, signed with the caller's challenge")
def give_time(
    central: TheCentral,
    challenge: Annotated[str, QueryParameter(name="nonce", pattern=f"^{CHALLENGE_PATTERN}$")],
) -> TimeReply:
    """Never signed by the caller: a gate whose clock is wrong needs this first."""
    if not _CHALLENGE.fullmatch(challenge):
        raise InputError(
            "challenge_bad", "the nonce to be signed is not 16 to 86 of A-Z a-z 0-9 _ -"
        )
    now, signer = central.clock.now_ms(), central.secrets.receipts
    signature = signer.sign(time_statement(now, challenge))
    return TimeReply(now=now, nonce=challenge, kid=signer.kid, signature=to_base64(signature))


@post("/enrol", sync_to_thread=True, status_code=200, summary="Become a gate of this site")
def take_enrolment(
    central: TheCentral, nonces: TheNonces, data: JSONBody[EnrolRequest]
) -> EnrolReply:
    """Signed by the new key over token and nonce."""
    nonces.verify(data.nonce)
    reply = enrol(central, data)
    nonces.use(data.nonce)
    return reply


@get("/device", sync_to_thread=True, summary="What the central thinks of this device")
def give_device(central: TheCentral, device: Proven) -> DeviceReply:
    """Also for a revoked one: so it learns to erase itself."""
    return describe(central, device)


@post("/scans", sync_to_thread=True, status_code=200, summary="Facts up, peers' facts down")
def take_scans(
    central: TheCentral, device: Proven, notices: TheNotices, data: JSONBody[Batch]
) -> Exchange:
    """Taken from every device that has a key, in whatever state."""
    exchange = take_batch(central, device, data)
    notices.stir()
    return exchange


@get("/notices", summary="A stream that says when there is something new (server-sent events)")
async def give_notices(notices: TheNotices, device: Proven) -> Stream:
    """Held open until the gate goes away."""
    _require_active(device)
    return Stream(notices.stream(device.device), media_type="text/event-stream")


@get("/repo/metadata/{name:str}", sync_to_thread=True, summary="A TUF metadata file")
def give_metadata(central: TheCentral, device: Proven, name: FromPath[str]) -> File:
    """`timestamp.json`, `N.root.json` ..."""
    return _file(central, device, "metadata", name)


@get("/repo/targets/{site:str}/{name:str}", sync_to_thread=True, summary="A TUF target file")
def give_target(
    request: Request[Any, Any, Any],
    central: TheCentral,
    device: Proven,
    site: FromPath[str],
    name: FromPath[str],
) -> File | Response[bytes]:
    """Under its name with the hash before it; from a byte on, if ``Range: bytes=N-`` asks for that."""
    whole = _file(central, device, "targets", site, name)
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    content = Path(whole.file_path).read_bytes() if asked else b""
    start = int(asked[1]) if asked else 0
    if not 0 < start < len(content):
        return whole
    place = f"bytes {start}-{len(content) - 1}/{len(content)}"
    return Response(
        content[start:],
        status_code=206,
        headers={"Content-Range": place},
        media_type="application/octet-stream",
    )


def build_gate_routes() -> Router:
    """The routes under ``/v1`` that gates call."""
    return Router(
        "/v1",
        route_handlers=[
            give_nonce,
            give_time,
            take_enrolment,
            give_device,
            take_scans,
            give_notices,
            give_metadata,
            give_target,
        ],
        dependencies={
            "device": Provide(prove_device, sync_to_thread=True),
        },
        request_max_body_size=REQUEST_BYTES,
        tags=["gates"],
    )


def _file(central: Central, device: Device, *names: str) -> File:
    _require_active(device)
    path = (central.folder.path / "repository").joinpath(*names)
    if not all(_FILE.fullmatch(name) for name in names) or not path.is_file():
        raise InputError("file_unknown", f"the repository has no file {'/'.join(names)[:200]!r}")
    return File(path, filename=names[-1], media_type="application/octet-stream")


def _require_active(device: Device) -> None:
    """Who is not active gets no snapshots; facts are taken from everybody who has a key."""
    if device.state is DeviceState.REVOKED:
        raise InputError(
            "device_revoked",
            "this device was revoked; it gets no snapshots",
            "erase it, and enrol it anew with `portillon-central device add`",
        )
    if device.state is not DeviceState.ACTIVE:
        raise InputError(
            "device_quarantined",
            "this device waits until a person has looked; it gets no snapshots",
            "see `portillon-central alert list`, then `device release` or `device revoke`",
        )
