"""What every test stands on: the hypothesis profiles, the count of its examples and the long rounds of `make faults`.

Law: nothing here changes what a test may touch; a fixture that only one folder needs lives in that folder.
"""

from __future__ import annotations

import gc
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, Verbosity, settings

from support.databases import NewDatabase
from support.fault_table import Played, properties_of, write_table
from support.one_dialect import share_compiled_statements
from support.warm_workers import WarmWorkers

settings.register_profile("default", deadline=None, print_blob=True, max_examples=15)
settings.register_profile(
    "ci",
    deadline=None,
    print_blob=True,
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow],  # a shared machine may be slow, which is no fault
)
settings.register_profile("long", deadline=None, print_blob=True, max_examples=2_000)
settings.register_profile("debug", deadline=None, max_examples=20, verbosity=Verbosity.verbose)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default")
)

share_compiled_statements()

if TYPE_CHECKING:
    from support.postgres import Postgres


TESTS = Path(__file__).parent

COVERING = ("unit/core", "scenario")
"""The folders whose tests count as covering a branch of the rules: by name and on purpose, never by a property's luck.
Tracing the others would cost half of their time."""

FULL, TENTH = 100, 10

MEMORY = Path("/dev/shm")
ROOM_BYTES = 4_000_000_000
"""A whole run leaves half a gigabyte."""

EXAMPLES = "hypothesis_examples"
"""Under this name a test's report says how many examples it judged; so it reaches us from another worker too."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Workers begin warm. Folders of tests are in memory, where there is room: they are written and given up by the
    thousand, and what a disk takes is measured elsewhere. ``--basetemp DIR`` keeps them.
    """
    if hasattr(config, "workerinput"):
        return
    config.pluginmanager.register(WarmWorkers())
    if config.option.basetemp:
        return
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES:
        folder = tempfile.mkdtemp(prefix="portillon-", dir=MEMORY)
        config.option.basetemp = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After the shuffling: what takes long begins first."""
    items.sort(key=lambda item: item.get_closest_marker("early") is None)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: no search for garbage has to go through it again, and hypothesis watches each."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """A worker tells of a test that passed by its call alone: six messages for each took a tenth of all time."""
    trace_if_covering(item)
    if not hasattr(item.config, "workerinput"):
        return None
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        if report.when == "call" or not report.passed:
            item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def trace_if_covering(item: pytest.Item) -> None:
    """Trace the tests that are there to cover the rules, and no others. It is switched between folders only:
    pytest-cov's own marker, ``no_cover``, does so around each test, which takes 10 ms.
    """
    plugin = item.config.pluginmanager.getplugin("_cov")
    if plugin is None or plugin.cov_controller is None:
        return
    covers = any(item.path.is_relative_to(TESTS / folder) for folder in COVERING)
    if covers != plugin.cov_controller.started:
        (plugin.cov_controller.resume if covers else plugin.cov_controller.pause)()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a property's report how many examples it judged (passing and failing, not those thrown away), and to that
    of a fault what came of it.
    """
    report = yield
    statistics: str = getattr(item, "hypothesis_statistics", "")
    if call.when == "call" and statistics:
        judged = re.findall(r"(\d+) passing, (\d+) failing", statistics)
        report.user_properties.append((EXAMPLES, sum(int(a) + int(b) for a, b in judged)))
    report.user_properties += properties_of(item, report)
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """One line with the number of examples that hypothesis ran, over all tests and workers; the table of faults."""
    if config.getoption("--faults-table"):
        everything = [r for reports in terminalreporter.stats.values() for r in reports]
        write_table(
            (report for report in everything if isinstance(report, pytest.TestReport)),
            terminalreporter.write_line,
        )
    found = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == EXAMPLES
    ]
    if found:
        terminalreporter.write_line(f"hypothesis: {sum(found)} examples in {len(found)} tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--faults-rounds",
        type=int,
        default=20,
        help="how often the kill -9 tests kill the gate (make faults: 100)",
    )
    parser.addoption(
        "--faults-table", action="store_true", help="end with the table of faults (make faults)"
    )


@pytest.fixture(scope="session")
def faults_rounds(pytestconfig: pytest.Config) -> int:
    """How many times a test that kills processes at random places does so."""
    rounds: int = pytestconfig.getoption("--faults-rounds")
    return rounds


@pytest.fixture(scope="session")
def faults_share(faults_rounds: int) -> Callable[..., int]:
    """Of so many rounds in `make faults`, how many to play now: all of them there, a tenth (or so) in `make test`."""

    def share(full: int, part: int = TENTH) -> int:
        return full * faults_rounds // FULL if faults_rounds >= FULL else full // part

    return share


@pytest.fixture
def played() -> Played:
    """Where a test that is marked as a fault, and plays it more than once, counts for the table."""
    return Played()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL, started when the first test of a worker asks for it."""
    from support.postgres import running_postgres  # most tests need none of it

    with running_postgres() as server:
        yield server


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """What makes a test part of the conformance suite: the address of a fresh database, once of each kind.

    None = the SQLite file in the central's folder.
    """
    if request.param == "sqlite":
        return lambda: None
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_url
