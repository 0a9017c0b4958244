"""What is believed about a snapshot: python-tuf over our own signed requests, judged by signed time.

Law: nothing leaves this module that the pinned root does not vouch for, through its delegated site role. Time comes
from the caller (`set_reference_time` is the one place where it enters python-tuf) and never from this device's clock.
What is refused changes nothing: the last verified state stays. Metadata and parts that were verified are kept, so a
dropped line goes on where it stopped.

Source: docs/sync-protocol.md, "Snapshot" and "Trust"; The Update Framework 1.0, 5 (client workflow).
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import TargetFile
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface
from tuf.ngclient.updater import Updater

from scanner.core.errors import CentralError, GateError
from sync.central_faults import OVERSIZE, RefusedError
from sync.client import CentralClient
from sync.delta import DELTA_WIRE_BYTES
from sync.durable import make_folder, write_fault
from sync.manifest import (
    BASE_BYTES,
    FORMAT,
    MANIFEST_BYTES,
    CentralKeys,
    Manifest,
    central_keys_target,
    manifest_target,
)
from sync.partial_file import SUFFIX, resumed
from sync.snapshot import PART_BYTES

METADATA_PATH = "/v1/repo/metadata/"
TARGETS_PATH = "/v1/repo/targets/"
KEYS_FILE = "central-keys.json"
"""Kept beside the parts in progress."""
_PART = re.compile(r"[0-9a-f]{64}\.base-[0-9]+-[0-9]+\.zst")
NOT_FOUND = 404
SECOND_MS = 1_000
YEAR_9999_MS = 253_370_764_800_000
"""The last year Python has a date for."""


class SignedFetcher(FetcherInterface):
    """Lets python-tuf fetch with the device's signed requests."""

    def __init__(self, client: CentralClient, partials: Path | None = None) -> None:
        self._client = client
        self._partials = partials
        self._limit_bytes = 0

    def download_file(self, url: str, max_length: int) -> Any:
        """As inherited; the limit also bounds how long the fetch may take."""
        self._limit_bytes = max_length
        return super().download_file(url, max_length)

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            yield from self._stream(url)
        except RefusedError as error:
            # python-tuf ends its walk over newer roots at the first that is not there
            if error.status == NOT_FOUND:
                raise DownloadHTTPError(error.message, NOT_FOUND) from error
            raise
        except CentralError as error:
            if error.code == OVERSIZE:
                raise DownloadLengthMismatchError(error.message) from error
            raise

    def _stream(self, url: str) -> Iterator[bytes]:
        """A part of a base goes on where an earlier line dropped; what is small begins anew."""
        name = url.rpartition("/")[2]
        if self._partials is None or not _PART.fullmatch(name):
            return self._client.stream(url, self._limit_bytes)
        limit = self._limit_bytes
        path = self._partials / (name + SUFFIX)
        return resumed(path, limit, lambda held: self._client.stream(url, limit, held))


def set_reference_time(updater: Updater, at_ms: int) -> None:
    """Let python-tuf judge expiry by ``at_ms`` instead of the system's clock.

    A contract test fails when python-tuf keeps its time elsewhere.
    """
    at = datetime.fromtimestamp(min(max(at_ms, 0), YEAR_9999_MS) // SECOND_MS, UTC)
    updater._trusted_set.reference_time = at  # noqa: SLF001  # no public way; see docs/sync.md


def verify_root(root: bytes, sha256: str) -> bytes:
    """The root that enrolment pinned.

    Raises:
        CentralError: ``root_not_pinned``.
    """
    if hashlib.sha256(root).hexdigest() != sha256.lower():
        raise CentralError(
            "root_not_pinned",
            f"the central's root is not the one pinned at enrolment ({sha256[:16]!r})",
            "this is not the central the enrolment code was made at; ask for a new code",
        )
    return root


class Repository:
    """The central's TUF repository as one site's gate may see it.

    Args:
        site: whose targets.
        root: the pinned root's bytes.
        metadata: folder of trusted metadata.
        parts: folder of downloads in progress.
        fetcher: how files come.
        at_ms: signed time, or the newest instant we know has passed.
    """

    def __init__(
        self,
        *,
        site: str,
        root: bytes,
        metadata: Path,
        parts: Path,
        fetcher: FetcherInterface,
        at_ms: int,
    ) -> None:
        self._site = site
        self._parts = make_folder(parts)
        with _faults_named():
            self._updater = Updater(
                str(make_folder(metadata)),
                METADATA_PATH,
                target_base_url=TARGETS_PATH,
                fetcher=fetcher,
                config=UpdaterConfig(),
                bootstrap=root,
            )
        set_reference_time(self._updater, at_ms)

    def fetch_manifest(self) -> Manifest:
        """The newest manifest of the site.

        Raises:
            CentralError: it cannot be had, or not be trusted.
        """
        raw = self._fetch_small(manifest_target(self._site))
        return _verify_manifest(_parse(Manifest, raw), self._site)

    def fetch_central_keys(self) -> CentralKeys:
        """The keys that sign receipts and time from now on; not fetched again while they are the same."""
        with _faults_named():
            target = self._find(central_keys_target(self._site), MANIFEST_BYTES)
            path = self._parts / KEYS_FILE
            if self._updater.find_cached_target(target, str(path)) is None:
                self._updater.download_target(target, str(path))
            return _parse(CentralKeys, path.read_bytes())

    def fetch_part(self, name: str) -> Path:
        """One verified part of a base; not fetched again if it is here already."""
        with _faults_named():
            target = self._find(name, PART_BYTES)
            path = self._parts / f"{target.hashes['sha256']}.zst"
            if self._updater.find_cached_target(target, str(path)) is None:
                self._updater.download_target(target, str(path))
            return path

    def fetch_delta(self, name: str) -> bytes:
        """One verified delta."""
        return self._fetch_small(name, DELTA_WIRE_BYTES)

    def part_bytes(self, name: str) -> int:
        """How long a part is, before it is fetched."""
        with _faults_named():
            return self._find(name, PART_BYTES).length

    def _fetch_small(self, name: str, limit_bytes: int = MANIFEST_BYTES) -> bytes:
        with _faults_named():
            target = self._find(name, limit_bytes)
            path = self._parts / "small"
            self._updater.download_target(target, str(path))
            raw = path.read_bytes()
            path.unlink()
            return raw

    def _find(self, name: str, limit_bytes: int) -> TargetFile:
        target = self._updater.get_targetinfo(name)
        if target is None:
            raise CentralError(
                "snapshot_not_published",
                f"the central has published no {name!r} yet; what is here stays in use",
                _PUBLISH,
            )
        if target.length > limit_bytes or "sha256" not in target.hashes:
            raise CentralError(
                "snapshot_oversize",
                f"{name!r} has {target.length} bytes, over {limit_bytes} bytes; it is not fetched",
                "the central runs another version, or its publisher was tampered with",
            )
        return target


def _verify_manifest(manifest: Manifest, site: str) -> Manifest:
    if manifest.site != site:
        raise CentralError(
            "snapshot_wrong_site",
            f"the snapshot is of site {manifest.site[:64]!r}, this gate belongs to {site!r}",
            "enrol the gate again if it has moved; otherwise look at the central's publisher",
        )
    if manifest.format != FORMAT:
        raise CentralError(
            "snapshot_format_unknown",
            f"the snapshot has format {manifest.format}, this gate reads {FORMAT}",
            "update the gates before the central publishes a new format",
        )
    if not 0 < manifest.base.bytes <= BASE_BYTES:
        raise CentralError(
            "snapshot_oversize",
            f"the base has {manifest.base.bytes} bytes, over {BASE_BYTES} bytes; it is not fetched",
            "the central runs another version, or its publisher was tampered with",
        )
    return manifest


Content = TypeVar("Content")


def _parse(kind: type[Content], raw: bytes) -> Content:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CentralError(
            "snapshot_file_unreadable",
            f"a signed {kind.__name__} cannot be read ({error}); the old state stays",
            "the central runs another version than this gate",
        ) from error


@contextlib.contextmanager
def _faults_named() -> Iterator[None]:
    """python-tuf's errors as ours; ours pass."""
    try:
        yield
    except GateError:
        raise
    except (RepositoryError, DownloadError) as error:
        raise _fault(error) from error
    except OSError as error:
        raise write_fault(error, "a download") from error


def _fault(error: Exception) -> CentralError:
    code = next(code for kind, code in _CODES.items() if isinstance(error, kind))
    what, hint = _WORDS[code]
    return CentralError(code, f"{what} ({error}); the old state stays", hint)


_ASK = "look at the central's publisher; if it is in order, somebody alters its answers"
_PUBLISH = "publish a snapshot at the central: portillon-central publish"
_CODES: dict[type[Exception], str] = {
    ExpiredMetadataError: "snapshot_expired",
    BadVersionNumberError: "snapshot_rolled_back",
    UnsignedMetadataError: "snapshot_signature_bad",
    LengthOrHashMismatchError: "snapshot_damaged",
    DownloadLengthMismatchError: "snapshot_oversize",
    DownloadHTTPError: "snapshot_not_published",
    Exception: "snapshot_untrusted",
}
_WORDS: dict[str, tuple[str, str]] = {
    "snapshot_expired": (
        "the snapshot's signatures have run out",
        "publish again; if the central did, somebody holds its new snapshots back",
    ),
    "snapshot_rolled_back": (
        "the central offers an older version than before",
        "versions never go back, not even after a restore: look at the central's publisher",
    ),
    "snapshot_signature_bad": ("a signature is missing or wrong", _ASK),
    "snapshot_damaged": (
        "a file is not the one that was signed",
        "the next contact fetches it again",
    ),
    "snapshot_oversize": ("a file is longer than was signed", _ASK),
    "snapshot_not_published": ("the central has no such file", _PUBLISH),
    "snapshot_untrusted": ("the snapshot is not trusted", _ASK),
}
