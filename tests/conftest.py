"""What every test stands on: the hypothesis profiles and the long rounds of `make faults`.

Law: nothing here changes what a test may touch; a fixture that only one folder needs lives in that folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Verbosity, settings

from support.databases import NewDatabase

settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile(
    "ci",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],  # a shared machine may be slow, which is no fault
)
settings.register_profile("long", deadline=None, print_blob=True, max_examples=2_000)
settings.register_profile("debug", deadline=None, max_examples=20, verbosity=Verbosity.verbose)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default")
)

if TYPE_CHECKING:
    from support.postgres import Postgres


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--faults-rounds",
        type=int,
        default=20,
        help="how often the kill -9 tests kill the gate (make faults: 100)",
    )


@pytest.fixture(scope="session")
def faults_rounds(pytestconfig: pytest.Config) -> int:
    """How many times a test that kills processes at random places does so."""
    rounds: int = pytestconfig.getoption("--faults-rounds")
    return rounds


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL, started when the first test of a worker asks for it."""
    from support.postgres import running_postgres  # most tests need none of it

    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """What makes a test part of the conformance suite: the address of a fresh database, once of each kind.

    None = the SQLite file in the central's folder.
    """
    if request.param == "sqlite":
        return lambda: None
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_url
