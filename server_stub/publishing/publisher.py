"""Publishing: the state of this moment in a signed repository, as a delta where that is enough and as a base.

Law: one publication at a time; its sequence is higher than every one before it, also after a restored backup. What is
published is one consistent view of the database. A crash at any point leaves the previous publication whole. A sale
costs what a sale changes: only a base is written in whole.

Source: docs/sync-protocol.md, "Snapshot" and "Deltas"; docs/central.md, "Publishing".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import msgspec
from sqlalchemy import Connection, delete, func, insert, select
from tuf.api.metadata import TargetFile

from scanner.core.grants import SnapshotMark
from scanner.core.units import Instant, SnapshotSeq
from server_stub.central import Central, load_central_keys
from server_stub.gates.tallies import Ledger, load_offsets, load_vector
from server_stub.publishing.base_file import Watch, build_base, unwatched
from server_stub.publishing.base_parts import cut_base
from server_stub.publishing.changed_rows import Moment, changed_rows, folded_by
from server_stub.publishing.delta_file import (
    MadeDelta,
    few_changes,
    goes_back,
    is_overdue,
    kept_deltas,
    make_delta,
    move_mirror,
    needs_base,
)
from server_stub.publishing.mirror import MIRROR_FILE, drop_mirror, open_mirror, replace_mirror
from server_stub.publishing.repository import Repository
from server_stub.publishing.visible import Visible, load_visible
from server_stub.site import Site, load_site
from server_stub.store import tables
from server_stub.store.changes import forget_changed_grants, load_changed_grants, load_rights_count
from sync.base_diff import differences
from sync.delta import ROWS_MOST, Change, digest_text
from sync.delta_rows import load_meta, save_meta, state_digest
from sync.manifest import (
    FORMAT,
    BaseFile,
    CentralKeys,
    DeltaFile,
    Manifest,
    central_keys_target,
    manifest_target,
)

COMPRESSION_LEVEL = 6
CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What was published. ``wire_bytes``: of the base; ``delta_rows`` None = gates take the base.

    ``is_whole``: everything was built and compared. ``is_base_due``: the way from the base has become long, so it is to
    be renewed (`base_renewal`).
    """

    seq: SnapshotSeq
    created_at: int
    grants: int
    base_bytes: int
    wire_bytes: int
    rights_count: int
    delta_rows: int | None = None
    delta_bytes: int = 0
    is_whole: bool = False
    is_base_due: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Now:
    """What is to be published: one view of the database."""

    site: Site
    mark: SnapshotMark
    rights_count: int
    vector: Mapping[Ledger, int]


@dataclass(frozen=True, slots=True)
class _Made:
    """What a publication consists of."""

    base: BaseFile
    deltas: Sequence[DeltaFile]
    targets: Mapping[str, TargetFile]
    grants: int
    delta: MadeDelta | None


def publish(central: Central, watch: Watch = unwatched) -> Publication:
    """Makes the state of now the one that gates fetch; ``watch`` hears how many rows are written, of how many."""
    with central.database.read() as connection:
        site = load_site(connection)
    repository = Repository(central.folder, site.name, central.clock)
    with repository.turn():
        made = _Publisher(central, repository, watch).publish()
        repository.sweep()
    return made


def load_newest_seq(connection: Connection) -> int:
    """The sequence of the newest publication; 0 = none yet."""
    return connection.execute(select(func.max(tables.publication.c.snapshot_seq))).scalar() or 0


class _Publisher:
    """One publication. ``fresh`` is a base under construction, the mirror what gates have."""

    def __init__(self, central: Central, repository: Repository, watch: Watch) -> None:
        self._central = central
        self._repository = repository
        self._watch = watch
        self._fresh = central.folder.path / "publishing.db"
        self._mirror = central.folder.path / MIRROR_FILE

    def publish(self) -> Publication:
        # what a killed publisher left
        drop_mirror(self._fresh)
        try:
            return self._publish()
        finally:
            drop_mirror(self._fresh)

    def _publish(self) -> Publication:
        with self._central.database.read() as connection:
            now = self._load_now(connection)
            before = self._load_before(connection, now.site)
            seq = 0 if before is None else before.manifest.seq
            with open_mirror(self._mirror, seq, now.site) as mirror:
                if before is not None and mirror is not None:
                    changes = self._look(connection, mirror, before, now)
                    if changes is not None:
                        return self._publish_changes(mirror, before, now, changes)
            self._build(connection, now)
        return self._publish_built(before, now)

    def _load_now(self, connection: Connection) -> _Now:
        seq = max(self._repository.next_version(), load_newest_seq(connection) + 1)
        mark = SnapshotMark(seq=SnapshotSeq(seq), created_at=self._central.clock.now_ms())
        return _Now(
            site=load_site(connection),
            mark=mark,
            rights_count=load_rights_count(connection),
            vector=load_vector(connection),
        )

    def _load_before(self, connection: Connection, site: Site) -> Visible | None:
        """What is visible, if it is what the database knows as its newest."""
        found = load_visible(self._repository, site.name)
        if found is None or found.manifest.pepper_id != site.pepper_id:
            return None
        return found if found.manifest.seq == load_newest_seq(connection) else None

    # --- a delta of what was touched

    def _look(
        self, connection: Connection, mirror: sqlite3.Connection, before: Visible, now: _Now
    ) -> list[Change] | None:
        """The changes since the mirror; None when only comparing everything finds them, or a base is cheaper."""
        published = _load_published_count(connection, before.manifest.seq)
        grants = load_changed_grants(connection, published, ROWS_MOST)
        offsets = load_offsets(connection)
        made_at = Instant(int(load_meta(mirror)["created_at"]))
        calendar = now.site.calendar
        is_same_day = calendar.business_date(made_at) == calendar.business_date(now.mark.created_at)
        held = {(d, b): o for d, b, o in mirror.execute("SELECT * FROM clock_offset")}
        if grants is None or not is_same_day or held != offsets:
            return None
        moment = Moment(
            site=now.site,
            mark=now.mark,
            vector=now.vector,
            offsets=offsets,
            folded=folded_by(mirror),
            grants=frozenset(grants),
        )
        found = few_changes(changed_rows(connection, mirror, moment), before.manifest.base.rows)
        return None if found is None or goes_back(found, mirror) else found

    def _publish_changes(
        self, mirror: sqlite3.Connection, before: Visible, now: _Now, changes: list[Change]
    ) -> Publication:
        mirror.execute("BEGIN IMMEDIATE")
        move_mirror(mirror, changes, now.mark)
        delta = make_delta(before.manifest, mirror, changes)
        if delta is not None and not is_overdue(before.manifest, delta.entry):
            made = self._add_delta(before, mirror, delta)
            publication = self._show(made, now)
            mirror.execute("COMMIT")
            return replace(publication, is_base_due=needs_base(before.manifest, delta.entry))
        mirror.execute("COMMIT")
        mirror.execute("VACUUM INTO ?", (str(self._fresh),))
        made = self._add_base(before, now, delta)
        return self._show(made, now)

    # --- a base of everything

    def _build(self, connection: Connection, now: _Now) -> None:
        build_base(connection, self._fresh, now.site, now.mark, now.vector, self._watch)
        with closing(sqlite3.connect(self._fresh, isolation_level=None)) as base:
            base.execute("PRAGMA synchronous = OFF")
            save_meta(base, digest=digest_text(state_digest(base)))

    def _publish_built(self, before: Visible | None, now: _Now) -> Publication:
        delta = None if before is None else self._compare(before, now)
        if before is None or delta is None or needs_base(before.manifest, delta.entry):
            made = self._add_base(before, now, delta)
        else:
            with closing(sqlite3.connect(self._fresh)) as fresh:
                made = self._add_delta(before, fresh, delta)
        publication = replace(self._show(made, now), is_whole=True)
        replace_mirror(self._mirror, self._fresh)
        return publication

    def _compare(self, before: Visible, now: _Now) -> MadeDelta | None:
        """The delta between the mirror and what was built."""
        with open_mirror(self._mirror, before.manifest.seq, now.site) as mirror:
            if mirror is None:
                return None
            found = few_changes(differences(self._mirror, self._fresh), before.manifest.base.rows)
            if found is None or goes_back(found, mirror):
                return None
            with closing(sqlite3.connect(self._fresh)) as fresh:
                return make_delta(before.manifest, fresh, found)

    # --- both

    def _add_delta(self, before: Visible, state: sqlite3.Connection, delta: MadeDelta) -> _Made:
        manifest = before.manifest
        entries = [*manifest.deltas, delta.entry]
        kept = kept_deltas(entries, manifest.base_seq, manifest.base.rows)
        targets = before.carried([*manifest.base.parts, *(one.target for one in kept)])
        targets[delta.entry.target] = self._repository.add_target(delta.entry.target, delta.content)
        base = msgspec.structs.replace(
            manifest.base, seq=manifest.base_seq, created_at=manifest.base_created_at
        )
        return _Made(base, kept, targets, int(load_meta(state)["grants"]), delta)

    def _add_base(self, before: Visible | None, now: _Now, delta: MadeDelta | None) -> _Made:
        base, targets = cut_base(self._fresh, now.site.name, self._repository.add_target)
        kept: list[DeltaFile] = []
        if before is not None and delta is not None:
            entries = [*before.manifest.deltas, delta.entry]
            kept = kept_deltas(entries, base.seq, base.rows)
            targets |= before.carried([one.target for one in kept])
            targets[delta.entry.target] = self._repository.add_target(
                delta.entry.target, delta.content
            )
        return _Made(base, kept, targets, base.rows, delta)

    def _show(self, made: _Made, now: _Now) -> Publication:
        """Makes it visible, then writes down that it is."""
        targets = dict(made.targets)
        targets |= _add_documents(self._central, self._repository, now, made)
        self._repository.publish(targets, now.mark.seq)
        publication = Publication(
            seq=now.mark.seq,
            created_at=now.mark.created_at,
            grants=made.grants,
            base_bytes=made.base.bytes,
            wire_bytes=sum(made.targets[part].length for part in made.base.parts),
            rights_count=now.rights_count,
            delta_rows=None if made.delta is None else made.delta.entry.rows,
            delta_bytes=0 if made.delta is None else len(made.delta.content),
        )
        _record(self._central, publication, made.base, now.vector)
        return publication


def _load_published_count(connection: Connection, seq: int) -> int:
    publication = tables.publication
    found = select(publication.c.rights_count).where(publication.c.snapshot_seq == seq)
    return int(connection.execute(found).scalar_one())


def _add_documents(
    central: Central, repository: Repository, now: _Now, made: _Made
) -> dict[str, TargetFile]:
    name = now.site.name
    manifest = Manifest(
        format=FORMAT,
        site=name,
        seq=now.mark.seq,
        created_at=now.mark.created_at,
        pepper_id=now.site.pepper_id,
        base=made.base,
        rows=made.grants,
        deltas=list(made.deltas),
    )
    documents: Mapping[str, msgspec.Struct] = {
        manifest_target(name): manifest,
        central_keys_target(name): CentralKeys(load_central_keys(central)),
    }
    return {
        target: repository.add_target(target, msgspec.json.encode(document))
        for target, document in documents.items()
    }


def _record(
    central: Central, made: Publication, base: BaseFile, vector: Mapping[Ledger, int]
) -> None:
    with central.database.write() as connection:
        connection.execute(
            insert(tables.publication).values(
                snapshot_seq=made.seq,
                created_at=made.created_at,
                rights_count=made.rights_count,
                grants=made.grants,
                base_bytes=made.base_bytes,
                sha256=base.sha256,
            )
        )
        rows = [
            {"snapshot_seq": made.seq, "device": device, "epoch": epoch, "seq": seq}
            for (device, epoch), seq in vector.items()
        ]
        if rows:
            connection.execute(insert(tables.publication_vector), rows)
        _forget_vectors(connection, base.sha256)
        forget_changed_grants(connection, made.rights_count)


def _forget_vectors(connection: Connection, sha256: str) -> None:
    """Those of publications upon neither this base nor the one before it: what counts by them is in both."""
    publication, vector = tables.publication.c, tables.publication_vector
    newest_first = select(publication.snapshot_seq, publication.sha256).order_by(
        publication.snapshot_seq.desc()
    )
    before = connection.execute(newest_first.where(publication.sha256 != sha256).limit(1)).first()
    if before is None:
        return
    in_use = (sha256, before.sha256)
    last = connection.execute(
        newest_first.where(publication.sha256.not_in(in_use)).limit(1)
    ).first()
    if last is not None:
        connection.execute(delete(vector).where(vector.c.snapshot_seq <= last.snapshot_seq))
