"""`.ci/setup` on machines that lack something: what it says, what it calls, how it ends.

The machine is a folder of stand-ins for python3, id, apt-get and sudo in front of the real tools; each notes its call.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.checkout import PACKAGES, ROOT

TOOLS = (
    *("bash", "env", "dirname", "cat", "mktemp", "rm", "mkdir", "cp", "flock"),
    *("sha256sum", "sed", "sort", "tail", "find", "xargs", "chmod"),
)
APT_LINE = "apt-get update && apt-get install -y --no-install-recommends libzbar0"


@dataclass(frozen=True, slots=True)
class Machine:
    """A checkout and a PATH of its own."""

    checkout: Path
    tools: Path
    calls: Path

    def put(self, name: str, script: str) -> None:
        """A command that notes how it was called and then does what the script says."""
        file = self.tools / name
        file.write_text(
            f'#!/bin/sh\necho "{name} $*" >>"{self.calls}"\n{script}\n', encoding="utf-8"
        )
        file.chmod(0o755)

    def called(self, name: str) -> list[str]:
        """The arguments of each call."""
        lines = self.calls.read_text(encoding="utf-8").splitlines() if self.calls.exists() else []
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{name} ")]

    def set_up(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the script with nobody at the keyboard."""
        return subprocess.run(
            [str(self.tools / "bash"), str(self.checkout / ".ci/setup"), *words],
            env={"PATH": str(self.tools), "HOME": str(self.checkout)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A Debian without libzbar0, where nobody is root and there is no sudo."""
    checkout, tools = tmp_path / "checkout", tmp_path / "bin"
    (checkout / ".ci").mkdir(parents=True)
    tools.mkdir()
    shutil.copy(ROOT / ".ci/setup", checkout / ".ci")
    for package in PACKAGES:
        (checkout / package).mkdir()
    for name in ("pyproject.toml", "README.md", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, checkout)
    for name in TOOLS:
        (tools / name).symlink_to(
            shutil.which(name) or pytest.fail(f"{name} is not on this machine")
        )
    machine = Machine(checkout, tools, tmp_path / "calls")
    machine.put("python3", 'case "$1" in -) cat >/dev/null; echo libzbar0;; *) exit 1;; esac')
    machine.put("id", "echo 1000")
    machine.put("apt-get", "exit 0")
    return machine


def test_without_root_and_sudo_the_one_line_is_printed_and_nothing_is_called(
    machine: Machine,
) -> None:
    result = machine.set_up()

    assert result.returncode == 2
    assert f"    {APT_LINE}\n" in result.stderr
    assert machine.called("apt-get") == []


def test_what_tests_call_is_on_the_same_line_and_only_tests_ask_for_it(machine: Machine) -> None:
    machine.put("tmux", "exit 0")

    asked = [machine.set_up(*words).stderr for words in ((), ("oracle",), ("tests",))]

    assert [APT_LINE + " systemd strace iproute2\n" in said for said in asked] == [
        False,
        False,
        True,
    ]
    assert [APT_LINE + "\n" in said for said in asked] == [True, True, False]


def test_a_sudo_that_wants_a_password_is_not_asked_when_nobody_is_there(machine: Machine) -> None:
    machine.put("sudo", "exit 1")

    result = machine.set_up()

    assert result.returncode == 2
    assert APT_LINE in result.stderr
    assert machine.called("sudo") == ["-n true"]


def test_root_installs_what_is_missing_after_renewing_the_lists(machine: Machine) -> None:
    machine.put("id", "echo 0")

    result = machine.set_up()

    assert "setup: installing from Debian: libzbar0\n" in result.stdout
    assert machine.called("apt-get") == [
        "-q update",
        "-q -y install --no-install-recommends libzbar0",
    ]


def test_sudo_is_used_where_it_asks_nothing(machine: Machine) -> None:
    machine.put("sudo", '[ "$1" = -n ] || exec "$@"')

    result = machine.set_up()

    assert "setup: installing from Debian: libzbar0\n" in result.stdout
    assert machine.called("apt-get") == [
        "-q update",
        "-q -y install --no-install-recommends libzbar0",
    ]


def test_lists_that_cannot_be_renewed_are_used_as_they_are(machine: Machine) -> None:
    machine.put("id", "echo 0")
    machine.put("apt-get", '[ "$2" != update ] || { echo "no network" >&2; exit 100; }')

    result = machine.set_up()

    assert "no network" in result.stderr
    assert "going on with the old ones" in result.stdout
    assert len(machine.called("apt-get")) == 2


def test_a_failing_install_shows_why_and_the_line_to_type(machine: Machine) -> None:
    machine.put("id", "echo 0")
    machine.put("apt-get", '[ "$2" = update ] || { echo "E: disk full" >&2; exit 100; }')

    result = machine.set_up()

    assert result.returncode == 2
    assert "E: disk full" in result.stderr
    assert APT_LINE in result.stderr


def test_a_system_without_apt_is_told_what_it_lacks(machine: Machine) -> None:
    (machine.tools / "apt-get").unlink()

    result = machine.set_up()

    assert result.returncode == 2
    assert "please install what Debian calls: libzbar0" in result.stderr


@pytest.mark.parametrize("python", ["exit 1", None], ids=["too old", "missing"])
def test_a_python_that_cannot_carry_us_is_named(machine: Machine, python: str | None) -> None:
    if python is None:
        (machine.tools / "python3").unlink()
    else:
        machine.put("python3", python)

    result = machine.set_up()

    assert result.returncode == 2
    assert "'python3' is not a 64-bit Python 3.11 or newer" in result.stderr


def test_where_nothing_is_missing_apt_is_not_called(machine: Machine) -> None:
    machine.put("id", "echo 0")
    machine.put("python3", 'case "$1" in -) cat >/dev/null;; *) exit 1;; esac')

    result = machine.set_up()

    assert machine.called("apt-get") == []
    assert "making .venv/" in result.stdout


UV = """#!/bin/sh
echo "uv $*" >>"{calls}"
[ ! -e "$HOME/no-uv" ] || {{ echo "uv lost its way" >&2; exit 1; }}
env | sed -n 's/^\\(UV_\\|SSL_\\)/told &/p'
"""


@pytest.fixture
def ready(machine: Machine) -> Machine:
    """A machine with every package, whose stand-ins of python and uv accept everything."""
    (machine.checkout / "uv").write_text(UV.format(calls=machine.calls), encoding="utf-8")
    machine.put(
        "python3",
        """
        fetch() { [ ! -e "$HOME/no-network" ] || { echo "no route" >&2; exit 1; }; }
        case "$*" in
          -) cat >/dev/null ;;
          "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
          *"pip config list"*) [ ! -e "$HOME/pip.told" ] || cat "$HOME/pip.told" ;;
          *"pip install "*uv.lock) fetch; cp "$HOME/uv" .venv/bin/uv; chmod 755 .venv/bin/uv ;;
          *"pip install "*) fetch ;;
          *"hatchling build"*) mkdir -p .venv/dist && : >.venv/dist/portillon-0.whl ;;
        esac""",
    )
    return machine


STEPS = {
    "python3 -m venv": "environment",
    "python3 -m pip install --require-hashes --only-binary :all: -r": "uv",
    "uv pip install --python .venv --require-hashes": "locks",
    "python3 -m pip install --quiet --require-hashes": "locks by pip",
    "python3 -m hatchling": "wheel",
}
ALL = ["environment", "uv", "locks", "wheel"]


def steps(machine: Machine) -> list[str]:
    """The long steps that were taken since the last look."""
    calls = machine.calls.read_text(encoding="utf-8").splitlines()
    machine.calls.unlink()
    return [name for call in calls for text, name in STEPS.items() if call.startswith(text)]


def test_the_first_call_makes_the_environment_and_puts_the_wheel_in(ready: Machine) -> None:
    assert ready.set_up().returncode == 0
    assert steps(ready) == ALL


def test_a_second_call_does_and_says_nothing(ready: Machine) -> None:
    ready.set_up()
    steps(ready)

    result = ready.set_up()

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert steps(ready) == []


@pytest.mark.parametrize(
    "change", ["scanner/lane.py", "server_stub/migrations/first.sql", "pyproject.toml"]
)
def test_a_changed_source_is_put_in_anew_and_nothing_else(ready: Machine, change: str) -> None:
    ready.set_up()
    steps(ready)
    (ready.checkout / change).parent.mkdir(exist_ok=True)
    (ready.checkout / change).write_text("changed", encoding="utf-8")

    assert ready.set_up().returncode == 0
    assert steps(ready) == ["wheel"]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_changed_lock_makes_the_environment_anew(ready: Machine, lock: str) -> None:
    ready.set_up()
    steps(ready)
    (ready.checkout / lock).write_text("changed==1", encoding="utf-8")

    assert ready.set_up().returncode == 0
    assert steps(ready) == ALL


def test_a_set_up_that_was_cut_off_goes_on_at_the_next_call(ready: Machine) -> None:
    (ready.checkout / "no-network").touch()
    cut_off = ready.set_up()
    steps(ready)
    (ready.checkout / "no-network").unlink()

    assert cut_off.returncode == 2
    assert "no route" in cut_off.stderr
    assert "is the network there?" in cut_off.stderr
    assert ready.set_up().returncode == 0
    assert steps(ready) == ALL


def test_uv_is_told_what_pip_was_told_about_this_machine(ready: Machine) -> None:
    told = """\
:env:.cert='/certs/ours.pem'
global.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'
global.index-url='https://mirror.example/simple'
global.find-links='/wheels\\n/more'
:env:.default-timeout='180'
"""
    (ready.checkout / "pip.told").write_text(told, encoding="utf-8")

    said = ready.set_up().stdout

    assert {line.partition("told ")[2] for line in said.splitlines() if "told " in line} == {
        "SSL_CERT_FILE=/certs/ours.pem",
        "UV_INDEX=https://one.example/simple https://two.example/simple",
        "UV_DEFAULT_INDEX=https://mirror.example/simple",
        "UV_FIND_LINKS=/wheels,/more",
        "UV_HTTP_TIMEOUT=180",
        "UV_INDEX_STRATEGY=unsafe-best-match",
    }


def test_where_uv_finds_no_way_pip_is_asked(ready: Machine) -> None:
    (ready.checkout / "no-uv").touch()

    result = ready.set_up()

    assert steps(ready) == ["environment", "uv", "locks", "locks by pip", "wheel"]
    assert "uv lost its way" in result.stdout
    assert "setup: uv could not (see above); now pip tries\n" in result.stdout
