"""Publishing many rights: how long, and how much memory, beside the same rows copied by the shortest honest Python.

Law: the real central and the real publisher, in a process of their own, so that its peak memory is its own
(`getrusage`); the rights are written into the database by SQL alone. The floor reads every right and every code with
plain sqlite3 and writes them into a file of the base's two big tables. No test asserts a time.

Use: `python benchmarks publish` (20,000 rights), `python benchmarks/publish_bench.py --grants 1000000`.

Source: docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from time import perf_counter

from children import child, environment
from figures import Figure, show

GRANTS = 20_000
FEW = 2_000
MEMORY_MUST_MB = 1_000
KIB = 1_024

FILL = (
    """
    INSERT INTO access_grant (grant_no, rule_no, type_no, valid_from, valid_until, is_denied, version)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {grants})
    SELECT i, 1, 1, begins, begins + 31536000000, 0, 1
    FROM (SELECT i, 1741611600000 + 1000 * (abs(random()) % 31536000) AS begins FROM n)
    """,
    """
    INSERT INTO credential (credential_no, kind, credential_id, claims, kid, state, issued_at)
    SELECT grant_no, 'signed', randomblob(16), '{{"type_no":1}}', '{kid}', 'active', 1741611600000
    FROM access_grant
    """,
    """
    INSERT INTO credential_key (key, pepper_id, credential_no)
    SELECT randomblob(16), '{pepper}', credential_no FROM credential
    """,
    """
    INSERT INTO credential_grant (credential_no, grant_no)
    SELECT credential_no, credential_no FROM credential
    """,
)
FLOOR = (
    "SELECT * FROM access_grant ORDER BY grant_no",
    "SELECT key, grant_no FROM credential_key JOIN credential_grant USING (credential_no) ORDER BY key",
)


def rows(grants: int = GRANTS) -> list[Figure]:
    """The figures of this file."""
    few, many = _measured(FEW), _measured(grants)
    of_floor = many["publish_s"] / many["floor_s"]
    told = f"{many['publish_s']:.1f} s / {many['floor_s']:.1f} s"
    grown = many["peak_mb"] - few["peak_mb"]
    return [
        Figure(None, f"publishing {grants:,} rights / copying their rows", of_floor, "x", None, None, told),
        Figure(None, f"peak memory of publishing {grants:,} rights", many["peak_mb"], "MB", MEMORY_MUST_MB, 300),
        Figure(None, f"memory that {grants - FEW:,} more rights take", grown, "MB", None, None,
               f"{few['peak_mb']:.0f} MB with {FEW:,}"),
    ]  # fmt: skip


def _measured(grants: int) -> dict[str, float]:
    """Both times and the peak, from a process that did nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        fill_central(Path(folder) / "central", grants)
        done = subprocess.run(
            child(__file__, "--publish", folder),
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        found: dict[str, float] = json.loads(done.stdout)
        return found | {"floor_s": _copied_s(Path(folder))}


def fill_central(path: Path, grants: int) -> None:
    """A central that never sold anything, with so many rights and signed codes in its database."""
    from server_stub.api.forms import TypeForm
    from server_stub.central import open_central
    from server_stub.founding import Founding, found_central
    from server_stub.selling.catalogue import add_type
    from server_stub.site import load_site
    from server_stub.system_clock import SystemClock

    clock = SystemClock()
    found_central(Founding(path=path, site="museum", zone="Europe/Paris"), clock)
    with open_central(path, clock) as central:
        with central.database.write() as connection:
            site = load_site(connection)
            add_type(connection, TypeForm(name="pass", validity="always"), site.calendar)
        kid = central.secrets.tickets.kid
    with closing(sqlite3.connect(path / "central.db")) as raw, raw:
        for statement in FILL:
            raw.execute(statement.format(grants=grants, kid=kid, pepper=site.pepper_id))


def _publish(folder: Path) -> None:
    """In the measured process."""
    from server_stub.central import open_central
    from server_stub.publishing.publisher import publish
    from server_stub.system_clock import SystemClock

    with open_central(folder / "central", SystemClock()) as central:
        began = perf_counter()
        publish(central)
        took = perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB
    print(json.dumps({"publish_s": took, "peak_mb": peak}))


def _copied_s(folder: Path) -> float:
    began = perf_counter()
    source = sqlite3.connect(folder / "central" / "central.db")
    target = sqlite3.connect(folder / "floor.db", isolation_level=None)
    with closing(source), closing(target):
        target.execute("PRAGMA journal_mode = OFF")
        target.execute("PRAGMA synchronous = OFF")
        target.execute("BEGIN")
        for number, statement in enumerate(FLOOR):
            found = source.execute(statement)
            names = [column[0] for column in found.description]
            target.execute(f"CREATE TABLE t{number} ({', '.join(names)})")
            marks = ", ".join("?" * len(names))
            target.executemany(f"INSERT INTO t{number} VALUES ({marks})", found)
        target.execute("COMMIT")
    return perf_counter() - began


def main() -> None:
    """Measure as many rights as asked, or be the measured process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--grants", type=int, default=GRANTS)
    parser.add_argument("--publish", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.publish is not None:
        _publish(asked.publish)
    else:
        show(rows(asked.grants))


if __name__ == "__main__":
    main()
