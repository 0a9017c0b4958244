"""A central's repository without a network: its folder on a USB stick, or one file with that folder in it.

Law: names are looked up, never unpacked to paths; a file is read only as far as was signed. What is believed is decided
by `sync.trust`, exactly as over a network.

Source: docs/sync.md, "Without a network".
"""

from __future__ import annotations

import contextlib
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient.fetcher import FetcherInterface

from scanner.core.errors import InputError

CHUNK_BYTES = 64 * 1024
NAMES_MOST = 100_000
"""Files of one archive, at most."""
PREFIX = "/v1/repo/"
MARK = "metadata/timestamp.json"
"""Every repository has it."""
NOT_FOUND = 404

Opener = Callable[[str], IO[bytes] | None]


class StickFetcher(FetcherInterface):
    """Fetches from whatever opens names of the repository."""

    def __init__(self, open_name: Opener) -> None:
        self._open_name = open_name

    def open_file(self, name: str) -> IO[bytes] | None:
        """A file beside the metadata and targets; None when there is no such one."""
        return self._open_name(name)

    def _fetch(self, url: str) -> Iterator[bytes]:
        found = self._open_name(url.removeprefix(PREFIX))
        if found is None:
            raise DownloadHTTPError("the stick has no such file", NOT_FOUND)
        with found:
            while chunk := found.read(CHUNK_BYTES):
                yield chunk


@contextlib.contextmanager
def open_stick(path: Path) -> Iterator[StickFetcher]:
    """The repository in a folder, or in a ``.tar`` or ``.zip`` file.

    Raises:
        InputError: ``import_unreadable``.
    """
    with contextlib.ExitStack() as stack:
        try:
            open_name = _folder(path) if path.is_dir() else _archive(stack, path)
        except (OSError, tarfile.TarError, zipfile.BadZipFile) as error:
            raise _unreadable(path, str(error)) from error
        yield StickFetcher(open_name)


def _folder(path: Path) -> Opener:
    for root in (path, path / "repository"):
        if (root / MARK).is_file():
            return lambda name: _open_file(root / name)
    raise _unreadable(path, f"there is no {MARK} in it")


def _open_file(path: Path) -> IO[bytes] | None:
    return path.open("rb") if path.is_file() else None


def _archive(stack: contextlib.ExitStack, path: Path) -> Opener:
    if zipfile.is_zipfile(path):
        packed = stack.enter_context(zipfile.ZipFile(path))
        root = _root(path, packed.namelist())
        known = set(packed.namelist())
        return lambda name: packed.open(root + name) if root + name in known else None
    # not compressed: what is in it is, and a bomb would be unpacked before it is seen
    archive = stack.enter_context(tarfile.TarFile(path))
    members = {member.name: member for member in archive.getmembers() if member.isreg()}
    base = _root(path, list(members))
    return lambda name: (
        archive.extractfile(members[base + name]) if base + name in members else None
    )


def _root(path: Path, names: list[str]) -> str:
    """What stands before the repository's names."""
    roots = sorted((name.removesuffix(MARK) for name in names if name.endswith(MARK)), key=len)
    if not roots or len(names) > NAMES_MOST:
        raise _unreadable(path, f"{len(names)} files, and no {MARK} among them")
    return roots[0]


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        "import_unreadable",
        f"{path.name!r} is no central's repository ({why[:200]}); nothing was changed",
        "name the folder repository/ of the central, or a .tar or .zip of it",
    )
