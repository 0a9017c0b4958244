"""Where sync keeps its files, whom it talks to and how long it waits.

Law: values only. The layout of the data folder is written down here once for the network side.

Source: docs/sync.md, "Files".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings:
    """All that sync needs to know before its first contact.

    ``central_url`` empty = the address learned at enrolment. ``ca_file``: certificates to trust instead of the
    bundled ones. ``total_timeout_s`` bounds one message, whatever trickles in; what is sent, and what
    comes, gets more time in proportion to its size. ``max_shrink``: the share of its grants that a new snapshot may
    lack without a person's yes.
    """

    data_dir: Path
    runtime_dir: Path
    key_path: Path
    central_url: str = ""
    poll_s: float = 30.0
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 15.0
    total_timeout_s: float = 60.0
    ca_file: Path | None = None
    software: str = "portillon"
    max_shrink: float = 0.5

    @property
    def ledger_path(self) -> Path:
        """The gate's facts; sync only reads them."""
        return self.data_dir / "ledger" / "ledger.db"

    @property
    def cache_dir(self) -> Path:
        """Bases, the pointer to the current one, the device's papers and the trusted metadata."""
        return self.data_dir / "cache"

    @property
    def device_path(self) -> Path:
        """Who this device is; written at enrolment."""
        return self.cache_dir / "device.json"

    @property
    def time_path(self) -> Path:
        """The newest time the central signed for us."""
        return self.cache_dir / "time.json"

    @property
    def tuf_dir(self) -> Path:
        """Trusted metadata."""
        return self.cache_dir / "tuf"

    @property
    def root_path(self) -> Path:
        """The root that enrolment pinned."""
        return self.tuf_dir / "pinned-root.json"

    @property
    def parts_dir(self) -> Path:
        """Downloads in progress."""
        return self.cache_dir / "parts"

    @property
    def hold_path(self) -> Path:
        """What waits for a person's yes."""
        return self.cache_dir / "held.json"

    @property
    def peers_dir(self) -> Path:
        """Receipts, cursors and other lanes' facts."""
        return self.data_dir / "peers"

    @property
    def peers_path(self) -> Path:
        """Their database."""
        return self.peers_dir / "peers.db"

    @property
    def letter_path(self) -> Path:
        """A letter of the central that came on a stick and waits for sync."""
        return self.peers_dir / "letter.bundle"

    @property
    def status_path(self) -> Path:
        """How the last contact went, for screens."""
        return self.peers_dir / "status.json"

    @property
    def push_path(self) -> Path:
        """Whether the central pushes, for screens."""
        return self.runtime_dir / "push.json"

    @property
    def invitation_path(self) -> Path:
        """An enrolment code that the gate's camera read."""
        return self.runtime_dir / "enrol"
